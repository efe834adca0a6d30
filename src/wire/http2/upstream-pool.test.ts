import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ErrorCode } from './protocol.ts';
import {
  data,
  type FakeUpstream,
  firstWindow,
  goaway,
  pair,
  reply,
  rst,
  streamsAtOnce,
  UpstreamBench,
} from './upstream-fixture.test.ts';

const ONE = { address: '192.0.2.1' };
const sized = (bytes: number) => ({ kind: 'length', bytes }) as const;

test('nothing is asked before the settings of the upstream have come', () => {
  const bench = new UpstreamBench();
  const caller = bench.call();
  const peer = bench.peer();
  peer.emit('connect');
  assert.ok(peer.text.startsWith('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
  assert.deepEqual(peer.asked, []);
  peer.greet();
  assert.deepEqual(peer.asked, [1]);
  peer.says(reply(1), data(1, 'hello', true));
  assert.deepEqual([caller.log, caller.body, caller.reply?.status], [['whole'], 'hello', 200]);
});

test('the preface forbids pushes, says what is read of heads, and opens the window of the connection', () => {
  const { peer } = new UpstreamBench().opened();
  assert.deepEqual(peer.all('setting'), [
    ['setting', 2, 0],
    ['setting', 6, 16_384],
  ]);
  assert.deepEqual(peer.all('windowUpdate'), [['windowUpdate', 0, 1_048_576 - 65_535]]);
  assert.equal(peer.all('settingsAck').length, 1);
});

test('a head goes out with its pseudo fields first, and ends the stream where there is no body', () => {
  const bench = new UpstreamBench();
  const { peer } = bench.opened({ target: '/a?b=c', added: ['x-one', '1'], lines: 'via: 1.1 portcullis\r\n' });
  bench.call({ method: 'POST', framing: sized(2) });
  bench.call({ method: 'DELETE' });
  assert.deepEqual(peer.all('headerBlock'), [
    [
      'headerBlock',
      1,
      true,
      ':method: GET\n:scheme: http\n:authority: up.test\n:path: /a?b=c\nvia: 1.1 portcullis\nx-one: 1',
    ],
    ['headerBlock', 3, false, ':method: POST\n:scheme: http\n:authority: up.test\n:path: /\ncontent-length: 2'],
    ['headerBlock', 5, true, ':method: DELETE\n:scheme: http\n:authority: up.test\n:path: /'],
  ]);
});

test('many calls share one connection, and their replies may come in any order and in pieces', () => {
  const bench = new UpstreamBench();
  const { caller: first, peer } = bench.opened();
  const second = bench.call();
  const third = bench.call();
  assert.equal(bench.peers.length, 1);
  peer.says(reply(5), reply(3), data(5, 'third'), data(3, 'sec'), reply(1, { ends: true }), data(5, '', true));
  assert.deepEqual([third.log, third.body], [['whole'], 'third']);
  assert.deepEqual([first.log, first.body], [['whole'], '']);
  assert.deepEqual(second.log, ['head', 'pieces']);
  peer.says(data(3, 'ond', true));
  assert.deepEqual([second.log, second.body], [['head', 'pieces', 'pieces', 'end'], 'second']);
  assert.deepEqual(bench.pool.counts, { idle: 1, busy: 0, waiting: 0 });
});

test('no more streams are opened than the upstream allows, nor more than a hundred; the next connection takes the rest', () => {
  for (const [pairs, limit] of [
    [[streamsAtOnce(2)], 2],
    [[], 100],
    [[streamsAtOnce(1_000)], 100],
  ] as const) {
    const bench = new UpstreamBench();
    const { peer } = bench.opened({}, ...pairs);
    for (let count = 1; count < limit + 2; count++) bench.call();
    assert.equal(peer.asked.length, limit);
    assert.equal(bench.peers.length, 2);
    assert.equal(bench.pool.counts.waiting, 2);
    bench.peer(1).greet();
    assert.deepEqual(bench.peer(1).asked, [1, 3]);
  }
});

test('a call that waits takes the place of one that has ended', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 10 });
  const { peer } = bench.opened({}, streamsAtOnce(1));
  const second = bench.call({ target: '/second' });
  assert.deepEqual(peer.asked, [1]);
  peer.says(reply(1, { ends: true }));
  assert.deepEqual(peer.asked, [1, 3]);
  peer.says(reply(3), data(3, 'x', true));
  assert.equal(second.body, 'x');
  assert.equal(bench.peers.length, 1);
});

test('an upstream that raises its limit later gets those that wait', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 10 });
  const { peer } = bench.opened({}, streamsAtOnce(0));
  assert.deepEqual(peer.asked, []);
  peer.says(peerSettings(streamsAtOnce(3)));
  assert.deepEqual(peer.asked, [1]);
});

const peerSettings = (...pairs: readonly string[]): string =>
  Buffer.from([0, 0, 6 * pairs.length, 4, 0, 0, 0, 0, 0]).toString('latin1') + pairs.join('');

test('the queue is bounded in length and in time', async () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 1 });
  bench.opened({}, streamsAtOnce(1));
  const second = bench.call();
  const third = bench.call();
  assert.deepEqual(third.log, [], 'not before the call has returned');
  await third.over();
  assert.equal(third.failure?.code, 'upstream-overloaded');
  bench.pass(3_500);
  assert.equal(second.failure?.code, 'upstream-overloaded');
  assert.deepEqual(bench.pool.counts, { idle: 0, busy: 1, waiting: 0 });
});

test('where no connection comes about, all that wait for it hear why, at once', () => {
  const bench = new UpstreamBench();
  const callers = [bench.call(), bench.call({ method: 'POST' }), bench.call()];
  assert.equal(bench.peers.length, 1);
  bench.peer().emit('error', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
  for (const { failure } of callers) {
    assert.deepEqual(failure, { code: 'upstream-unreachable', detail: 'ECONNREFUSED', unprocessed: true });
  }
  assert.equal(bench.peers.length, 1);
});

const refuse = (bench: UpstreamBench, at: number): void => {
  bench.peer(at).emit('error', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
};

test('while a connection is full and the upstream refuses others, it is asked for one at each sweep and no oftener', () => {
  const bench = new UpstreamBench();
  bench.opened({}, streamsAtOnce(1));
  const waiting = bench.call();
  for (let at = 1; at <= 3; at++) {
    assert.equal(bench.peers.length, at + 1);
    refuse(bench, at);
    assert.equal(bench.peers.length, at + 1);
    bench.call();
    assert.equal(bench.peers.length, at + 1);
    bench.pass(500);
  }
  assert.equal(waiting.failure, null);
});

test('a connection that takes no more calls keeps nobody waiting where the upstream refuses others', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  peer.says(goaway(1));
  const next = bench.call();
  refuse(bench, 1);
  assert.deepEqual(next.failure, { code: 'upstream-unreachable', detail: 'ECONNREFUSED', unprocessed: true });
  assert.equal(caller.failure, null);
  assert.equal(bench.peers.length, 2);
});

test('connecting and the first settings have their time', () => {
  for (const prepare of [() => {}, (bench: UpstreamBench) => bench.peer().emit('connect')]) {
    const bench = new UpstreamBench();
    const caller = bench.call();
    prepare(bench);
    bench.pass(3_000);
    assert.deepEqual(caller.log, []);
    bench.pass(500);
    assert.equal(caller.failure?.code, 'upstream-timeout');
    assert.ok(bench.peer().destroyed);
  }
});

test('an upstream that allows no call is not asked to connect over and over', () => {
  const bench = new UpstreamBench();
  const caller = bench.call();
  bench.peer().greet(streamsAtOnce(0));
  bench.peer().says(goaway(0));
  assert.match(caller.failure?.code ?? '', /^upstream-/);
  assert.equal(bench.peers.length, 2);
  bench.peer(1).greet(streamsAtOnce(0)).says(goaway(0));
  assert.equal(bench.peers.length, 2);
});

test('what the upstream has not begun when it goes away is asked over another connection, whatever its method', () => {
  const bench = new UpstreamBench();
  const { caller: first, peer } = bench.opened();
  const second = bench.call({ method: 'POST', target: '/second' });
  peer.says(goaway(1));
  assert.equal(bench.peers.length, 2);
  bench
    .peer(1)
    .greet()
    .says(reply(1), data(1, 'again', true));
  assert.deepEqual([second.log, second.body], [['whole'], 'again']);
  peer.says(reply(1), data(1, 'still here', true));
  assert.equal(first.body, 'still here');
  assert.ok(peer.destroyed, 'closed behind the last');
  assert.deepEqual(bench.pool.counts, { idle: 1, busy: 0, waiting: 0 });
});

test('a body is not kept, so that a request with one is not asked again', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'PUT', framing: sized(4) });
  caller.call?.write([Buffer.from('ab')]);
  peer.says(goaway(0));
  assert.equal(caller.failure?.code, 'upstream-unreachable');
  assert.equal(bench.peers.length, 1);
});

test('a call is asked again once', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  peer.says(goaway(0));
  bench.peer(1).greet().says(goaway(0));
  assert.equal(caller.failure?.code, 'upstream-unreachable');
  assert.equal(bench.peers.length, 2);
});

test('a refused stream is asked for over another connection; one that refuses a second time is left', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened({ method: 'POST' });
  const other = bench.call();
  peer.says(rst(1, ErrorCode.refusedStream));
  bench
    .peer(1)
    .greet()
    .says(reply(1, { ends: true }));
  assert.deepEqual(caller.log, ['whole']);
  bench.call({ target: '/next' });
  assert.deepEqual(peer.asked, [1, 3], 'for the moment it is let be');
  bench.pass(500);
  bench.call({ target: '/later' });
  assert.deepEqual(peer.asked, [1, 3, 5]);
  peer.says(rst(5, ErrorCode.refusedStream));
  bench.pass(500);
  bench.call({ target: '/never' });
  assert.deepEqual(peer.asked, [1, 3, 5]);
  peer.says(reply(3, { ends: true }));
  assert.deepEqual(other.log, ['whole']);
  assert.ok(peer.destroyed);
});

test('a stream reset for any other reason, or after something of its reply, is not asked for again', () => {
  const cases: readonly (readonly string[])[] = [
    [rst(1, ErrorCode.cancel)],
    [rst(1, ErrorCode.noError)],
    [rst(1, ErrorCode.http11Required)],
    [reply(1, { status: '103' }), rst(1, ErrorCode.refusedStream)],
    [reply(1), rst(1, ErrorCode.refusedStream)],
    [reply(1), data(1, 'half'), rst(1, ErrorCode.noError)],
  ];
  for (const frames of cases) {
    const bench = new UpstreamBench();
    const { caller, peer } = bench.opened();
    peer.says(...frames);
    assert.equal(caller.failure?.code, 'upstream-incomplete-reply', JSON.stringify(frames));
    assert.equal(caller.ends, 1);
    assert.equal(bench.peers.length, 1);
  }
});

test('when a connection that was good before is cut, what may be repeated is, once', () => {
  const bench = new UpstreamBench();
  const { peer } = bench.opened();
  peer.says(reply(1, { ends: true }));
  const get = bench.call({ target: '/get' });
  const put = bench.call({ method: 'PUT', target: '/put' });
  const post = bench.call({ method: 'POST', target: '/post' });
  const begun = bench.call({ target: '/begun' });
  peer.says(reply(9), data(9, 'half'));
  peer.hangUp();
  assert.equal(post.failure?.code, 'upstream-unreachable');
  assert.equal(begun.failure?.code, 'upstream-incomplete-reply');
  bench.peer(1).greet();
  const paths = bench
    .peer(1)
    .all('headerBlock')
    .map(([, , , lines]) => /:path: (.*)/.exec(String(lines))?.[1]);
  assert.deepEqual(new Set(paths), new Set(['/get', '/put']));
  bench.peer(1).says(reply(1, { ends: true }), reply(3, { ends: true }));
  assert.deepEqual([get.log, put.log], [['whole'], ['whole']]);
});

test('when a new connection is cut before its first reply, nothing is repeated', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  peer.hangUp();
  assert.equal(caller.failure?.code, 'upstream-unreachable');
  assert.equal(bench.peers.length, 1);
});

/** A connection that has served a call, and whose texts go out at the end of the turn, as those of a socket do. */
function putsOff(bench: UpstreamBench): FakeUpstream {
  const { peer } = bench.opened();
  peer.says(reply(1, { ends: true }));
  peer._handle = {
    useUserBuffer() {},
    writeLatin1String(_request: null, text: string): number {
      peer.text += text;
      return 0;
    },
  } as NonNullable<FakeUpstream['_handle']>;
  return peer;
}

test('a request of which nothing was sent goes over another connection, whatever its method', async () => {
  const bench = new UpstreamBench();
  const peer = putsOff(bench);
  const caller = bench.call({ method: 'POST' });
  peer.hangUp();
  bench
    .peer(1)
    .greet()
    .says(reply(1, { ends: true }));
  assert.deepEqual(caller.log, ['whole']);
  await setImmediate();
  assert.deepEqual(peer.asked, [1]);
});

test('a request that was sent in the turn before is not sent again, whatever waits to be sent since', async () => {
  const bench = new UpstreamBench();
  const peer = putsOff(bench);
  const caller = bench.call({ method: 'POST' });
  await setImmediate();
  const later = bench.call({ method: 'POST' });
  peer.hangUp();
  assert.equal(caller.failure?.code, 'upstream-unreachable');
  assert.deepEqual([later.log, bench.peers.length], [[], 2]);
  assert.deepEqual(peer.asked, [1, 3]);
});

test('a request that goes out with our last words is not sent again', () => {
  const bench = new UpstreamBench();
  const peer = putsOff(bench);
  const caller = bench.call({ method: 'POST' });
  peer.says('garbage that is no frame at all');
  assert.equal(caller.failure?.code, 'upstream-malformed-reply');
  assert.equal(bench.peers.length, 1);
});

test('what failed by a timeout or by a fault of the upstream is not repeated', () => {
  const bench = new UpstreamBench();
  const { peer } = bench.opened();
  peer.says(reply(1, { ends: true }));
  const caller = bench.call();
  peer.says(pair(0, 0));
  peer.says('HTTP/1.1 200 OK\r\n\r\n');
  assert.equal(caller.failure?.code, 'upstream-malformed-reply');
  assert.equal(bench.peers.length, 1);
});

test('a call that is given up resets its stream, and nobody hears of what still comes of it', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  const other = bench.call();
  peer.says(reply(1), data(1, 'half'));
  caller.call?.abort();
  caller.call?.abort();
  assert.deepEqual(peer.resets, [`1 ${ErrorCode.cancel}`]);
  peer.says(data(1, 'more'.repeat(4_000)), data(1, '', true), reply(3), data(3, 'x', true));
  assert.deepEqual(caller.log, ['head', 'pieces']);
  assert.equal(other.body, 'x');
  assert.equal(peer.goneBy, null);
});

test('a call that is given up while it waits is never sent', () => {
  const bench = new UpstreamBench();
  const given = bench.call();
  const other = bench.call({ target: '/other' });
  given.call?.abort();
  bench.peer().greet();
  assert.equal(bench.peer().asked.length, 1);
  assert.match(String(bench.peer().all('headerBlock')[0]?.[3]), /:path: \/other/);
  assert.deepEqual([given.log, other.log], [[], []]);
});

test('a connection on which a hundred calls were given up takes no more of them', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  for (let count = 0; count < 99; count++) bench.call().call?.abort();
  assert.equal(bench.peers.length, 1);
  bench.call().call?.abort();
  bench.call();
  assert.equal(peer.resets.length, 100);
  assert.equal(bench.peers.length, 2);
  peer.says(reply(1, { ends: true }));
  assert.deepEqual(caller.log, ['whole']);
  assert.ok(peer.destroyed);
});

test('a connection without calls is closed after a minute', () => {
  const bench = new UpstreamBench();
  const { peer } = bench.opened();
  peer.says(reply(1, { ends: true }));
  bench.pass(60_000);
  assert.equal(peer.destroyed, false);
  bench.pass(1_000);
  assert.equal(peer.goneBy, ErrorCode.noError);
  assert.ok(peer.destroyed);
  assert.deepEqual(bench.pool.counts, { idle: 0, busy: 0, waiting: 0 });
});

test('a pool that is closed lets what is open end', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  bench.pool.close();
  assert.equal(peer.destroyed, false);
  peer.says(reply(1), data(1, 'x', true));
  assert.equal(caller.body, 'x');
  assert.ok(peer.destroyed);
});

test('connections that only end what they have do not keep new ones from being opened', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 10 });
  for (let count = 0; count < 128; count++) {
    const { peer } = bench.opened();
    peer.says(goaway(1));
  }
  assert.equal(bench.peers.length, 128);
  bench.call();
  assert.equal(bench.peers.length, 128, 'but so many and no more');
});

test('nor may they carry more than eight hundred calls for each that takes new ones', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 1_000 });
  for (let count = 0; count < 8; count++) {
    const { peer } = bench.opened();
    for (let call = 1; call < 100; call++) bench.call();
    peer.says(goaway(199));
  }
  bench.call();
  assert.equal(bench.peers.length, 8);
  bench.peer(0).says(reply(1, { ends: true }));
  bench.pass(500);
  assert.equal(bench.peers.length, 9);
});

test('a connection that is worn by calls given up takes some again when time has passed', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 200 });
  const { peer } = bench.opened();
  for (let count = 0; count < 100; count++) bench.call().call?.abort();
  bench.call({ target: '/elsewhere' });
  bench.peer(1).emit('error', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
  const asked = peer.asked.length;
  bench.pass(500);
  bench.call({ target: '/again' });
  assert.equal(peer.asked.length, asked + 1);
  assert.equal(bench.peers.length, 2);
});

test('a connection that is cut before its greeting was asked nothing: another is tried once', () => {
  for (const cut of ['end', 'close', 'error'] as const) {
    const bench = new UpstreamBench();
    const callers = [bench.call({ target: '/0', method: 'POST' }, ONE), bench.call({ target: '/1' }, ONE)];
    bench.peer().emit('connect');
    bench.peer().emit(cut, Object.assign(new Error('x'), { code: 'ECONNRESET' }));
    assert.deepEqual([callers[0]?.log, bench.peers.length], [[], 2], cut);
    bench.peer(1).greet();
    assert.match(String(bench.peer(1).all('headerBlock')[0]?.[3]), /:path: \/0/, cut);
    bench.peer(1).says(reply(1, { ends: true }), reply(3, { ends: true }));
    assert.deepEqual(
      callers.map(({ log }) => log),
      [['whole'], ['whole']],
      cut,
    );
  }
  const bench = new UpstreamBench();
  const caller = bench.call();
  for (const at of [0, 1]) {
    bench.peer(at).emit('connect');
    bench.peer(at).hangUp();
  }
  assert.equal(caller.failure?.code, 'upstream-unreachable');
  assert.equal(bench.peers.length, 2);
});

test('each call that waits has its time, whichever of them waits behind one that is asked again', () => {
  const bench = new UpstreamBench({ connectMs: 1_000 }, { connections: 1, waiting: 10 });
  const { peer } = bench.opened({}, streamsAtOnce(2));
  const refused = bench.call({}, ONE);
  const waiting = bench.call({}, ONE);
  bench.pass(1_000);
  peer.says(peerSettings(streamsAtOnce(1)), rst(3, ErrorCode.refusedStream));
  bench.pass(500);
  assert.equal(waiting.failure?.code, 'upstream-overloaded');
  assert.deepEqual(refused.log, []);
});

test('a network that fills its share of streams leaves the rest to others, and waits for its own', async () => {
  const bench = new UpstreamBench({}, { connections: 2, waiting: 100 });
  const { peer } = bench.opened({}, streamsAtOnce(8));
  peer.says(reply(1, { ends: true }));
  const slow = Array.from({ length: 60 }, () => bench.call({}, ONE));
  assert.deepEqual([peer.asked.length, bench.peers.length], [1 + 8, 1]);
  assert.equal(bench.pool.counts.waiting, 50);
  await slow.at(-1)?.over();
  assert.equal(slow.at(-1)?.failure?.code, 'upstream-overloaded');
  const other = bench.call({}, { address: '192.0.2.2' });
  const next = bench.peer(1).greet(streamsAtOnce(8));
  assert.deepEqual([next.asked, peer.asked.length], [[1], 9], 'another gets a connection, and they do not');
  next.says(reply(1, { ends: true }));
  assert.deepEqual(other.log, ['whole']);
  assert.equal(bench.pool.counts.waiting, 50);
  peer.says(reply(3, { ends: true }));
  assert.deepEqual(slow[0]?.log, ['whole']);
  assert.equal(bench.pool.counts.waiting, 49);
});

test('streams on connections that only end what they have are counted, and take no share from the others', () => {
  const bench = new UpstreamBench({}, { connections: 1, waiting: 100 });
  const { peer } = bench.opened({}, streamsAtOnce(8));
  for (let count = 0; count < 7; count++) bench.call();
  peer.says(goaway(15));
  bench.call({}, ONE);
  const next = bench.peer(1).greet(streamsAtOnce(8));
  for (let count = 0; count < 7; count++) bench.call({}, ONE);
  assert.equal(next.asked.length, 4, 'half of what is left beside them');
  bench.call({}, { address: '192.0.2.2' });
  assert.equal(next.asked.length, 5);
});

test('a pool is gone when the last words of its last connection are out', () => {
  const bench = new UpstreamBench();
  const { caller, peer } = bench.opened();
  assert.equal(bench.pool.isGone, false);
  bench.pool.close();
  assert.equal(bench.pool.isGone, false);
  peer.says(reply(1), data(1, 'x', true));
  assert.equal(caller.body, 'x');
  bench.pass(500);
  assert.ok(peer.destroyed);
  assert.equal(bench.pool.isGone, true);
});

test('a body that is written early waits for the connection', () => {
  const bench = new UpstreamBench();
  const caller = bench.call({ method: 'POST', framing: sized(5) });
  assert.equal(caller.call?.write([Buffer.from('he'), Buffer.from('llo')]), false);
  caller.call?.finish();
  bench.peer().greet(firstWindow(65_535));
  assert.equal(bench.peer().sent(1), 5);
  assert.equal(bench.peer().all('dataEnds').at(-1)?.[3], true);
  assert.equal(bench.peer().all('dataEnds').length, 2, 'the end rides on the last data');
});
