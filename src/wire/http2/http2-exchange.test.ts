import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { BodyFraming } from '../message.ts';
import { ownHead, Seen } from '../peers.test.ts';
import type { OutgoingHead } from '../server.ts';
import { FakeHost, framesOf } from './exchange-fixture.test.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { ErrorCode } from './protocol.ts';
import type { Http2RequestHead } from './request-head.ts';

const CHUNKED: OutgoingHead = { ...ownHead(200, 0), framing: { kind: 'chunked' } };
const NONE: OutgoingHead = { ...ownHead(200, 0), framing: { kind: 'none' } };

interface Given {
  readonly host: FakeHost;
  readonly stream: Http2Exchange;
  readonly seen: Seen;
}

/** A request that has come whole. */
function given(head: Partial<Http2RequestHead> = {}, window = 65_535): Given {
  const host = new FakeHost();
  const stream = host.begin(head, { ended: true, window });
  return { host, stream, seen: new Seen(stream) };
}

/** What goes out for an answer to such a request. */
function replied(act: (given: Given) => void, head: Partial<Http2RequestHead> = {}): readonly string[] {
  const all = given(head);
  act(all);
  return all.host.said();
}

/** Lets the client take so much more of the stream, as the connection does at the end of a read. */
function open({ host, stream }: Given, bytes: number): void {
  host.sender.opened(stream, bytes);
  host.sender.flush();
}

test('a whole reply is its head, its body and the end of the stream', () => {
  assert.deepEqual(
    replied(({ seen }) => seen.answer('hello')),
    ['head :status: 200, content-length: 5', 'data 1:5$', 'end null'],
  );
  assert.deepEqual(
    replied(({ stream }) => stream.send(NONE, '')),
    ['head :status: 200, content-length: 0 $', 'end null'],
  );
});

test('the length of a whole reply is that of its body, whatever its head says', () => {
  const framings: readonly BodyFraming[] = [
    { kind: 'length', bytes: 99 },
    { kind: 'chunked' },
    { kind: 'none' },
    { kind: 'until-close' },
  ];
  for (const framing of framings) {
    assert.deepEqual(
      replied(({ stream }) => stream.send({ ...NONE, framing }, Buffer.from('hello'))),
      ['head :status: 200, content-length: 5', 'data 1:5$', 'end null'],
      framing.kind,
    );
  }
});

test('a streamed reply goes out piece by piece, and its end behind it', () => {
  const act = (head: OutgoingHead) => (each: Given) => {
    const { stream } = each;
    stream.begin(head);
    assert.equal(stream.write(Buffer.from('hello')), true);
    assert.equal(stream.write(Buffer.alloc(0)), true);
    stream.write(Buffer.from(' you'));
    stream.finish();
  };
  const data = ['data 1:5', 'data 1:4', 'data 1:0$', 'end null'];
  assert.deepEqual(replied(act(ownHead(200, 9))), ['head :status: 200, content-length: 9', ...data]);
  assert.deepEqual(replied(act(CHUNKED)), ['head :status: 200', ...data]);
  assert.deepEqual(replied(act({ ...CHUNKED, framing: { kind: 'until-close' } })), ['head :status: 200', ...data]);
});

test('each piece of a streamed reply leaves by the end of the turn in which it is written', async () => {
  const host = new FakeHost();
  const stream = host.begin({ method: 'GET' }, { ended: true });
  stream.begin({ ...ownHead(200, 0), framing: { kind: 'chunked' } });
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    host.socket.text = '';
    stream.write(Buffer.from(event));
    await setImmediate();
    assert.deepEqual(
      framesOf(host.socket.text).map(({ payload }) => payload),
      [event],
    );
  }
});

test('trailers end the stream, behind all of the body', () => {
  const trailers = ['grpc-status', '0', 'x-sum', 'abc'];
  assert.deepEqual(
    replied(({ stream }) => {
      stream.begin(CHUNKED);
      stream.write(Buffer.from('hello'));
      stream.finish(trailers);
      stream.finish(trailers);
      stream.cut();
    }),
    ['head :status: 200', 'data 1:5', 'head grpc-status: 0, x-sum: abc $', 'end null'],
  );
  const all = given({}, 3);
  const { host, stream } = all;
  stream.begin(CHUNKED);
  assert.equal(stream.write(Buffer.from('hello')), false);
  stream.finish(trailers);
  assert.deepEqual(host.said(), ['head :status: 200', 'data 1:3', 'held 2', 'held 2']);
  open(all, 1);
  assert.deepEqual(host.said(), ['data 1:1']);
  open(all, 1);
  assert.deepEqual(host.said(), ['data 1:1', 'head grpc-status: 0, x-sum: abc $', 'end null']);
});

test('where a reply has no body, or no trailers are named, it ends without any', () => {
  const finished =
    (head: OutgoingHead, trailers: readonly string[]) =>
    ({ stream }: Given): void => {
      stream.begin(head);
      stream.finish(trailers);
    };
  assert.deepEqual(replied(finished(CHUNKED, [])), ['head :status: 200', 'data 1:0$', 'end null']);
  assert.deepEqual(replied(finished(CHUNKED, ['a', 'b']), { method: 'HEAD' }), ['head :status: 200 $', 'end null']);
  assert.deepEqual(replied(finished(ownHead(304, 5), ['a', 'b'])), [
    'head :status: 304, content-length: 5 $',
    'end null',
  ]);
});

test('trailers do not mend a body that is not as long as announced, nor one that is cut', () => {
  const cut = `end ${ErrorCode.internalError}`;
  assert.deepEqual(
    replied(({ stream }) => {
      stream.begin(ownHead(200, 5));
      stream.write(Buffer.from('hell'));
      stream.finish(['grpc-status', '0']);
    }),
    ['head :status: 200, content-length: 5', 'data 1:4', cut],
  );
  const all = given({}, 3);
  all.stream.begin(CHUNKED);
  all.stream.write(Buffer.from('hello'));
  all.stream.finish(['grpc-status', '0']);
  all.stream.leave();
  open(all, 9);
  assert.deepEqual(all.host.said(), ['head :status: 200', 'data 1:3', 'held 2', 'held 2']);
});

test('a streamed reply without a body has none, whatever is written', () => {
  assert.deepEqual(
    replied(({ stream }) => {
      stream.begin(NONE);
      assert.equal(stream.write(Buffer.from('hello')), true);
      stream.finish();
    }),
    ['head :status: 200, content-length: 0 $', 'end null'],
  );
});

test('no body goes to HEAD, with 204 or with 304, however it is sent', () => {
  const whole =
    (head: OutgoingHead) =>
    ({ stream }: Given): void =>
      stream.send(head, 'hello');
  const streamed =
    (head: OutgoingHead) =>
    ({ stream }: Given): void => {
      stream.begin(head);
      assert.equal(stream.write(Buffer.from('hello')), true);
      stream.finish();
    };
  for (const act of [whole, streamed]) {
    const to = { method: 'HEAD' };
    assert.deepEqual(replied(act(ownHead(200, 5)), to), ['head :status: 200, content-length: 5 $', 'end null']);
    assert.deepEqual(replied(act(CHUNKED), to), ['head :status: 200 $', 'end null']);
    assert.deepEqual(replied(act({ ...NONE, announcedLength: 7 }), to), [
      'head :status: 200, content-length: 7 $',
      'end null',
    ]);
    assert.deepEqual(replied(act(ownHead(204, 5))), ['head :status: 204 $', 'end null']);
    assert.deepEqual(replied(act(ownHead(304, 5))), ['head :status: 304, content-length: 5 $', 'end null']);
  }
});

test('a streamed body that is not as long as announced is reset: it can’t be taken for whole', () => {
  const cut = `end ${ErrorCode.internalError}`;
  assert.deepEqual(
    replied(({ stream }) => {
      stream.begin(ownHead(200, 5));
      stream.write(Buffer.from('hello'));
      assert.equal(stream.write(Buffer.from('!')), false);
      stream.finish();
    }),
    ['head :status: 200, content-length: 5', 'data 1:5', cut],
  );
  assert.deepEqual(
    replied(({ stream }) => {
      stream.begin(ownHead(200, 5));
      stream.write(Buffer.from('hell'));
      stream.finish();
    }),
    ['head :status: 200, content-length: 5', 'data 1:4', cut],
  );
});

test('one exchange has one reply', () => {
  assert.deepEqual(
    replied(({ stream, seen }) => {
      seen.answer('one');
      seen.answer('two');
      stream.begin(CHUNKED);
      assert.equal(stream.write(Buffer.from('x')), false);
      stream.finish();
      stream.interim(103, []);
      stream.cut();
      stream.receive();
      stream.leave();
      assert.deepEqual(seen.log, []);
    }),
    ['head :status: 200, content-length: 3', 'data 1:3$', 'end null'],
  );
  assert.deepEqual(
    replied(({ stream }) => {
      stream.finish();
      stream.begin(CHUNKED);
      stream.begin(CHUNKED);
      stream.send(NONE, 'no');
      stream.interim(103, []);
      stream.finish();
      stream.finish();
      stream.cut();
    }),
    ['head :status: 200', 'data 1:0$', 'end null'],
  );
});

test('interim replies go before the reply', () => {
  assert.deepEqual(
    replied(({ stream, seen }) => {
      stream.interim(103, ['link', '</a>']);
      for (const status of [100, 101, 200, 99]) stream.interim(status, ['upgrade', 'x']);
      seen.answer('ok');
    }),
    ['head :status: 103, link: </a>', 'head :status: 200, content-length: 2', 'data 1:2$', 'end null'],
  );
});

test('a short request that is answered before its end may come whole, and then its stream ends in order', () => {
  const host = new FakeHost();
  const stream = host.begin({ contentLength: 5 });
  stream.send(ownHead(403, 2), 'no');
  assert.deepEqual(host.said(), ['head :status: 403, content-length: 2', 'data 1:2$']);
  assert.equal(stream.data(Buffer.from('hello'), 0, 5), null);
  assert.equal(stream.sweep(2_500), null);
  assert.deepEqual(host.said(), ['consumed 5 for the connection']);
  assert.equal(stream.bodyEnded(), null);
  assert.deepEqual(host.said(), ['end null']);
  assert.equal(stream.sweep(60_000), null);
});

test('where the rest of it does not come in three seconds, or may be long, the client is told that nobody wants it', () => {
  const host = new FakeHost();
  const stream = host.begin({ contentLength: 5 });
  stream.send(ownHead(403, 2), 'no');
  host.said();
  assert.equal(stream.sweep(3_000), null);
  assert.deepEqual(host.said(), []);
  assert.equal(stream.sweep(3_500), null);
  assert.deepEqual(host.said(), [`end ${ErrorCode.noError}`]);
  for (const contentLength of [-1, 65_536]) {
    const long = new FakeHost();
    long.begin({ contentLength }).send(ownHead(403, 2), 'no');
    assert.deepEqual(long.said().at(-1), `end ${ErrorCode.noError}`);
  }
});

test('a client that still sends is told that nobody wants it, behind the reply', () => {
  const host = new FakeHost();
  new Seen(host.begin()).answer('no', 403);
  assert.deepEqual(host.said(), ['head :status: 403, content-length: 2', 'data 1:2$', `end ${ErrorCode.noError}`]);
  const stream = host.begin();
  stream.begin(CHUNKED);
  stream.bodyEnded();
  stream.finish();
  assert.deepEqual(host.said(), ['head :status: 200', 'data 3:0$', 'end null']);
});

test('a reply that the client’s window does not take keeps its stream until it has gone out', () => {
  const all = given({}, 3);
  all.seen.answer('hello');
  assert.deepEqual(all.host.said(), ['head :status: 200, content-length: 5', 'data 1:3', 'held 2']);
  assert.equal(all.host.open.size, 1);
  open(all, 1);
  assert.deepEqual(all.host.said(), ['data 1:1']);
  open(all, 100);
  assert.deepEqual(all.host.said(), ['data 1:1$', 'end null']);
  assert.deepEqual(all.seen.log, []);
});

test('a writer is told to pause and when to go on', () => {
  const all = given({}, 5);
  const { host, stream, seen } = all;
  stream.begin(CHUNKED);
  assert.equal(stream.write(Buffer.from('hello')), true);
  assert.equal(stream.write(Buffer.from('you')), false);
  assert.equal(stream.write(Buffer.from('!')), false);
  assert.deepEqual(host.said(), ['head :status: 200', 'data 1:5', 'held 3', 'held 4']);
  open(all, 3);
  assert.deepEqual(seen.log, []);
  open(all, 3);
  assert.deepEqual([seen.log, host.said()], [['drained'], ['data 1:3', 'data 1:1']]);
  seen.onEvent = () => stream.finish();
  stream.write(Buffer.from('more'));
  open(all, 100);
  assert.deepEqual(seen.log, ['drained', 'drained']);
  assert.deepEqual(host.said(), ['data 1:2', 'held 2', 'data 1:2', 'data 1:0$', 'end null']);
});

test('an end that comes while data are held rides on the last of them', () => {
  const all = given({}, 1);
  all.stream.begin(CHUNKED);
  all.stream.write(Buffer.from('ab'));
  all.stream.finish();
  all.host.said();
  open(all, 9);
  assert.deepEqual([all.host.said(), all.seen.log], [['data 1:1$', 'end null'], []]);
});

test('a cut resets the stream and forgets what was held; the handler, who did it, hears nothing', () => {
  const all = given({}, 1);
  const { host, stream, seen } = all;
  stream.begin(CHUNKED);
  stream.write(Buffer.from('hello'));
  stream.cut();
  stream.cut();
  open(all, 100);
  stream.leave();
  assert.deepEqual(host.said(), ['head :status: 200', 'data 1:1', 'held 4', `end ${ErrorCode.internalError}`]);
  assert.deepEqual([seen.log, host.sender.heldBytes], [[], 0]);
  assert.deepEqual(
    replied((early) => early.stream.cut()),
    [`end ${ErrorCode.internalError}`],
  );
});

test('a client that goes is told of once, and nothing is said to it any more', () => {
  const all = given({}, 1);
  const { host, stream, seen } = all;
  stream.begin(CHUNKED);
  stream.write(Buffer.from('hello'));
  host.said();
  host.open.delete(stream);
  stream.leave();
  stream.leave();
  assert.deepEqual([seen.log, host.sender.heldBytes], [['gone'], 0]);
  assert.equal(stream.write(Buffer.from('x')), false);
  stream.finish();
  seen.answer('x');
  stream.interim(103, []);
  stream.cut();
  stream.receive();
  open(all, 100);
  assert.deepEqual([seen.log, host.said()], [['gone'], []]);
});

test('a client that goes while its whole reply is held is nothing to the handler, for whom that was over', () => {
  const { host, stream, seen } = given({}, 1);
  seen.answer('hello');
  host.said();
  host.open.delete(stream);
  stream.leave();
  assert.deepEqual([seen.log, host.sender.heldBytes, host.said()], [[], 0, []]);
});

test('a connection without memory for what is held may end the stream at once', () => {
  for (const streamed of [true, false]) {
    const { host, stream, seen } = given({}, 1);
    host.onHeld = () => {
      host.end(stream, ErrorCode.enhanceYourCalm, 'memory');
      stream.leave();
    };
    if (streamed) {
      stream.begin(CHUNKED);
      assert.equal(stream.write(Buffer.from('hello')), false);
      assert.equal(stream.write(Buffer.from('hello')), false);
      stream.finish();
    } else seen.answer('hello');
    assert.deepEqual(host.said().slice(1), ['data 1:1', 'held 4', `end ${ErrorCode.enhanceYourCalm} memory`]);
    assert.deepEqual(seen.log, streamed ? ['gone'] : []);
    assert.equal(host.sender.heldBytes, 0);
  }
});

/** Looks at a stream every half second until it is stalled; null: it never was, within two minutes. */
function stalledAfter({ stream }: Given, act: (now: number) => void = () => {}): number | null {
  for (let now = 0; now <= 120_000; now += 500) {
    act(now);
    if (stream.sweep(now) === 'stalled') return now;
  }
  return null;
}

test('a client that does not open its window for what it asked for is not waited for long', () => {
  const shut = given({}, 1);
  shut.seen.answer('hello');
  assert.equal(stalledAfter(shut), 5_500);

  const drips = given({}, 1);
  drips.stream.begin(CHUNKED);
  drips.stream.write(Buffer.alloc(60_000));
  assert.equal(
    stalledAfter(drips, () => open(drips, 1)),
    5_500,
  );

  const slow = given({}, 1);
  slow.stream.begin(CHUNKED);
  slow.stream.write(Buffer.alloc(60_000));
  slow.stream.write(Buffer.alloc(60_000));
  assert.equal(
    stalledAfter(slow, () => open(slow, 250)),
    null,
  );
});

test('the time in which nothing was held is not reckoned as the client’s', () => {
  const all = given({}, 1_000);
  all.stream.begin(CHUNKED);
  all.stream.write(Buffer.alloc(2_000));
  assert.equal(all.stream.sweep(0), null);
  open(all, 1_000);
  for (let now = 500; now <= 60_000; now += 500) assert.equal(all.stream.sweep(now), null);
  all.stream.write(Buffer.alloc(2_000));
  assert.equal(all.stream.sweep(60_500), null);
});

test('what is kept back by the connection’s window or its socket is not the stream’s fault', () => {
  const shut = given();
  shut.stream.begin(CHUNKED);
  shut.stream.write(Buffer.alloc(65_535));
  open(shut, 1_000);
  shut.stream.write(Buffer.alloc(10));
  assert.equal(shut.host.sender.isShut, true);
  assert.equal(stalledAfter(shut), null);
  const idle = given();
  idle.stream.begin(CHUNKED);
  assert.equal(stalledAfter(idle), null);
});

test('what an exchange shows of itself', () => {
  const { host, stream } = given();
  assert.equal(stream.memo, host.memo);
  assert.equal(stream.replyBegun, false);
  stream.begin(CHUNKED);
  assert.equal(stream.replyBegun, true);
  stream.finish();
});

const act = fc.oneof(
  fc.record({ what: fc.constant('data' as const), bytes: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constant('open' as const), bytes: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ what: fc.constant('write' as const), bytes: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ what: fc.constant('send' as const), bytes: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ what: fc.constant('begin' as const), bytes: fc.integer({ min: -1, max: 20 }) }),
  fc.record({ what: fc.constant('sweep' as const), bytes: fc.integer({ min: 0, max: 4_000 }) }),
  fc.record({ what: fc.constant('takes' as const), bytes: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ what: fc.constant('limit' as const), bytes: fc.integer({ min: 20, max: 200 }) }),
  fc.record({
    what: fc.constantFrom('end' as const, 'receive' as const, 'resume' as const, 'finish' as const, 'cut' as const),
    bytes: fc.constant(0),
  }),
  fc.record({
    what: fc.constantFrom('leave' as const, 'interim' as const, 'fail' as const),
    bytes: fc.constant(0),
  }),
);

/** Does to one stream what client, handler and connection may do to it in any order. */
class Chaos {
  readonly host = new FakeHost();
  readonly stream: Http2Exchange;
  readonly seen: Seen;
  sent = '';
  now = 0;
  over = false;

  constructor(contentLength: number, window: number) {
    this.stream = this.host.begin({ contentLength }, { window });
    this.seen = new Seen(this.stream);
  }

  do(what: string, bytes: number): void {
    const { stream, seen, host } = this;
    switch (what) {
      case 'data':
      case 'end':
        this.#read(what === 'end', bytes);
        break;
      case 'open':
        if (!this.#isOpen) break;
        host.sender.opened(stream, bytes);
        host.sender.flush();
        break;
      case 'write':
        stream.write(Buffer.alloc(bytes));
        break;
      case 'send':
        seen.answer('x'.repeat(bytes));
        break;
      case 'begin':
        stream.begin(bytes < 0 ? CHUNKED : ownHead(200, bytes));
        break;
      case 'sweep':
        this.now += bytes;
        if (this.#isOpen && stream.sweep(this.now) !== null) this.#leave();
        break;
      case 'takes':
        seen.takes = bytes === 1;
        break;
      case 'limit':
        stream.limitBody(bytes);
        break;
      case 'receive':
        stream.receive();
        break;
      case 'resume':
        stream.resumeBody();
        break;
      case 'finish':
        stream.finish();
        break;
      case 'cut':
        stream.cut();
        break;
      case 'interim':
        stream.interim(103, []);
        break;
      case 'fail':
        if (this.#isOpen) stream.bodyFailed('incomplete-request');
        break;
      case 'leave':
        this.#leave();
    }
  }

  get #isOpen(): boolean {
    return this.host.open.has(this.stream);
  }

  #read(ends: boolean, bytes: number): void {
    const { stream } = this;
    if (!this.#isOpen || stream.halfClosed) return;
    const piece = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'.slice(0, bytes);
    const fault = ends ? stream.bodyEnded() : stream.data(Buffer.from(piece), 0, bytes);
    this.sent += piece;
    if (fault === null) stream.deliver();
    else this.#leave();
  }

  #leave(): void {
    if (!this.#isOpen) return;
    this.host.open.delete(this.stream);
    this.stream.leave();
  }
}

const BODY_EVENTS = new Set(['end', 'body-too-large', 'request-timeout', 'incomplete-request']);

test('whatever client, handler and time do to an exchange, its reply and its events keep their order', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 120 })),
      fc.integer({ min: 0, max: 40 }),
      fc.array(act, { maxLength: 40 }),
      (contentLength, window, acts) => {
        const chaos = new Chaos(contentLength, window);
        // The host throws where something is said of a stream that is over.
        for (const { what, bytes } of acts) chaos.do(what, bytes);
        const { log, body } = chaos.seen;
        const said = chaos.host.said();
        const finals = said.filter((line) => line.startsWith('head :status: 200'));
        const ends = said.filter((line) => line.startsWith('end '));
        assert.ok(finals.length <= 1 && ends.length <= 1);
        assert.ok(said.filter((line) => line.endsWith('$')).length <= 1);
        if (ends.length === 1) assert.equal(said.at(-1), ends[0]);
        assert.ok(log.indexOf('gone') < 0 || log.indexOf('gone') === log.length - 1, 'nothing behind `gone`');
        const bodyEvents = log.filter((event) => BODY_EVENTS.has(event));
        assert.ok(bodyEvents.length <= 1);
        if (bodyEvents.length === 1) assert.ok(log.lastIndexOf('pieces') < log.indexOf(bodyEvents[0] as string));
        assert.ok(chaos.sent.startsWith(body));
        if (log.includes('end')) assert.equal(body, chaos.sent);
        const consumed = said
          .filter((line) => line.startsWith('consumed'))
          .map((line) => Number.parseInt(line.slice(9), 10));
        assert.ok(consumed.reduce((sum, bytes) => sum + bytes, 0) <= chaos.sent.length);
        if (!chaos.host.open.has(chaos.stream)) assert.equal(chaos.host.sender.heldBytes, 0);
      },
    ),
    { numRuns: 1_000 },
  );
});
