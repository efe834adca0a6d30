import { after, before, test } from 'node:test';
import { OddGateway } from './odd/gateway.ts';

let gateway: OddGateway;

before(async () => {
  gateway = await OddGateway.start(2);
});

after(() => gateway?.stop());

test('a thread that is blocked for long is ended and replaced while the other serves', () =>
  gateway.isReplacedAfter('block-10', 'silent'));

test('a thread that leaks ends for want of memory, and the process does not', () =>
  gateway.isReplacedAfter('leak', 'memory'));

test('an unhandled rejection ends one thread, which is replaced', () => gateway.isReplacedAfter('reject', 'exception'));

test('the ledger holds each answered request once, whatever became of the threads', () => gateway.recordedEachOnce());
