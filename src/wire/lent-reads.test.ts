import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { FakeSocket } from './fake-socket.test.ts';
import { newCallOf, turn } from './lent-fixture.test.ts';
import { lendReads, READ_BUFFER } from './lent-reads.ts';
import { selfSigned, until } from './peers.test.ts';
import { sized } from './upstream-peer.test.ts';

/** Both ends of a connection over the loopback; the near one was accepted. */
async function socketPair(t: TestContext, secured: boolean): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const { certPem: cert, keyPem: key } = await selfSigned('localhost');
  const server = secured ? createTlsServer({ cert, key }) : createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, secured ? 'secureConnection' : 'connection');
  const options = { host: '127.0.0.1', port, servername: 'localhost', ca: cert };
  const far = secured ? connectTls(options) : connect(options);
  const [near] = (await accepted) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** All connections are read into this one buffer, as a pool does it. */
const shared = Buffer.alloc(4_096);

/** Bytes come to a connection in the shared buffer, and what comes next overwrites them. */
function lend({ connection }: ReturnType<typeof newCallOf>, text: string): void {
  const length = shared.write(text, 0, 'latin1');
  connection.receive(shared.subarray(0, length));
  shared.fill('!');
}

test('a reply is not changed by what is read into the buffer after it', () => {
  const one = newCallOf();
  lend(one, sized('the body', 'X-A: 1'));
  const other = newCallOf();
  lend(other, sized('THE BODY OF ANOTHER', 'X-A: 2'));
  assert.deepEqual([one.bodyNow(), other.bodyNow()], ['the body', 'THE BODY OF ANOTHER']);
  assert.deepEqual([one.fieldNow('x-a'), other.fieldNow('x-a')], ['1', '2']);
});

test('a reply is not changed by what is read when its connection goes back', () => {
  const call = newCallOf(() => void shared.fill('!'));
  lend(call, sized('the body', 'X-A: 1'));
  assert.deepEqual([call.idle(), call.bodyNow(), call.fieldNow('x-a')], [1, 'the body', '1']);
});

test('replies that come in pieces, interleaved as they like, stay apart', () => {
  const cut = fc.array(fc.nat({ max: 200 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 2, maxLength: 4 }), fc.boolean(), (cuts, chunked) => {
      const replies = cuts.map((points, number) => {
        const body = `reply ${number} `.repeat(number + 3);
        const text = chunked
          ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
          : sized(body, `X-Number: ${number}`);
        const edges = [0, ...points.toSorted((a, b) => a - b), text.length];
        const pieces = edges.slice(1).map((edge, at) => text.slice(edges[at], edge));
        return { body, pieces: pieces.filter((piece) => piece !== ''), call: newCallOf() };
      });
      for (let round = 0; replies.some(({ pieces }) => round < pieces.length); round++) {
        for (const { pieces, call } of replies) if (round < pieces.length) lend(call, pieces[round] as string);
      }
      for (const { body, call } of replies) assert.equal(call.bodyNow(), body);
      for (const { call } of replies) assert.equal(call.caller.ends, 1);
    }),
  );
});

test('in a pause what comes is held, without end or loss, until the reader goes on', async () => {
  const call = newCallOf();
  call.caller.takes = false;
  lend(call, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none');
  lend(call, 'two');
  lend(call, 'end');
  call.socket.hangUp();
  call.socket.emit('close');
  assert.deepEqual([call.bodyNow(), call.caller.ends], ['one', 0]);
  call.caller.takes = true;
  call.connection.resume();
  assert.equal(call.bodyNow(), 'one', 'nothing comes before whoever asked has finished');
  await turn();
  assert.deepEqual([call.bodyNow(), call.caller.log.at(-1)], ['onetwoend', 'end']);
  assert.deepEqual([call.idle(), call.socket.destroyed], [0, true], 'nothing can follow on what has ended');
});

test('a connection that ends in a pause, in the middle of a body, has failed once what was held is out', async () => {
  const call = newCallOf();
  call.caller.takes = false;
  lend(call, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none');
  lend(call, 'two');
  call.socket.hangUp();
  assert.equal(call.caller.ends, 0);
  call.caller.takes = true;
  call.connection.resume();
  await turn();
  assert.deepEqual([call.bodyNow(), call.caller.failure?.code], ['onetwo', 'upstream-incomplete-reply']);
});

test('a connection that is reset in a pause has failed at once', () => {
  const call = newCallOf();
  call.caller.takes = false;
  lend(call, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none');
  call.socket.emit('error', Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  assert.equal(call.caller.ends, 1);
});

test('a pause holds no more than a side buffer, and then nothing is read', async () => {
  const call = newCallOf();
  call.caller.takes = false;
  lend(call, 'HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\none');
  let held = 0;
  for (; !call.socket.paused && held < 200_000; held += 4_000) lend(call, 'x'.repeat(4_000));
  assert.ok(held <= 65_536 + 4_000, `${held} bytes`);
  call.caller.takes = true;
  call.connection.resume();
  await turn();
  assert.deepEqual([call.bodyNow().length, call.socket.paused], [held + 3, false]);
});

test('a large body of a reply has memory of its own, whole or in pieces', () => {
  const call = newCallOf();
  const own: boolean[] = [];
  const note = (body: Buffer | string): void => {
    if (typeof body !== 'string') own.push(body.buffer.byteLength === body.length);
  };
  call.caller.whole = (_head, body) => note(body);
  call.caller.pieces = (pieces) => {
    for (const piece of pieces) note(piece);
    return true;
  };
  const lendLong = (text: string): void => call.connection.receive(Buffer.from(text, 'latin1'));
  lendLong('HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n');
  lendLong('x'.repeat(5_000));
  lendLong('x'.repeat(5_000));
  const whole = newCallOf();
  whole.caller.whole = (_head, body) => note(body);
  whole.connection.receive(Buffer.from(sized('x'.repeat(9_000)), 'latin1'));
  assert.deepEqual(own, [true, true, true]);
});

test('what is held for a call that was given up is heard by nobody', async () => {
  const call = newCallOf();
  call.caller.takes = false;
  lend(call, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none');
  lend(call, 'two');
  call.connection.resume();
  call.connection.destroy();
  await turn();
  assert.deepEqual(call.caller.log, ['head', 'pieces']);
});

test('bytes behind a whole reply, and bytes that nobody asked for, end the connection', () => {
  for (const text of [`${sized('ok')}x`, `${sized('ok')}${sized('smuggled')}`]) {
    const call = newCallOf();
    lend(call, text);
    assert.deepEqual([call.bodyNow(), call.socket.destroyed, call.idle()], ['ok', true, 0]);
  }
  const call = newCallOf();
  lend(call, sized('ok'));
  assert.equal(call.idle(), 1);
  lend(call, sized('smuggled'));
  assert.deepEqual([call.bodyNow(), call.socket.destroyed], ['ok', true]);
});

test('an accepted socket is read into the one buffer, paused and ended as any other', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  let text = '';
  let buffers = 0;
  let seen = Promise.withResolvers<void>();
  const lends = lendReads(socket, (bytes) => {
    if (bytes.buffer === READ_BUFFER.buffer) buffers++;
    text += bytes.toString('latin1');
    seen.resolve();
  });
  assert.equal(lends, true, 'Node keeps what is read elsewhere by now');
  socket.on('data', () => assert.fail('lent bytes come by no event'));
  client.write('one');
  await seen.promise;
  socket.pause();
  client.write('two');
  seen = Promise.withResolvers();
  socket.resume();
  await seen.promise;
  client.end('end');
  await once(socket, 'end');
  assert.equal(text, 'onetwoend');
  assert.ok(buffers > 0 && buffers <= 3);
});

test('a socket that has no such places reads as ever', () => {
  const fake = new FakeSocket();
  fake._handle = null;
  assert.equal(
    lendReads(fake.socket, () => {}),
    false,
  );
});

for (const [words, secured] of [
  ['TCP', false],
  ['TLS', true],
] as const) {
  test(`over ${words} a socket tells of its reads straight from its handle, and of its end by its events`, async (t) => {
    const { near, far } = await socketPair(t, secured);
    const handle = (near as unknown as { _handle: { onread: unknown } })._handle;
    const nodes = handle.onread;
    let heard = '';
    assert.equal(
      lendReads(near, (bytes) => void (heard += bytes.toString('latin1'))),
      true,
    );
    assert.notEqual(handle.onread, nodes, 'this Node has the places');
    let ended = false;
    near.once('end', () => (ended = true));
    let sent = '';
    for (const length of [1, 5, 4_095, 4_096, 70_000, 3]) {
      const text = String.fromCharCode(65 + (sent.length % 26)).repeat(length);
      sent += text;
      far.write(text, 'latin1');
      await until(() => heard.length === sent.length, 'all that was sent');
      assert.equal(heard, sent);
      near.pause();
      far.write('-', 'latin1');
      await turn();
      near.resume();
      sent += '-';
    }
    await until(() => heard === sent, 'what came in the last pause');
    assert.equal(ended, false);
    far.end();
    await until(() => ended, 'the end');
    assert.equal(heard, sent);
  });
}

test('a reset is told by its events, and nothing is told of a socket that is gone', async (t) => {
  const { near, far } = await socketPair(t, false);
  let reads = 0;
  assert.equal(
    lendReads(near, () => (reads++, near.destroy())),
    true,
  );
  far.write('one');
  await until(() => near.destroyed, 'the end of the socket');
  far.write('two');
  await turn();
  assert.equal(reads, 1);

  const other = await socketPair(t, false);
  assert.equal(
    lendReads(other.near, () => assert.fail('nothing was sent')),
    true,
  );
  const fault = once(other.near, 'error');
  other.far.resetAndDestroy();
  assert.equal(((await fault)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
});
