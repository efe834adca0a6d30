import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { freePort, selfSigned, until } from './peers.test.ts';
import { answers, lengthOf, type Rig, rig, type RigOptions, sized } from './upstream-peer.test.ts';

async function open(t: TestContext, options: RigOptions): Promise<Rig> {
  const built = await rig(options);
  t.after(() => built.close());
  return built;
}

let certPem: string;
let context: SecureContext;

before(async () => {
  const { certPem: cert, keyPem } = await selfSigned('localhost', '127.0.0.1');
  certPem = cert;
  context = createSecureContext({ cert, key: keyPem });
});

test('a connection carries one call after the other', async (t) => {
  const { call, heard, pool } = await open(t, { answer: answers(sized('a')) });
  for (let count = 0; count < 5; count++) assert.equal((await call().over()).body, 'a');
  assert.equal(heard.length, 1);
  assert.deepEqual(pool.counts, { idle: 1, busy: 0, waiting: 0 });
});

test('a call from within the end of another takes the same connection', async (t) => {
  const { call, heard } = await open(t, { answer: answers(sized('a')) });
  const first = call();
  let second: ReturnType<typeof call> | null = null;
  first.onEvent = () => (second = call());
  await first.over();
  await until(() => second?.ends === 1);
  assert.equal(heard.length, 1);
});

test('calls at the same time have connections of their own', async (t) => {
  const { call, heard, pool } = await open(t, {});
  const callers = [call(), call(), call()];
  await until(() => heard.length === 3 && heard.every(({ text }) => text !== ''));
  assert.deepEqual(pool.counts, { idle: 0, busy: 3, waiting: 0 });
  for (const { socket } of heard) socket.write(sized('a'));
  for (const caller of callers) await caller.over();
  assert.deepEqual(pool.counts, { idle: 3, busy: 0, waiting: 0 });
});

test('when a kept connection turns out closed, a request that may be repeated is sent again, once', async (t) => {
  const { call, heard } = await open(t, {
    answer: (one, connection) => {
      if (connection === 0 && one.text.includes('/second')) one.socket.destroy();
      else if (connection > 0 && one.text.includes('/third')) one.socket.destroy();
      else answers(sized(`from ${connection}`))(one);
    },
  });
  assert.equal((await call().over()).body, 'from 0');
  const again = await call({ target: '/second' }).over();
  assert.deepEqual([again.log, again.body], [['whole'], 'from 1']);
  const lost = await call({ target: '/third' }).over();
  assert.deepEqual(lost.log, ['upstream-unreachable']);
  assert.equal(heard.length, 3);
});

test('a request that may not be repeated is not', async (t) => {
  for (const request of [{ method: 'POST' }, { method: 'PATCH' }, { method: 'PUT', framing: lengthOf(2) }] as const) {
    const { call, heard } = await open(t, {
      answer: (one) => {
        if (one.text.startsWith('GET')) answers(sized('a'))(one);
        else one.socket.destroy();
      },
    });
    await call().over();
    const caller = call(request);
    if ('framing' in request) {
      caller.call?.write([Buffer.from('ab')]);
      caller.call?.finish();
    }
    await caller.over();
    assert.match(caller.failure?.code ?? '', /upstream-(unreachable|incomplete-reply)/);
    assert.equal(heard.length, 1, request.method);
  }
});

test('a request is not repeated once a byte of its reply has come, nor on a connection that was new', async (t) => {
  const { call, heard } = await open(t, {
    answer: (one) => {
      if (one.text.includes('/cut')) one.socket.end('HTTP');
      else if (one.text.includes('/new')) one.socket.end();
      else answers(sized('a'))(one);
    },
  });
  await call().over();
  assert.deepEqual((await call({ target: '/cut' }).over()).log, ['upstream-incomplete-reply']);
  assert.equal(heard.length, 1);
  assert.deepEqual((await call({ target: '/new' }).over()).log, ['upstream-unreachable']);
  assert.equal(heard.length, 2);
});

test('what an upstream sends before it was asked is the reply to nothing, and the request goes elsewhere', async (t) => {
  const { call, heard } = await open(t, {
    answer: (one, connection) => answers(sized(`from ${connection}`))(one),
  });
  assert.equal((await call().over()).body, 'from 0');
  await setImmediate();
  heard[0]?.socket.write(sized('somebody else’s'));
  const next = await call({ target: '/second' }).over();
  assert.deepEqual([next.log, next.body], [['whole'], 'from 1']);
  assert.equal(heard[0]?.text.includes('/second'), false);
});

test('a request of which nothing was sent goes over another connection, whatever its method, and once', async (t) => {
  for (const spoil of [(socket: Socket) => socket.end(), (socket: Socket) => socket.write('HTTP')]) {
    const { call, heard } = await open(t, {
      answer: (one, connection) => {
        if (one.text.includes('/last')) one.socket.destroy();
        else answers(sized(`from ${connection}`))(one);
      },
    });
    await call().over();
    await setImmediate();
    spoil(heard[0]?.socket as Socket);
    const next = await call({ method: 'POST', target: '/second' }).over();
    assert.deepEqual([next.log, next.body], [['whole'], 'from 1']);
    assert.equal(heard[0]?.text.includes('/second'), false);
    assert.match((await call({ method: 'POST', target: '/last' }).over()).log.join(), /^upstream-/);
    assert.equal(heard.length, 2);
  }
});

test('a request that is given up in the turn in which it was made is not sent', async (t) => {
  const { call, heard, pool } = await open(t, { answer: answers(sized('a')) });
  await call().over();
  const given = call({ target: '/second' });
  given.call?.abort();
  await until(() => pool.counts.busy === 0);
  await call({ target: '/third' }).over();
  assert.equal(
    heard.some(({ text }) => text.includes('/second')),
    false,
  );
});

test('an upstream that is not there is told as unreachable', async (t) => {
  const { call } = await open(t, { target: { port: await freePort() } });
  const caller = await call().over();
  assert.deepEqual([caller.failure?.code, caller.failure?.detail], ['upstream-unreachable', 'ECONNREFUSED']);
});

test('a connection that does not come about has its time', async (t) => {
  // A TLS handshake that nobody answers: the TCP connection alone is no connection.
  const { call, pass, heard } = await open(t, { target: { scheme: 'https', ca: certPem } });
  const caller = call({ method: 'POST', framing: lengthOf(5) });
  assert.equal(caller.call?.write([Buffer.from('hello')]), false);
  await until(() => heard.length === 1);
  pass(3_000);
  assert.deepEqual(caller.log, []);
  pass(500);
  assert.deepEqual(caller.log, ['upstream-timeout']);
});

test('a reply has its time from the end of the request, and a head that drips gets no more', async (t) => {
  const { call, pass, heard } = await open(t, {});
  const caller = call();
  await until(() => heard[0]?.text !== undefined && heard[0].text !== '');
  pass(20_000);
  heard[0]?.socket.write('HTTP/1.1 200 OK\r\nX:');
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  pass(10_000);
  assert.deepEqual(caller.log, []);
  pass(500);
  assert.deepEqual(caller.log, ['upstream-timeout']);
});

test('a body that stands still has its time, one that comes bit by bit does not run out of it', async (t) => {
  const { call, pass, heard } = await open(t, { answer: answers('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx') });
  const caller = call();
  await caller.has('pieces');
  for (let round = 2; round < 6; round++) {
    pass(15_000);
    heard[0]?.socket.write('x');
    await until(() => caller.body.length === round);
  }
  pass(20_500);
  assert.equal(caller.log.at(-1), 'upstream-timeout');
});

test('a client that lets a body wait is not the upstream’s fault, on either side', async (t) => {
  const { call, pass, heard } = await open(t, {
    answer: (one) => {
      if (one.text.endsWith('hello')) one.socket.write(sized('x'.repeat(200_000)));
    },
  });
  const caller = call({ method: 'POST', framing: lengthOf(5) });
  await until(() => heard[0]?.text.includes('\r\n\r\n') === true);
  pass(600_000);
  caller.takes = false;
  caller.call?.write([Buffer.from('hello')]);
  caller.call?.finish();
  await caller.has('pieces');
  pass(600_000);
  assert.equal(caller.ends, 0);
  caller.takes = true;
  caller.call?.resume();
  await caller.over();
  assert.equal(caller.log.at(-1), 'end');
});

test('an upload that the upstream does not take has its time', async (t) => {
  const { call, pass, heard } = await open(t, { onConnection: (socket) => void socket.pause() });
  const caller = call({ method: 'POST', framing: lengthOf(64 * 1_024 * 1_024) });
  await until(() => heard.length === 1);
  let stuck = false;
  for (let count = 0; count < 1_000 && !stuck; count++) {
    stuck = caller.call?.write([Buffer.alloc(65_536)]) === false;
    for (let turn = 0; stuck && turn < 20; turn++) {
      await setImmediate();
      if (caller.log.at(-1) === 'drained') {
        caller.log.length = 0;
        stuck = false;
      }
    }
  }
  assert.ok(stuck);
  pass(31_000);
  assert.equal(caller.log.at(-1), 'upstream-timeout');
});

test('an idle connection is closed before the upstream would do it', async (t) => {
  for (const [field, idleMs] of [
    ['X: 1', 4_000],
    ['Keep-Alive: timeout=10', 9_000],
    ['Keep-Alive: timeout=99999', 60_000],
    ['Keep-Alive: timeout=1', 0],
  ] as const) {
    const { call, pass, pool, heard } = await open(t, { answer: answers(sized('a', field)) });
    await call().over();
    pass(idleMs);
    assert.equal(pool.counts.idle, 1, field);
    pass(1_000);
    assert.equal(pool.counts.idle, 0, field);
    await until(() => heard[0]?.closed === true);
  }
});

test('a connection that the upstream closes while idle is forgotten', async (t) => {
  const { call, pool, heard } = await open(t, { answer: answers(sized('a')) });
  await call().over();
  heard[0]?.socket.end();
  await until(() => pool.counts.idle === 0);
});

test('no more connections than may be: further calls wait, in order, and no more of them than may', async (t) => {
  const { call, pool, heard } = await open(t, { room: { connections: 3, waiting: 4 } });
  const busy = [call(), call(), call()];
  const waiting = ['/w0', '/w1', '/w2', '/w3'].map((target) => call({ target }));
  assert.deepEqual(pool.counts, { idle: 0, busy: 3, waiting: 4 });
  const refused = call();
  assert.deepEqual(refused.log, [], 'nothing comes before the call has returned');
  await setImmediate();
  assert.deepEqual(refused.log, ['upstream-overloaded']);
  const forgotten = call();
  forgotten.call?.abort();
  await setImmediate();
  assert.deepEqual(forgotten.log, []);

  await until(() => heard.length === 3 && heard.every(({ text }) => text !== ''));
  heard[0]?.socket.write(sized('a'));
  await until(() => heard[0]?.text.includes('/w0') === true);
  busy[1]?.call?.abort();
  await until(() => heard[3]?.text.includes('/w1') === true);
  heard[2]?.socket.destroy();
  await until(() => heard[4]?.text.includes('/w2') === true);
  assert.deepEqual(pool.counts, { idle: 0, busy: 3, waiting: 1 });
  waiting[3]?.call?.abort();
  assert.deepEqual(pool.counts, { idle: 0, busy: 3, waiting: 0 });
  for (const caller of waiting) caller.call?.abort();
  assert.deepEqual(pool.counts, { idle: 0, busy: 0, waiting: 0 });
});

test('a network that fills its share leaves connections and places of the queue to others, and gets its own back', async (t) => {
  const { call, pool, heard } = await open(t, { room: { connections: 16, waiting: 16 } });
  const ONE = { address: '192.0.2.1' };
  const slow = Array.from({ length: 40 }, () => call({}, ONE));
  assert.deepEqual(pool.counts, { idle: 0, busy: 8, waiting: 8 });
  await until(() => slow.filter(({ ends }) => ends === 1).length === 24);
  const other = call({}, { address: '192.0.2.2' });
  assert.deepEqual(pool.counts, { idle: 0, busy: 9, waiting: 8 });
  await until(() => heard.length === 9 && heard.every(({ text }) => text !== ''));
  heard[8]?.socket.write(sized('fine'));
  assert.equal((await other.over()).body, 'fine');
  await until(() => pool.counts.busy === 8);
  assert.equal(pool.counts.waiting, 8, 'a free connection is not theirs');
  heard[0]?.socket.write(sized('a'));
  await until(() => pool.counts.waiting === 7);
  assert.equal(pool.counts.busy, 8);
  for (const caller of slow) caller.call?.abort();
  assert.deepEqual([pool.counts.busy, pool.counts.waiting], [0, 0]);
});

test('a call that waits gets the place of a connection that could not be kept', async (t) => {
  const { call, heard } = await open(t, {
    answer: answers(sized('a', 'Connection: close')),
    room: { connections: 1, waiting: 1 },
  });
  const callers = [call(), call()];
  for (const caller of callers) assert.equal((await caller.over()).body, 'a');
  assert.equal(heard.length, 2);
});

test('a body that is written while its call waits goes out when there is a connection', async (t) => {
  const { call, heard } = await open(t, { room: { connections: 1, waiting: 1 } });
  const first = call();
  const second = call({ method: 'POST', framing: { kind: 'chunked' } });
  assert.equal(second.call?.write([Buffer.from('he'), Buffer.from('llo')]), false);
  second.call?.finish();
  await until(() => heard[0]?.text !== undefined && heard[0].text !== '');
  heard[0]?.socket.write(sized('a'));
  await first.over();
  await until(() => heard[0]?.text.endsWith('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n') === true);
  heard[0]?.socket.write(sized('b'));
  assert.deepEqual((await second.over()).log, ['whole']);
});

test('a call that waits too long for a connection is refused, whatever the others do', async (t) => {
  const { call, pass, heard, pool } = await open(t, {
    room: { connections: 1, waiting: 2 },
    bounds: { connectMs: 1_000 },
  });
  const busy = call();
  await until(() => heard[0]?.text !== undefined && heard[0].text !== '');
  const waiting = call();
  pass(1_000);
  assert.deepEqual(waiting.log, []);
  pass(500);
  assert.deepEqual(waiting.log, ['upstream-overloaded']);
  assert.equal(busy.ends, 0);
  assert.deepEqual(pool.counts, { idle: 0, busy: 1, waiting: 0 });
});

test('a closed pool ends its idle connections now and its busy ones behind their replies', async (t) => {
  const { call, pool, heard } = await open(t, {});
  const first = call();
  const second = call();
  await until(() => heard.length === 2 && heard.every(({ text }) => text !== ''));
  heard[0]?.socket.write(sized('a'));
  heard[1]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb');
  await first.over();
  await second.has('pieces');
  pool.close();
  await until(() => heard[0]?.closed === true);
  heard[1]?.socket.write('b');
  await second.over();
  assert.equal(second.body, 'bb');
  await until(() => heard[1]?.closed === true);
  assert.deepEqual(pool.counts, { idle: 0, busy: 0, waiting: 0 });
});

/** Speaks TLS on the raw connections, and keeps what came in clear. */
function secured(clear: string[]): (socket: ConstructorParameters<typeof TLSSocket>[0]) => void {
  return (socket) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
    secure.on('error', () => {});
    secure.on('data', (bytes: Buffer) => {
      clear.push(bytes.toString('latin1'));
      if (clear.join('').includes('\r\n\r\n')) secure.write(sized('secret'));
    });
  };
}

test('an upstream over TLS is trusted by its name, or its address, and the CA that was given', async (t) => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const clear: string[] = [];
    const { call } = await open(t, { onConnection: secured(clear), target: { scheme: 'https', host, ca: certPem } });
    const caller = call({ method: 'POST', framing: lengthOf(5) });
    caller.call?.write([Buffer.from('hello')]);
    caller.call?.finish();
    await caller.over();
    assert.deepEqual([caller.body, caller.failure], ['secret', null]);
    await until(() => clear.join('').endsWith('hello'));
  }
});

test('an upstream that can’t be trusted gets not a byte of the request', async (t) => {
  const other = await selfSigned('localhost');
  for (const [ca, host] of [
    [null, 'localhost'],
    [other.certPem, 'localhost'],
    [certPem, '[::ffff:127.0.0.1]'],
  ] as const) {
    const clear: string[] = [];
    const { call } = await open(t, { onConnection: secured(clear), target: { scheme: 'https', host, ca } });
    const caller = call({ method: 'POST', added: ['authorization', 'Bearer secret'], framing: lengthOf(5) });
    caller.call?.write([Buffer.from('hello')]);
    caller.call?.finish();
    await caller.over();
    assert.equal(caller.failure?.code, 'upstream-tls', `${caller.failure?.detail}`);
    assert.deepEqual(clear, []);
  }
});

test('an upstream that speaks no TLS where it should is not trusted', async (t) => {
  const { call } = await open(t, {
    answer: (one) => void one.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    target: { scheme: 'https', ca: certPem },
  });
  assert.equal((await call().over()).failure?.code, 'upstream-tls');
});

test('a CA that is none trusts nobody', async (t) => {
  const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  const { call } = await open(t, { onConnection: secured([]), target: { scheme: 'https', host: 'localhost', ca } });
  assert.equal((await call().over()).failure?.code, 'upstream-tls');
});
