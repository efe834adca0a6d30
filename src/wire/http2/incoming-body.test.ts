import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal, Script, Seen } from '../peers.test.ts';
import { FakeHost } from './exchange-fixture.test.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import type { Http2RequestHead } from './request-head.ts';

/** One read brings these pieces, out of memory that the next read overwrites; gives the fault of the last, or null. */
function read(stream: Http2Exchange, ...pieces: readonly string[]): string | null {
  let fault: string | null = null;
  for (const piece of pieces) {
    const lent = Buffer.from(`<${piece}>`, 'latin1');
    fault = stream.data(lent, 1, lent.length - 1);
    lent.fill('!');
    if (fault !== null) return fault;
  }
  stream.deliver();
  return fault;
}

/** As `read`, with the end of the body behind it. */
function readEnd(stream: Http2Exchange, ...pieces: readonly string[]): string | null {
  for (const piece of pieces) {
    const fault = stream.data(Buffer.from(piece), 0, piece.length);
    if (fault !== null) return fault;
  }
  const fault = stream.bodyEnded();
  if (fault === null) stream.deliver();
  return fault;
}

/** A request whose handler wants the body. */
function receiving(head: Partial<Http2RequestHead> = {}): { host: FakeHost; stream: Http2Exchange; seen: Seen } {
  const host = new FakeHost();
  const stream = host.begin(head);
  const seen = new Seen(stream);
  stream.receive();
  return { host, stream, seen };
}

test('a body is handed on as it comes, all of a read at once, and then its end', () => {
  const { host, stream, seen } = receiving();
  read(stream, 'one ', 'two ');
  assert.deepEqual([seen.log, seen.body], [['pieces'], 'one two ']);
  readEnd(stream, 'three');
  assert.deepEqual([seen.log, seen.body], [['pieces', 'pieces', 'end'], 'one two three']);
  assert.equal(stream.receivedBytes, 13);
  assert.deepEqual(host.said(), ['consumed 8', 'consumed 5 for the connection']);
});

test('the last of what was announced waits for the end, for more may come that makes it no request at all', () => {
  const { stream, seen } = receiving({ contentLength: 5 });
  read(stream, 'hel');
  read(stream, 'lo');
  assert.deepEqual([seen.log, seen.body], [['pieces'], 'hel']);
  assert.equal(read(stream, '!'), 'content-length-mismatch');
  assert.equal(seen.body, 'hel');
  const sound = receiving({ contentLength: 5 });
  read(sound.stream, 'hello');
  assert.deepEqual(sound.seen.log, []);
  readEnd(sound.stream);
  assert.deepEqual([sound.seen.log, sound.seen.body], [['pieces', 'end'], 'hello']);
});

test('where the end never comes, the last is not handed on either', () => {
  const { stream, seen } = receiving({ contentLength: 5 });
  read(stream, 'hello');
  stream.bodyFailed('incomplete-request');
  assert.deepEqual([seen.log, seen.body], [['incomplete-request'], '']);
});

test('the handler hears of nothing before the read has been worked off', () => {
  const { stream, seen } = receiving();
  stream.data(Buffer.from('hello'), 0, 5);
  stream.bodyEnded();
  assert.deepEqual(seen.log, []);
  stream.deliver();
  assert.deepEqual(seen.log, ['pieces', 'end']);
  stream.deliver();
  assert.deepEqual(seen.log, ['pieces', 'end']);
});

test('what comes before it is wanted is kept, and its windows stay shut', () => {
  const host = new FakeHost();
  const stream = host.begin();
  const seen = new Seen(stream);
  for (const piece of ['a', 'b', 'c']) read(stream, piece);
  readEnd(stream);
  assert.deepEqual([seen.log, stream.receivedBytes, host.said()], [[], 0, []]);
  stream.receive();
  assert.deepEqual([seen.log, seen.body], [['pieces', 'end'], 'abc']);
  stream.receive();
  assert.deepEqual(seen.log, ['pieces', 'end']);
  assert.deepEqual(host.said(), ['consumed 3 for the connection']);
});

test('while the handler pauses, no window opens and nothing is handed on', () => {
  const { host, stream, seen } = receiving();
  seen.takes = false;
  read(stream, 'one');
  read(stream, 'two');
  assert.deepEqual([seen.log, host.said()], [['pieces'], []]);
  seen.takes = true;
  stream.resumeBody();
  assert.deepEqual([seen.body, seen.log], ['onetwo', ['pieces', 'pieces']]);
  assert.deepEqual(host.said(), ['consumed 3', 'consumed 3']);
  stream.resumeBody();
  assert.deepEqual([seen.log.length, host.said()], [2, []]);
});

test('a pause behind the last piece holds up no end', () => {
  const { host, stream, seen } = receiving();
  seen.takes = false;
  readEnd(stream, 'all');
  assert.deepEqual(seen.log, ['pieces', 'end']);
  assert.deepEqual(host.said(), ['consumed 3 for the connection']);
  stream.resumeBody();
  assert.deepEqual(seen.log, ['pieces', 'end']);
});

test('who goes on within `pieces` is not called within the call', () => {
  const { stream, seen } = receiving();
  let depth = 0;
  seen.takes = false;
  seen.onEvent = () => {
    assert.equal(depth++, 0);
    stream.deliver();
    stream.resumeBody();
    stream.receive();
    depth--;
  };
  read(stream, 'one');
  assert.equal(seen.body, 'one');
  stream.resumeBody();
  readEnd(stream, 'two');
  assert.equal(seen.body, 'onetwo');
  assert.deepEqual(seen.log, ['pieces', 'pieces', 'end']);
});

test('more data than announced are a fault at once, and none of them reach the handler', () => {
  const { stream, seen } = receiving({ contentLength: 5 });
  assert.deepEqual(stream.framing, { kind: 'length', bytes: 5 });
  assert.equal(read(stream, 'hell'), null);
  assert.equal(stream.data(Buffer.from('o!'), 0, 2), 'content-length-mismatch');
  stream.deliver();
  assert.deepEqual([seen.body, seen.log], ['hell', ['pieces']]);
  stream.leave();
  assert.deepEqual(seen.log, ['pieces', 'gone']);
});

test('fewer data than announced never are the end of a body', () => {
  const { stream, seen } = receiving({ contentLength: 5 });
  read(stream, 'hell');
  assert.equal(readEnd(stream), 'content-length-mismatch');
  stream.deliver();
  assert.deepEqual(seen.log, ['pieces']);
  const whole = receiving({ contentLength: 5 });
  assert.equal(readEnd(whole.stream, 'hello'), null);
  assert.deepEqual(whole.seen.log, ['pieces', 'end']);
});

test('a body announced as empty is none, and every octet of it is a fault', () => {
  const host = new FakeHost();
  assert.equal(host.begin({ contentLength: 0 }).data(Buffer.from('x'), 0, 1), 'content-length-mismatch');
  const stream = host.begin({ contentLength: 0 });
  const seen = new Seen(stream);
  assert.equal(readEnd(stream), null);
  stream.receive();
  assert.deepEqual(seen.log, ['end']);
});

test('a request that ends with its head has no body, and its end at once', () => {
  const host = new FakeHost();
  const stream = host.begin({}, { ended: true });
  const seen = new Seen(stream);
  assert.deepEqual([stream.framing, stream.halfClosed, stream.takesMore], [{ kind: 'none' }, true, false]);
  assert.deepEqual(seen.log, []);
  stream.receive();
  stream.receive();
  assert.deepEqual(seen.log, ['end']);
});

test('data that are empty leave the length unknown', () => {
  const { stream, seen } = receiving();
  assert.deepEqual(stream.framing, { kind: 'chunked' });
  readEnd(stream);
  assert.deepEqual([stream.framing, seen.log], [{ kind: 'chunked' }, ['end']]);
});

test('a body beyond the limit fails, without the read that broke it; the rest is thrown away', () => {
  const { host, stream, seen } = receiving();
  assert.equal(stream.limitBody(8), true);
  read(stream, 'four', 'more');
  read(stream, '!', 'and', 'more');
  assert.deepEqual([seen.body, seen.log], ['fourmore', ['pieces', 'body-too-large']]);
  assert.deepEqual(host.said(), ['consumed 8', 'consumed 8 for the connection']);
  read(stream, 'more');
  readEnd(stream);
  assert.deepEqual(seen.log, ['pieces', 'body-too-large']);
  assert.deepEqual(host.said(), ['consumed 4 for the connection']);
});

test('the limit holds for what came before it was set, and for a body that is whole', () => {
  const host = new FakeHost();
  const stream = host.begin();
  const seen = new Seen(stream);
  readEnd(stream, 'hello');
  stream.limitBody(4);
  stream.receive();
  assert.deepEqual([seen.log, seen.body], [['body-too-large'], '']);
  stream.deliver();
  assert.deepEqual(seen.log, ['body-too-large']);
});

test('an announced length beyond the limit is known at once', () => {
  assert.equal(new FakeHost().begin({ contentLength: 9 }).limitBody(8), false);
  assert.equal(new FakeHost().begin({ contentLength: 8 }).limitBody(8), true);
  assert.equal(new FakeHost().begin({}, { ended: true }).limitBody(0), true);
});

test('a GET or HEAD that does not say whether a body follows waits until that is known', () => {
  for (const method of ['GET', 'HEAD']) {
    const host = new FakeHost();
    const withBody = host.begin({ method });
    assert.equal(withBody.waits, true);
    withBody.data(Buffer.from('x'), 0, 1);
    assert.deepEqual([withBody.waits, withBody.framing], [false, { kind: 'chunked' }]);
    withBody.bodyEnded();
    assert.deepEqual(withBody.framing, { kind: 'chunked' });
    const without = host.begin({ method });
    assert.equal(without.bodyEnded(), null);
    assert.deepEqual([without.waits, without.framing, without.halfClosed], [false, { kind: 'none' }, true]);
    const seen = new Seen(without);
    without.receive();
    assert.deepEqual(seen.log, ['end']);
    assert.equal(host.begin({ method, contentLength: 5 }).waits, false);
    assert.equal(host.begin({ method }, { ended: true }).waits, false);
  }
  assert.equal(new FakeHost().begin({ method: 'POST' }).waits, false);
  assert.equal(new FakeHost().begin({ method: 'get' }).waits, false);
});

test('a request that says it has no body waits for its end, whatever its method', () => {
  const stream = new FakeHost().begin({ contentLength: 0 });
  assert.deepEqual([stream.waits, stream.framing], [true, { kind: 'none' }]);
  assert.equal(stream.bodyEnded(), null);
  assert.deepEqual([stream.waits, stream.framing], [false, { kind: 'none' }]);
  assert.equal(new FakeHost().begin({ contentLength: 0 }, { ended: true }).waits, false);
});

test('such a wait has an end, and then the connection is told to answer, once', () => {
  const host = new FakeHost();
  host.now = 1_000;
  const stream = host.begin({ method: 'GET' });
  assert.equal(stream.sweep(11_000), null);
  assert.equal(stream.sweep(11_001), 'request-timeout');
  const { head, body } = refusal('request-timeout');
  stream.window = 0;
  stream.send(head, body);
  assert.equal(stream.sweep(12_000), null);
});

test('a client that expects to be told to continue is told when its body is wanted, and only then', () => {
  const host = new FakeHost();
  const stream = host.begin({ expectsContinue: true });
  assert.deepEqual(host.said(), []);
  stream.receive();
  stream.receive();
  assert.deepEqual(host.said(), ['head :status: 100']);

  const early = host.begin({ expectsContinue: true });
  read(early, 'x');
  early.receive();
  assert.deepEqual(host.said(), ['consumed 1']);

  const replied = host.begin({ expectsContinue: true });
  const seen = new Seen(replied);
  seen.answer('no', 403);
  replied.receive();
  assert.deepEqual(host.said(), ['head :status: 403, content-length: 2', 'data 5:2$', 'end 0']);
});

test('a handler gets nothing of a body before it has returned from `request`', () => {
  const host = new FakeHost();
  const stream = host.begin();
  readEnd(stream, 'hello');
  const script = new Script();
  script.onRequest = ({ exchange, log }) => {
    exchange.receive();
    stream.deliver();
    assert.deepEqual(log, []);
  };
  stream.handOver(script);
  assert.deepEqual(script.seen[0]?.log, ['pieces', 'end']);
});

test('a body that will not come whole fails behind what has come, when that is wanted', () => {
  const { stream, seen } = receiving();
  seen.takes = false;
  read(stream, 'one');
  read(stream, 'two');
  stream.bodyFailed('incomplete-request');
  assert.deepEqual(seen.log, ['pieces']);
  seen.takes = true;
  stream.resumeBody();
  assert.deepEqual(seen.log, ['pieces', 'pieces', 'incomplete-request']);
  stream.bodyFailed('incomplete-request');
  assert.equal(seen.log.length, 3);

  const early = new FakeHost().begin();
  const told = new Seen(early);
  early.bodyFailed('incomplete-request');
  assert.deepEqual(told.log, []);
  early.receive();
  assert.deepEqual(told.log, ['incomplete-request']);

  const whole = receiving();
  whole.seen.takes = false;
  readEnd(whole.stream, 'all');
  whole.stream.bodyFailed('incomplete-request');
  assert.deepEqual(whole.seen.log, ['pieces', 'end']);
});

test('a body that drips is given up, but only while it is waited for', () => {
  const { host, stream, seen } = receiving();
  const sweep = (from: number, to: number): void => {
    for (let now = from; now < to; now += 500) assert.equal(stream.sweep(now), null);
  };
  seen.takes = false;
  read(stream, 'x');
  sweep(0, 60_000);
  assert.deepEqual(seen.log, ['pieces']);
  seen.takes = true;
  stream.resumeBody();
  sweep(60_000, 64_500);
  assert.deepEqual(seen.log, ['pieces']);
  host.said();
  seen.onEvent = (event) => {
    if (event === 'request-timeout') seen.answer('slow', 408);
  };
  sweep(64_500, 67_000);
  assert.deepEqual(seen.log, ['pieces', 'request-timeout']);
  assert.deepEqual(host.said(), ['head :status: 408, content-length: 4', 'data 1:4$', 'end 0']);
});

test('a body that may stand still is waited for', () => {
  const host = new FakeHost();
  const stream = host.begin();
  const seen = new Seen(stream);
  stream.receive(true);
  read(stream, 'x');
  for (let now = 0; now < 3_600_000; now += 500) assert.equal(stream.sweep(now), null);
  readEnd(stream, 'y');
  assert.deepEqual(seen.log, ['pieces', 'pieces', 'end']);
});

test('a whole body has no pace to keep', () => {
  const host = new FakeHost();
  const stream = host.begin();
  const seen = new Seen(stream);
  readEnd(stream, 'x');
  for (let now = 0; now < 60_000; now += 500) stream.sweep(now);
  stream.receive();
  for (let now = 60_000; now < 120_000; now += 500) stream.sweep(now);
  assert.deepEqual(seen.log, ['pieces', 'end']);
});

test('what is answered early still takes its body out of the way of others', () => {
  const host = new FakeHost();
  const stream = host.begin({}, { window: 0 });
  const seen = new Seen(stream);
  read(stream, 'one');
  seen.answer('no', 401);
  assert.deepEqual(host.said(), ['head :status: 401, content-length: 2', 'consumed 3 for the connection', 'held 2']);
  read(stream, 'two');
  readEnd(stream);
  assert.deepEqual(host.said(), ['consumed 3 for the connection']);
  stream.receive();
  stream.resumeBody();
  assert.deepEqual(seen.log, []);
});

test('a handler that answers within `pieces` hears nothing more', () => {
  const { host, stream, seen } = receiving();
  seen.takes = false;
  seen.onEvent = () => seen.answer('no', 400);
  readEnd(stream, 'one');
  assert.deepEqual(seen.log, ['pieces']);
  assert.deepEqual(host.said(), ['head :status: 400, content-length: 2', 'data 1:2$', 'end null']);
  assert.equal(host.open.size, 0);
});

test('a client that goes while the body is paused or kept takes all of it along', () => {
  const { host, stream, seen } = receiving();
  seen.takes = false;
  read(stream, 'one');
  read(stream, 'two');
  host.open.delete(stream);
  stream.leave();
  assert.deepEqual(seen.log, ['pieces', 'gone']);
  seen.takes = true;
  stream.resumeBody();
  stream.deliver();
  stream.bodyFailed('incomplete-request');
  for (let now = 0; now < 60_000; now += 500) assert.equal(stream.sweep(now), null);
  assert.deepEqual([seen.log, host.said()], [['pieces', 'gone'], []]);
});
