import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderFields } from '../header-fields.ts';
import { NO_LINES, type OutgoingHead } from '../server.ts';
import type { TunnelEnds, TunnelSide } from '../tunnel.ts';
import { addLine, newFieldLines, takeFields } from './field-lines.ts';
import { FakeHost } from './exchange-fixture.test.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { ErrorCode } from './protocol.ts';

const HEAD: OutgoingHead = {
  status: 101,
  fields: null,
  added: ['x', 'y'],
  framing: { kind: 'none' },
  announcedLength: null,
  ...NO_LINES,
};

/** Fields with a version of the protocol. */
function fields(version = '13'): HeaderFields {
  const lines = newFieldLines();
  addLine(lines, 'sec-websocket-version', 0, `sec-websocket-version: ${version}\r\n`);
  return takeFields(lines);
}

/** Who hears of the client. */
class Ends implements TunnelEnds {
  readonly log: string[] = [];
  takes = true;

  bytes(read: Buffer): boolean {
    this.log.push(read.toString());
    return this.takes;
  }

  ended(): void {
    this.log.push('ended');
  }

  drained(): void {
    this.log.push('drained');
  }

  gone(): void {
    this.log.push('gone');
  }
}

interface Given {
  readonly host: FakeHost;
  readonly stream: Http2Exchange;
  readonly ends: Ends;
  readonly side: TunnelSide;
}

function switched(): Given {
  const host = new FakeHost();
  const stream = host.begin({ method: 'GET', upgrades: true, fields: fields() });
  const ends = new Ends();
  const side = stream.switchTo(HEAD, ends);
  return { host, stream, ends, side };
}

function sends(stream: Http2Exchange, text: string): void {
  assert.equal(stream.data(Buffer.from(text), 0, text.length), null);
  stream.deliver();
}

test('a switch is a 200, and nothing of the client is told before it is resumed', () => {
  const host = new FakeHost();
  const stream = host.begin({ method: 'GET', upgrades: true, fields: fields() });
  assert.deepEqual(stream.upgrade, { protocol: 'websocket', key: '', subprotocols: [] });
  assert.deepEqual([stream.framing.kind, stream.mustSwitch, stream.waits], ['none', true, false]);
  sends(stream, 'early');
  const ends = new Ends();
  const side = stream.switchTo(HEAD, ends);
  assert.deepEqual(host.said(), ['head :status: 200, x: y']);
  sends(stream, ' and more');
  assert.deepEqual(ends.log, []);
  side.resume();
  assert.deepEqual(ends.log, ['early and more']);
  sends(stream, 'later');
  assert.deepEqual(ends.log, ['early and more', 'later']);
});

test('what comes before the switch is no body, whoever asks for one', () => {
  const host = new FakeHost();
  const stream = host.begin({ method: 'GET', upgrades: true, fields: fields() });
  const heard: string[] = [];
  const note = (what: string) => (): void => void heard.push(what);
  const pieces = (): boolean => heard.push('pieces') > 0;
  stream.events = { pieces, bodyEnd: note('end'), bodyFailed: note('failed'), drained() {}, gone() {} };
  stream.receive();
  sends(stream, 'a frame');
  assert.deepEqual(heard, ['end']);
  const ends = new Ends();
  stream.switchTo(HEAD, ends).resume();
  assert.deepEqual(ends.log, ['a frame']);
});

test('a pause holds what comes, and gives no room for more', () => {
  const { host, stream, ends, side } = switched();
  side.resume();
  ends.takes = false;
  host.said();
  sends(stream, 'one');
  sends(stream, 'two');
  assert.deepEqual([ends.log, host.said()], [['one'], []]);
  ends.takes = true;
  side.resume();
  assert.deepEqual(ends.log, ['one', 'two']);
  assert.deepEqual(host.said(), ['consumed 3', 'consumed 3']);
});

test('an end in a pause waits for the end of that, though it came with the bytes before it', () => {
  const { stream, ends, side } = switched();
  side.resume();
  ends.takes = false;
  stream.data(Buffer.from('last'), 0, 4);
  stream.bodyEnded();
  stream.deliver();
  assert.deepEqual(ends.log, ['last']);
  side.resume();
  side.resume();
  assert.deepEqual(ends.log, ['last', 'ended']);
});

test('an end is END_STREAM, and the client has a while for its own', () => {
  const { host, stream, side } = switched();
  host.said();
  side.resume();
  side.write(Buffer.from('goodbye'));
  side.end();
  assert.deepEqual(host.said(), ['data 1:7', 'data 1:0$']);
  stream.bodyEnded();
  assert.deepEqual(host.said(), ['end null']);
});

test('bytes are copied as they are written: they are lent', () => {
  const { host, side } = switched();
  const kept = host.socket.keepWrites();
  const lent = Buffer.alloc(40_000, 'a');
  side.write(lent);
  lent.fill('!');
  assert.equal(kept.join('').split('a').length - 1, 40_000);
});

test('a reset is one, by CANCEL', () => {
  const { host, side } = switched();
  host.said();
  side.reset();
  assert.deepEqual(host.said(), [`end ${ErrorCode.cancel}`]);
});

test('the end, the half end and the leaving of a client are told', () => {
  const ended = switched();
  ended.side.resume();
  ended.stream.bodyEnded();
  ended.stream.deliver();
  assert.deepEqual(ended.ends.log, ['ended']);
  const half = switched();
  half.side.resume();
  half.stream.bodyFailed('incomplete-request');
  assert.deepEqual(half.ends.log, ['ended']);
  const left = switched();
  left.stream.leave();
  assert.deepEqual(left.ends.log, ['gone']);
});

test('a client that says nothing for long is not cut for that here', () => {
  const { stream, host, ends, side } = switched();
  side.resume();
  for (host.now = 0; host.now < 3_600_000; host.now += 30_000) assert.equal(stream.sweep(host.now), null);
  assert.deepEqual(ends.log, []);
});

test('no success but the switch goes out, since the client would take it for that', () => {
  for (const status of [200, 204, 299]) {
    const host = new FakeHost();
    const stream = host.begin({ method: 'GET', upgrades: true, fields: fields() });
    stream.send({ ...HEAD, status }, 'hello');
    assert.deepEqual(host.said(), [`end ${ErrorCode.internalError}`]);
    const other = host.begin({ method: 'GET', upgrades: true, fields: fields() });
    other.begin({ ...HEAD, status });
    assert.deepEqual(host.said(), [`end ${ErrorCode.internalError}`]);
  }
  const host = new FakeHost();
  host.begin({ method: 'GET', upgrades: true, fields: fields() }).send({ ...HEAD, status: 403 }, '');
  assert.match(host.said()[0] ?? '', /^head :status: 403/);
});

test('an upgrade is no sound one with another version, with a length, or where nothing can follow', () => {
  const host = new FakeHost();
  const upgradeOf = (head: object, ended = false): unknown =>
    host.begin({ method: 'GET', upgrades: true, fields: fields(), ...head }, { ended }).upgrade;
  assert.equal(upgradeOf({ fields: fields('8') }), 'invalid-upgrade');
  assert.equal(upgradeOf({ contentLength: 5 }), 'invalid-upgrade');
  assert.equal(upgradeOf({ contentLength: 0 }), 'invalid-upgrade');
  assert.equal(upgradeOf({}, true), 'invalid-upgrade');
  assert.equal(host.begin({ method: 'GET' }).upgrade, null);
});
