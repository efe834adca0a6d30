import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { until } from './peers.test.ts';
import { answers, type Caller, lengthOf, type Rig, rig, type RigOptions, sized } from './upstream-peer.test.ts';

async function open(t: TestContext, options: RigOptions): Promise<Rig> {
  const built = await rig(options);
  t.after(() => built.close());
  return built;
}

/** What a call gets whose upstream says this, and whether the connection is kept. */
async function heard(
  t: TestContext,
  text: string,
  options: { readonly method?: string; readonly end?: boolean } = {},
): Promise<{ caller: Caller; kept: boolean }> {
  const { pool, call } = await open(t, {
    answer: ({ socket }) => {
      socket.write(Buffer.from(text, 'latin1'));
      if (options.end === true) socket.end();
    },
  });
  const caller = await call({ method: options.method ?? 'GET' }).over();
  assert.equal(caller.ends, 1, caller.log.join());
  return { caller, kept: pool.counts.idle === 1 };
}

test('a reply that comes in one read is given whole, and the connection is kept', async (t) => {
  for (const [text, body] of [
    [sized('hello'), 'hello'],
    [sized(''), ''],
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n4;x\r\n you\r\n0\r\nX: 1\r\n\r\n',
      'hello you',
    ],
    ['HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['HTTP/1.1 304 Not Modified\r\n\r\n', ''],
  ] as const) {
    const { caller, kept } = await heard(t, text);
    assert.deepEqual([caller.log, caller.body, kept], [['whole'], body, true], text);
  }
});

test('a connection is not kept behind a body that is announced and must not come', async (t) => {
  const toHead = await heard(t, sized('').replace('Length: 0', 'Length: 5'), { method: 'HEAD' });
  assert.deepEqual([toHead.caller.log, toHead.kept, toHead.caller.reply?.announcedLength], [['whole'], false, 5]);
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.equal((await heard(t, chunked, { method: 'HEAD' })).kept, false);
  assert.equal((await heard(t, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n')).kept, false);
  assert.equal((await heard(t, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { method: 'HEAD' })).kept, true);
});

test('a reply cut at any byte is the same reply', async (t) => {
  const text =
    'HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  let cut = 0;
  const { call } = await open(t, {
    answer: ({ socket }) => {
      socket.write(text.slice(0, cut));
      // The rest goes out in a read of its own.
      globalThis.setImmediate(() => globalThis.setImmediate(() => socket.write(text.slice(cut))));
    },
  });
  for (cut = 1; cut < text.length; cut++) {
    const caller = await call().over();
    assert.deepEqual(
      [caller.body, caller.reply?.status, caller.ends, caller.log[0]],
      ['hello', 200, 1, 'interim 103'],
      `${cut}`,
    );
  }
});

test('a body until the close ends with it, and a connection is never kept after one', async (t) => {
  const { caller, kept } = await heard(t, 'HTTP/1.1 200 OK\r\n\r\nhello', { end: true });
  assert.deepEqual([caller.log, caller.body, kept], [['head', 'pieces', 'end'], 'hello', false]);
});

test('a reply of HTTP/1.0, or with close, is given and its connection not kept', async (t) => {
  for (const text of [sized('a').replace('1.1', '1.0'), sized('a', 'Connection: close')]) {
    const { caller, kept } = await heard(t, text);
    assert.deepEqual([caller.log, caller.body, kept], [['whole'], 'a', false]);
  }
});

test('bytes behind a reply are nobody’s: it is given, and the connection destroyed', async (t) => {
  for (const text of [
    `${sized('hello')}x`,
    sized('hello') + sized('next'),
    'HTTP/1.1 204 No Content\r\n\r\nx',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ]) {
    const { caller, kept } = await heard(t, text);
    assert.deepEqual([caller.log, kept], [['whole'], false], text);
  }
  const toHead = await heard(t, sized('hello'), { method: 'HEAD' });
  assert.deepEqual([toHead.caller.log, toHead.caller.body, toHead.kept], [['whole'], '', false]);
});

test('bytes on an idle connection end it before anybody uses it', async (t) => {
  const { pool, call, heard: connections } = await open(t, { answer: answers(sized('a')) });
  await call().over();
  connections[0]?.socket.write(sized('poison'));
  await until(() => pool.counts.idle === 0);
  const next = await call().over();
  assert.equal(next.body, 'a');
  assert.equal(connections.length, 2);
});

test('a reply whose framing is in doubt is none', async (t) => {
  for (const text of [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
    'HTTP/1.1 200 OK\r\nX: 1\n\r\n\r\n',
    'HTTP/1.1 099 x\r\n\r\n',
    'HTTP/1.1 999 x\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11) + sized('a'),
    `HTTP/1.1 200 OK\r\nX: ${'v'.repeat(17_000)}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\nX: ${'v'.repeat(20_000)}`,
    `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(200)}\r\n`,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\na',
  ]) {
    const { caller, kept } = await heard(t, text);
    assert.equal(caller.ends, 1);
    assert.equal(caller.failure?.code, 'upstream-malformed-reply', `${text.slice(0, 80)}: ${caller.log.join()}`);
    assert.equal(kept, false);
    assert.equal(caller.log.includes('head') || caller.log.includes('pieces'), false, 'nothing was passed on');
  }
});

test('ten interim replies are passed on', async (t) => {
  const { caller } = await heard(t, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10) + sized('a'));
  assert.deepEqual(caller.log, [...Array.from({ length: 10 }, () => 'interim 103'), 'whole']);
});

test('a connection that closes before the reply is whole fails the call, never ends it', async (t) => {
  for (const [text, log] of [
    ['', ['upstream-unreachable']],
    ['HTTP/1.1 200', ['upstream-incomplete-reply']],
    ['HTTP/1.1 103 Early Hints\r\n\r\n', ['interim 103', 'upstream-incomplete-reply']],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', ['head', 'upstream-incomplete-reply']],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', ['head', 'pieces', 'upstream-incomplete-reply']],
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      ['head', 'pieces', 'upstream-incomplete-reply'],
    ],
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
      ['head', 'pieces', 'upstream-incomplete-reply'],
    ],
  ] as const) {
    const { caller, kept } = await heard(t, text, { end: true });
    assert.deepEqual([caller.log, kept], [log, false], JSON.stringify(text));
  }
});

test('a broken chunk after good ones fails the call, and nothing of its read is passed on', async (t) => {
  const { call, heard: connections } = await open(t, {
    answer: answers('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  });
  const caller = call();
  await caller.has('pieces');
  connections[0]?.socket.write('4\r\n you\r\nx\r\n');
  await caller.over();
  assert.deepEqual([caller.log, caller.body], [['head', 'pieces', 'upstream-malformed-reply'], 'hello']);
});

test('a reset is a failure in every state', async (t) => {
  for (const [text, code] of [
    ['', 'upstream-incomplete-reply'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'upstream-incomplete-reply'],
    ['HTTP/1.1 200 OK\r\n\r\nuntil close', 'upstream-incomplete-reply'],
  ] as const) {
    const { call } = await open(t, {
      answer: ({ socket }) => {
        socket.write(text, () => globalThis.setImmediate(() => socket.resetAndDestroy()));
      },
    });
    const caller = await call().over();
    assert.deepEqual([caller.failure?.code, caller.ends], [code, 1], text);
  }
});

test('a body is sent with its framing, however it is cut, and the connection kept', async (t) => {
  const {
    call,
    heard: connections,
    pool,
  } = await open(t, {
    answer: (one) => {
      if (one.text.endsWith('hello you') || one.text.endsWith('0\r\n\r\n')) one.socket.write(sized('ok'));
    },
  });
  for (const [framing, wire] of [
    [lengthOf(9), 'content-length: 9\r\n\r\nhello you'],
    [{ kind: 'chunked' }, 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n4\r\n you\r\n0\r\n\r\n'],
  ] as const) {
    const caller = call({ method: 'POST', framing });
    caller.call?.write([Buffer.from('hello')]);
    caller.call?.write([Buffer.alloc(0)]);
    await setImmediate();
    caller.call?.write([Buffer.from(' you')]);
    caller.call?.finish();
    await caller.over();
    assert.deepEqual(
      caller.log.filter((event) => event !== 'drained'),
      ['whole'],
    );
    assert.ok(connections[0]?.text.endsWith(wire) === true, `${connections[0]?.text}`);
    assert.equal(pool.counts.idle, 1);
  }
  assert.equal(connections.length, 1);
});

test('a body that is not as long as announced never lets another request follow it', async (t) => {
  const { call, heard: connections } = await open(t, {});
  const short = call({ method: 'POST', framing: lengthOf(9) });
  short.call?.write([Buffer.from('hello')]);
  short.call?.finish();
  await short.over();
  const long = call({ method: 'POST', framing: lengthOf(3) });
  long.call?.write([Buffer.from('hello')]);
  await long.over();
  assert.deepEqual([short.failure?.code, long.failure?.code], ['upstream-unreachable', 'upstream-unreachable']);
  await until(() => connections.every(({ closed }) => closed));
});

test('an answer before the body is whole ends the call; its connection is not kept, and what is still written is thrown away', async (t) => {
  const { call, heard: connections, pool } = await open(t, { answer: answers(sized('no')) });
  const caller = call({ method: 'POST', framing: lengthOf(1_000_000) });
  caller.call?.write([Buffer.alloc(1_000)]);
  await caller.over();
  assert.equal(caller.log.at(-1), 'whole');
  assert.equal(caller.call?.write([Buffer.alloc(100_000)]), true);
  caller.call?.finish();
  caller.call?.abort();
  await until(() => connections[0]?.closed === true);
  assert.deepEqual(pool.counts, { idle: 0, busy: 0, waiting: 0 });
  assert.equal(caller.ends, 1);
});

test('a reader that pauses stops the upstream, and goes on without loss', async (t) => {
  const body = Buffer.alloc(48_000_000, 'abcdefghij').toString('latin1');
  let sent = false;
  const { call, heard: connections } = await open(t, {
    answer: ({ socket }) => {
      sent = true;
      socket.write(sized(body));
    },
  });
  const caller = call();
  caller.takes = false;
  await caller.has('pieces');
  assert.ok(sent);
  const taken = caller.body.length;
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  assert.equal(caller.body.length, taken, 'nothing comes while it pauses');
  assert.ok(taken <= 65_536 * 2, `${taken} bytes before the pause`);
  assert.ok((connections[0]?.socket.writableLength ?? 0) > 0, 'the upstream is held up');
  caller.onEvent = (event) => void (event === 'pieces' && caller.call?.resume());
  caller.call?.resume();
  caller.takes = true;
  await caller.over();
  assert.equal(caller.body, body);
});

test('a writer is told to pause while the upstream takes nothing, and when to go on', async (t) => {
  const { call, heard: connections } = await open(t, { onConnection: (socket) => void socket.pause() });
  const size = 32 * 1_024 * 1_024;
  const caller = call({ method: 'POST', framing: lengthOf(size) });
  await until(() => connections.length === 1);
  let written = 0;
  const piece = Buffer.alloc(65_536);
  const write = (): void => {
    while (written < size) {
      written += piece.length;
      if (caller.call?.write([piece]) === false) return;
    }
    caller.call?.finish();
  };
  caller.onEvent = (event) => void (event === 'drained' && write());
  write();
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  assert.ok(written < size, `${written} bytes were taken`);
  connections[0]?.socket.resume();
  await until(() => (connections[0]?.text.length ?? 0) > size);
  connections[0]?.socket.write(sized('ok'));
  await caller.over();
  assert.equal(caller.body, 'ok');
});

test('a call may be given up in every event, and then hears no more', async (t) => {
  for (const event of ['interim 103', 'head', 'pieces']) {
    const {
      call,
      heard: connections,
      pool,
    } = await open(t, {
      answer: answers('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello'),
    });
    const caller = call();
    caller.onEvent = (seen) => void (seen === event && caller.call?.abort());
    await caller.has(event);
    await until(() => connections[0]?.closed === true);
    assert.equal(caller.log.at(-1), event);
    assert.deepEqual(pool.counts, { idle: 0, busy: 0, waiting: 0 });
  }
});

test('a call that is given up with the last of its body in hand hears of no end', async (t) => {
  for (const event of ['head', 'pieces']) {
    const { call, heard: connections } = await open(t, {
      answer: answers('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhello'),
    });
    const caller = call();
    if (event === 'head') caller.onEvent = () => caller.call?.abort();
    else {
      await caller.has('pieces');
      caller.onEvent = () => caller.call?.abort();
      connections[0]?.socket.write('!!');
    }
    await until(() => connections[0]?.closed === true);
    assert.deepEqual(caller.log, event === 'head' ? ['head'] : ['head', 'pieces', 'pieces']);
  }
});
