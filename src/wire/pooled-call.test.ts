import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallCarrier, PooledCall } from './pooled-call.ts';
import type { UpstreamEvents } from './upstream-call.ts';
import type { OutgoingRequest } from './write-head.ts';

/** Notes what it is given; `takes`: whether it takes more at once. */
class Carrier implements CallCarrier {
  readonly log: string[] = [];
  takes = true;

  write(pieces: readonly Buffer[]): boolean {
    this.log.push(...pieces.map((piece) => piece.toString()));
    return this.takes;
  }

  finish(): void {
    this.log.push('finish');
  }

  resume(): void {
    this.log.push('resume');
  }
}

function callOf() {
  const told: string[] = [];
  const events = { drained: () => told.push('drained') } as unknown as UpstreamEvents;
  const request = { method: 'PUT', framing: { kind: 'length', bytes: 2 } } as OutgoingRequest;
  const call = new PooledCall<string, Carrier>(request, events, { address: '192.0.2.1' }, () => told.push('aborted'));
  return { call, told, carrier: new Carrier() };
}

const piece = (text: string): readonly Buffer[] => [Buffer.from(text)];

test('what is written before something carries the call goes out with its beginning, in order, and then more is asked for', () => {
  const { call, carrier, told } = callOf();
  assert.equal(call.write(piece('a')), false);
  assert.equal(call.write(piece('b')), false);
  call.begin(carrier);
  assert.deepEqual([carrier.log, told], [['a', 'b'], ['drained']]);
  assert.equal(call.write(piece('c')), true);
  call.finish();
  call.resume();
  assert.deepEqual(carrier.log, ['a', 'b', 'c', 'finish', 'resume']);
});

test('a body that was whole before is finished at once, and more is not asked for', () => {
  const { call, carrier, told } = callOf();
  call.write(piece('a'));
  call.finish();
  call.begin(carrier);
  assert.deepEqual([carrier.log, told], [['a', 'finish'], []]);
});

test('nobody is told to go on where nothing was written, nor where the carrier takes no more', () => {
  const nothing = callOf();
  nothing.call.begin(nothing.carrier);
  assert.deepEqual([nothing.carrier.log, nothing.told], [[], []]);
  const full = callOf();
  full.carrier.takes = false;
  full.call.write(piece('a'));
  full.call.begin(full.carrier);
  assert.deepEqual([full.carrier.log, full.told], [['a'], []]);
  assert.equal(full.call.write(piece('b')), false);
});

test('a call that is given up says so once, and takes what is still written without keeping it', () => {
  const { call, carrier, told } = callOf();
  call.write(piece('a'));
  call.abort();
  call.abort();
  assert.equal(call.write(piece('b')), true);
  call.finish();
  assert.deepEqual(told, ['aborted']);
  call.begin(carrier);
  assert.deepEqual(carrier.log, []);
});

test('a call may have its own patience, and only one without a body may be sent again', () => {
  const { call } = callOf();
  assert.equal(call.idleMs, null);
  call.allowIdle(5);
  assert.equal(call.idleMs, 5);
  assert.equal(call.replayable, false);
});
