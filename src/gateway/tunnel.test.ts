import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { apiText, kindOf, rest, step, until } from './fixture.test.ts';
import {
  ACCEPT,
  type ChatBench,
  clientClose,
  closeGot,
  completion,
  fromClient,
  fromUpstream,
  headOf,
  startChat,
  switchReply,
  upgradeRequest,
  upstreamClose,
} from './websocket-fixture.test.ts';

describe('a WebSocket', () => {
  test('is opened by the upstream’s own 101, written anew', async (t) => {
    const chat = await startChat(t);
    let asked = '';
    chat.onUpgrade = (end, head) => {
      asked = head;
      end.send(switchReply(head, 'Set-Cookie: a=b', 'Server: secret/1.0', 'Sec-WebSocket-Protocol: chat.v2'));
    };
    const { head } = await chat.open(
      'Sec-WebSocket-Protocol: chat.v1, chat.v2',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    );
    assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(head, /\r\nconnection: Upgrade\r\nupgrade: websocket\r\n/);
    assert.match(head, new RegExp(`\r\nsec-websocket-accept: ${ACCEPT.replace('+', '\\+')}\r\n`));
    assert.match(head, /\r\nsec-websocket-protocol: chat\.v2\r\n/);
    assert.match(head, /\r\nset-cookie: a=b; HttpOnly; SameSite=Lax\r\n/);
    assert.match(head, /\r\nx-request-id: /);
    assert.doesNotMatch(head, /extensions|secret|content-length|transfer-encoding/i);
    assert.match(asked, /\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n/);
    assert.match(asked, /\r\nsec-websocket-protocol: chat\.v1, chat\.v2\r\n/);
    assert.equal(asked.match(/sec-websocket-key/gi)?.length, 1);
    assert.doesNotMatch(asked, /extensions/i);
  });

  test('carries frames both ways, untouched', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.send(fromClient('hello'));
    await upstream.gets(fromClient('hello'));
    upstream.send(fromUpstream('world'));
    await client.gets(fromUpstream('world'));
    const long = fromClient('x'.repeat(3_000), 0x82);
    for (const octet of long.subarray(0, 12)) {
      client.send(Buffer.of(octet));
      await rest();
    }
    client.send(long.subarray(12));
    await upstream.gets(long);
  });

  test('ends when both have said goodbye, and is recorded as whole', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.send(fromClient('hello'));
    await upstream.gets(fromClient('hello'));
    client.send(clientClose());
    await upstream.gets(clientClose());
    assert.equal(chat.metrics.standing, 1);
    upstream.send(Buffer.concat([fromUpstream('late'), upstreamClose()]));
    await client.gets(Buffer.concat([fromUpstream('late'), upstreamClose()]));
    await client.ends();
    await upstream.ends();
    const { status, upstreamStatus, problem, complete, requestBytes, responseBytes } = await completion(chat);
    assert.deepEqual([status, upstreamStatus, problem, complete], [101, 101, null, true]);
    assert.deepEqual([requestBytes, responseBytes], [fromClient('hello').length + clientClose().length, 10]);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket client']);
    assert.deepEqual(Object.fromEntries(chat.metrics.messageCounts), { 'a client': 1, 'a upstream': 1 });
    assert.equal(chat.gateway.inFlight, 0);
  });
});

describe('no WebSocket', () => {
  test('is given to a request that asks for none', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end, head) => {
      assert.doesNotMatch(head, /upgrade|sec-websocket/i);
      end.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    };
    const reply = await chat
      .client()
      .send('GET /chat HTTP/1.1\r\nHost: api.test\r\nSec-WebSocket-Key: x\r\n\r\n')
      .reply();
    assert.equal(reply.body.toString(), 'ok');
  });

  test('is given where the operation does not offer it: the request is served', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end, head) => {
      assert.doesNotMatch(head, /upgrade|sec-websocket/i);
      end.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    };
    const client = chat.client().send(upgradeRequest().replace('/chat', '/plain'));
    assert.equal((await client.reply()).body.toString(), 'ok');
  });
});

const FAULTS: Readonly<Record<string, (request: string) => string>> = {
  'without a key': (text) => text.replace(/Sec-WebSocket-Key.*\r\n/, ''),
  'with two keys': (text) => text.replace(/(Sec-WebSocket-Key.*\r\n)/, '$1$1'),
  'with a key of 15 octets': (text) => text.replace('dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25j'),
  'with a key with loose bits': (text) => text.replace('ZQ==', 'ZR=='),
  'with another version': (text) => text.replace('Version: 13', 'Version: 8'),
  'with two versions': (text) => text.replace('Version: 13', 'Version: 13\r\nSec-WebSocket-Version: 13'),
  'without a version': (text) => text.replace('Sec-WebSocket-Version: 13\r\n', ''),
  'beside another protocol': (text) => text.replace('Upgrade: websocket', 'Upgrade: websocket, h2c'),
  'said twice': (text) => text.replace('Upgrade: websocket', 'Upgrade: websocket\r\nUpgrade: websocket'),
  'that Connection does not name': (text) => text.replace('Connection: Upgrade', 'Connection: keep-alive'),
  'with a subprotocol twice': (text) => text.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: a, a\r\n\r\n'),
  'with a subprotocol that is no token': (text) => text.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: a b\r\n\r\n'),
};

describe('an upgrade is refused', () => {
  for (const [name, change] of Object.entries(FAULTS))
    test(name, async (t) => {
      const chat = await startChat(t);
      const client = chat.client().send(change(upgradeRequest()));
      const reply = await client.reply();
      assert.equal(reply.status, 400);
      assert.match(reply.body.toString(), /"invalid-upgrade"/);
      assert.equal(reply.headers['connection'], 'close');
      assert.equal(chat.upstreamEnds.length, 0);
    });

  const origins: readonly (readonly [websocket: string, origin: string | null, allowed: boolean])[] = [
    ['on', null, true],
    ['on', 'https://api.test', true],
    ['on', 'https://evil.test', false],
    ['on', 'http://api.test', false],
    ['on', 'https://api.test:8443', false],
    ['on', 'https://api.test.evil.test', false],
    ['on', 'null', false],
    ['{ origins: any }', 'https://evil.test', true],
    ['{ origins: any }', 'null', false],
    ["{ origins: ['https://app.test'] }", 'https://app.test', true],
    ["{ origins: ['https://app.test'] }", 'https://api.test', false],
    ["{ origins: ['https://app.test'] }", 'HTTPS://APP.TEST', false],
  ];
  for (const [websocket, origin, allowed] of origins)
    test(`or not, by its origin: ${websocket}, ${origin}`, async (t) => {
      const chat = await startChat(t, websocket);
      const client = chat.client().send(upgradeRequest(...(origin === null ? [] : [`Origin: ${origin}`])));
      const reply = await client.reply();
      assert.equal(reply.status, allowed ? 101 : 403, reply.head);
      if (!allowed) assert.match(reply.body.toString(), /"origin-refused"/);
      assert.equal(chat.upstreamEnds.length, allowed ? 1 : 0);
    });

  test('by a policy, as any request', async (t) => {
    const refuse = kindOf('guard', { authorize: step(() => ({ kind: 'deny', problem: { code: 'forbidden' } })) });
    const chat = await startChat(t, 'on', { kinds: [refuse] });
    const reply = await chat.client().send(upgradeRequest()).reply();
    assert.deepEqual([reply.status, chat.upstreamEnds.length], [403, 0]);
  });

  test('by a policy that sees the 101, and the upstream is let go', async (t) => {
    const seen: number[] = [];
    const guard = kindOf('guard', {
      respond: step((_exchange, reply) => {
        seen.push(reply.status);
        return reply.status === 101 ? { kind: 'deny', problem: { code: 'forbidden' } } : { kind: 'pass' };
      }),
    });
    const chat = await startChat(t, 'on', { kinds: [guard] });
    const reply = await chat.client().send(upgradeRequest()).reply();
    assert.deepEqual([reply.status, seen[0]], [403, 101]);
    await until(() => chat.upstreamEnds[0]?.closed === true);
    assert.equal((await completion(chat))['status'], 403);
  });

  test('where its subprotocols are not those of the operation, only those are left out', async (t) => {
    const chat = await startChat(t, '{ subprotocols: [chat.v1] }');
    let asked = '';
    chat.onUpgrade = (end, head) => {
      asked = head;
      end.send(switchReply(head));
    };
    const { head } = await chat.open('Sec-WebSocket-Protocol: other, chat.v1');
    assert.match(head, /^HTTP\/1\.1 101 /);
    assert.match(asked, /\r\nsec-websocket-protocol: chat\.v1\r\n/);
  });
});

const WRONG: Readonly<Record<string, (head: string) => string>> = {
  'with another accept': (head) => switchReply(head).replace(/Accept: .*/, 'Accept: x'),
  'without an accept': (head) => switchReply(head).replace(/Sec-WebSocket-Accept: .*\r\n/, ''),
  'to another protocol': (head) => switchReply(head).replace('websocket', 'h2c'),
  'without Connection': (head) => switchReply(head).replace('Connection: Upgrade\r\n', ''),
  'with an extension': (head) => switchReply(head, 'Sec-WebSocket-Extensions: permessage-deflate'),
  'with a subprotocol nobody asked for': (head) => switchReply(head, 'Sec-WebSocket-Protocol: chat.v9'),
  'with a length': (head) => switchReply(head, 'Content-Length: 5'),
  'with chunks': (head) => switchReply(head, 'Transfer-Encoding: chunked'),
  'of HTTP/1.0': (head) => switchReply(head).replace('HTTP/1.1', 'HTTP/1.0'),
  'that is no head': () => 'GARBAGE\r\n\r\n',
  'of eleven interim replies': () => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11),
};

describe('an upstream’s answer to an upgrade', () => {
  for (const [name, answer] of Object.entries(WRONG))
    test(`${name} is a broken reply`, async (t) => {
      const chat = await startChat(t);
      chat.onUpgrade = (end, head) => end.send(answer(head));
      const client = chat.client().send(upgradeRequest());
      let reply = await client.reply();
      while (reply.status === 103) reply = await client.reply();
      assert.equal(reply.status, 502);
      assert.match(reply.body.toString(), /"upstream-malformed-reply"/);
      await until(() => chat.upstreamEnds[0]?.closed === true);
    });

  test('that is none is passed on, and no request may follow it', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end) => end.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno');
    const client = chat.client().send(`${upgradeRequest()}GET /plain HTTP/1.1\r\nHost: api.test\r\n\r\n`);
    const reply = await client.reply();
    assert.deepEqual([reply.status, reply.body.toString(), reply.headers['connection']], [200, 'no', 'close']);
    assert.equal(await client.end(), '');
    assert.equal(chat.upstreamEnds.length, 1);
  });

  for (const [name, text] of [
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'],
    ['its end', 'HTTP/1.1 200 OK\r\n\r\nno'],
  ] as const)
    test(`that is none may be framed by ${name}, and come in pieces`, async (t) => {
      const chat = await startChat(t);
      chat.onUpgrade = (end) => {
        void (async () => {
          for (const octet of Buffer.from(text)) {
            end.send(Buffer.of(octet));
            await rest();
          }
          end.socket.end();
        })();
      };
      const reply = await chat.client().send(upgradeRequest()).reply();
      assert.deepEqual([reply.status, reply.body.toString()], [200, 'no']);
    });

  test('that does not come at all is waited for no longer than for any other', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = () => {};
    const client = chat.client().send(upgradeRequest());
    await until(() => chat.upstreamEnds.length === 1);
    await rest();
    chat.clock.pass(31_000);
    assert.equal((await client.reply()).status, 504);
  });

  test('that is cut off is an incomplete one', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end) => end.socket.destroy();
    assert.equal((await chat.client().send(upgradeRequest()).reply()).status, 502);
  });

  test('comes over a connection that no other request is ever sent on', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end) => end.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    await chat.client().send(upgradeRequest()).reply();
    await until(() => chat.upstreamEnds[0]?.closed === true);
    await chat.client().send('GET /plain HTTP/1.1\r\nHost: api.test\r\n\r\n').reply();
    assert.equal(chat.upstreamEnds.length, 2);
  });
});

describe('bytes that come before they should', () => {
  test('of a client are held until the upstream has agreed, then judged as frames', async (t) => {
    const chat = await startChat(t);
    let agree = (): void => {};
    chat.onUpgrade = (end, head) => (agree = () => end.send(switchReply(head)));
    const client = chat.connect();
    client.send(Buffer.concat([Buffer.from(upgradeRequest()), fromClient('early')]));
    await until(() => chat.upstreamEnds.length === 1);
    await rest();
    assert.equal(chat.upstreamEnds[0]?.bytes.length, 0);
    agree();
    assert.match(await headOf(client), /^HTTP\/1\.1 101 /);
    await chat.upstreamEnds[0]?.gets(fromClient('early'));
  });

  test('of a client that are a request are no frames', async (t) => {
    const chat = await startChat(t);
    const client = chat.connect();
    client.send(`${upgradeRequest()}GET /plain HTTP/1.1\r\nHost: api.test\r\n\r\n`);
    assert.match(await headOf(client), /^HTTP\/1\.1 101 /);
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xea));
    await client.ends();
    assert.equal(chat.upstreamEnds.length, 1);
    assert.equal(chat.upstreamEnds[0]?.bytes.includes('GET'), false);
    chat.upstreamEnds[0]?.send(upstreamClose());
    assert.equal((await completion(chat))['problem'], 'malformed-message');
  });

  test('of an upstream, behind its 101, reach the client behind ours', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end, head) =>
      end.send(Buffer.concat([Buffer.from(switchReply(head)), fromUpstream('first'), upstreamClose()]));
    const { client } = await chat.open();
    await client.gets(Buffer.concat([fromUpstream('first'), upstreamClose()]));
  });

  test('of an upstream, with its 101 in single bytes, reach the client', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = (end, head) =>
      void (async () => {
        for (const octet of Buffer.concat([Buffer.from(switchReply(head)), fromUpstream('first')])) {
          end.send(Buffer.of(octet));
          await rest();
        }
      })();
    const { client } = await chat.open();
    await client.gets(fromUpstream('first'));
  });

  test('of a client that are refused are never read', async (t) => {
    const chat = await startChat(t, "{ origins: ['https://app.test'] }");
    const smuggled = 'GET /plain HTTP/1.1\r\nHost: api.test\r\n\r\n';
    const client = chat.client().send(`${upgradeRequest('Origin: https://evil.test')}${smuggled}`);
    assert.equal((await client.reply()).status, 403);
    client.send(smuggled);
    assert.equal(await client.end(), '');
    assert.equal(chat.upstreamEnds.length, 0);
  });
});

describe('what breaks the protocol', () => {
  test('of a client ends both, each with a Close frame', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.send(Buffer.concat([fromClient('sound'), fromClient('compressed', 0xc1)]));
    await upstream.gets(fromClient('sound'));
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xea));
    assert.equal(await closeGot(upstream), 1002);
    upstream.send(upstreamClose(1002));
    await client.ends();
    await upstream.ends();
    const record = await completion(chat);
    assert.deepEqual([record['problem'], record['complete']], ['malformed-message', false]);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket message']);
    assert.deepEqual(chat.metrics.refusals, ['malformed-message']);
  });

  test('of a client is told behind the frame that is on its way to it', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    const reply = fromUpstream('a long story');
    upstream.send(reply.subarray(0, 6));
    await client.gets(reply.subarray(0, 6));
    client.send(fromClient('', 0x83));
    assert.equal(await closeGot(upstream), 1002);
    assert.equal(client.bytes.length, 0);
    upstream.send(Buffer.concat([reply.subarray(6), fromUpstream('never seen'), upstreamClose()]));
    await client.gets(Buffer.concat([reply.subarray(6), Buffer.of(0x88, 2, 0x03, 0xea)]));
    await client.ends();
    assert.equal(client.bytes.length, 0);
  });

  test('of an upstream ends both, and the client hears of a bad gateway', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    upstream.send(fromClient('masked'));
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf6));
    assert.equal(await closeGot(upstream), 1002);
    client.send(clientClose(1014));
    await client.ends();
    assert.equal((await completion(chat))['problem'], 'upstream-malformed-reply');
  });

  test('of messages larger than allowed does not pass, in one frame or in many', async (t) => {
    const chat = await startChat(t, '{ message: 10B }');
    const { client, upstream } = await chat.open();
    client.send(fromClient('0123456789'));
    await upstream.gets(fromClient('0123456789'));
    client.send(Buffer.concat([fromClient('0123456', 0x01), fromClient('789a', 0x80)]));
    await upstream.gets(fromClient('0123456', 0x01));
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf1));
    assert.equal(await closeGot(upstream), 1009);
    upstream.send(upstreamClose(1009));
    assert.equal((await completion(chat))['problem'], 'message-too-large');
  });
});

describe('an end that is lost', () => {
  test('is told to the upstream as going away', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.socket.destroy();
    assert.equal(await closeGot(upstream), 1001);
    upstream.send(upstreamClose(1001));
    await upstream.ends();
    const record = await completion(chat);
    assert.deepEqual([record['problem'], record['complete']], [null, false]);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket client']);
  });

  test('is told to the client as a bad gateway', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    upstream.socket.destroy();
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf6));
    client.send(clientClose(1014));
    await client.ends();
    assert.equal((await completion(chat))['problem'], 'upstream-incomplete-reply');
    assert.deepEqual(chat.metrics.streamEnds, ['websocket upstream']);
  });

  test('in the middle of a frame is no whole message to the other', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    upstream.send(fromUpstream('a long story').subarray(0, 6));
    await client.gets(fromUpstream('a long story').subarray(0, 6));
    upstream.socket.destroy();
    await until(() => client.closed);
    assert.deepEqual([client.wasReset, client.bytes.length], [true, 0]);
  });

  test('is half an end where the client only ends its side', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.socket.end();
    assert.equal(await closeGot(upstream), 1001);
    upstream.send(upstreamClose(1001));
    await client.ends();
    await completion(chat);
  });

  test('while the upgrade is still judged gives a 502', async (t) => {
    const gate = Promise.withResolvers<{ kind: 'pass' }>();
    const chat = await startChat(t, 'on', { kinds: [kindOf('slow', { respond: step(() => gate.promise) })] });
    const client = chat.client().send(upgradeRequest());
    await until(() => chat.upstreamEnds.length === 1);
    await rest();
    chat.upstreamEnds[0]?.socket.destroy();
    await rest();
    gate.resolve({ kind: 'pass' });
    assert.equal((await client.reply()).status, 502);
  });

  test('while the upgrade is still judged lets the upstream go', async (t) => {
    const gate = Promise.withResolvers<{ kind: 'pass' }>();
    const chat = await startChat(t, 'on', { kinds: [kindOf('slow', { respond: step(() => gate.promise) })] });
    const client = chat.client().send(upgradeRequest());
    await until(() => chat.upstreamEnds.length === 1);
    await rest();
    client.socket.resetAndDestroy();
    await until(() => chat.upstreamEnds[0]?.closed === true);
    gate.resolve({ kind: 'pass' });
    await rest();
    assert.equal(chat.gateway.inFlight, 0);
    assert.equal(chat.metrics.standing, 0);
  });
});

describe('time', () => {
  test('without a byte either way ends it, and a byte puts that off', async (t) => {
    const chat = await startChat(t, '{ idle: 10s }');
    const { client, upstream } = await chat.open();
    chat.clock.pass(9_000);
    client.send(fromClient('', 0x89));
    await upstream.gets(fromClient('', 0x89));
    chat.clock.pass(9_000);
    await rest();
    assert.equal(client.bytes.length, 0);
    chat.clock.pass(2_000);
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xe9));
    assert.equal(await closeGot(upstream), 1001);
    client.send(clientClose(1001));
    upstream.send(upstreamClose(1001));
    await client.ends();
    assert.equal((await completion(chat))['complete'], true);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket idle']);
  });

  test('for goodbyes is short: then both are reset', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.send(clientClose());
    await upstream.gets(clientClose());
    chat.clock.pass(4_900);
    await rest();
    assert.equal(client.closed, false);
    chat.clock.pass(200);
    await until(() => client.closed && upstream.closed);
    assert.equal((await completion(chat))['complete'], false);
    assert.equal(chat.clock.waiting, 0);
  });
});

describe('a rate', () => {
  test('is what a flood costs: frames beyond the rate wait, and none is lost', async (t) => {
    const chat = await startChat(t, '{ rate: 10/s }');
    const { client, upstream } = await chat.open();
    const frames = Array.from({ length: 30 }, (_, at) => fromClient(`message ${at}`));
    client.send(Buffer.concat(frames));
    await upstream.gets(Buffer.concat(frames.slice(0, 10)));
    await rest();
    assert.equal(upstream.bytes.length, 0);
    chat.clock.pass(1_000);
    await upstream.gets(Buffer.concat(frames.slice(10, 20)));
    chat.clock.pass(1_000);
    await upstream.gets(Buffer.concat(frames.slice(20)));
    upstream.send(fromUpstream('thanks'));
    await client.gets(fromUpstream('thanks'));
  });

  test('ends a flood that waits for too long', async (t) => {
    const chat = await startChat(t, '{ rate: 10/s }');
    const { client, upstream } = await chat.open();
    client.send(Buffer.concat(Array.from({ length: 500 }, () => fromClient('x'))));
    await upstream.gets(Buffer.concat(Array.from({ length: 10 }, () => fromClient('x'))));
    chat.clock.pass(11_000);
    await until(() => client.bytes.length > 0);
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf0));
    assert.equal(chat.metrics.refusals.at(-1), 'rate-limited');
    chat.clock.pass(6_000);
    await until(() => client.closed || client.ended);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket rate']);
  });
});

describe('the thread', () => {
  test('asks the client to come again when it ends', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    chat.gateway.drain();
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf4));
    assert.equal(await closeGot(upstream), 1001);
    client.send(clientClose(1012));
    upstream.send(upstreamClose(1001));
    await client.ends();
    assert.deepEqual(chat.metrics.streamEnds, ['websocket drain']);
  });
});

describe('back-pressure', () => {
  test('reaches the sender: what a slow reader does not take is not read from the other, and stays what it was', async (t) => {
    const chat = await startChat(t, '{ message: 64MiB, rate: 1000000/s }');
    const { client, upstream } = await chat.open();
    upstream.socket.pause();
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    let bytes = 0;
    for (let number = 0; client.socket.writableLength < 4_000_000; number++) {
      assert.ok(bytes < 60_000_000, 'all was taken');
      const piece = fromClient(Buffer.alloc(60_000, number), 0x82);
      sent.update(piece);
      bytes += piece.length;
      if (!client.socket.write(piece)) await rest();
    }
    upstream.socket.removeAllListeners('data');
    upstream.socket.on('data', (chunk: Buffer) => {
      got.update(chunk);
      bytes -= chunk.length;
    });
    upstream.socket.resume();
    await until(() => bytes === 0);
    assert.equal(got.digest('hex'), sent.digest('hex'));
  });

  test('holds no more than a bound of a client that sends before it may', async (t) => {
    const chat = await startChat(t);
    chat.onUpgrade = () => {};
    const client = chat.connect();
    client.send(upgradeRequest());
    await until(() => chat.upstreamEnds.length === 1);
    for (let sent = 0; sent < 20_000_000; sent += 60_000) client.socket.write(Buffer.alloc(60_000));
    await rest();
    assert.ok(client.socket.writableLength > 1_000_000);
  });
});

describe('a WebSocket over a reload', () => {
  const routes = "routes: ['GET /chat', 'POST /chat', 'GET /plain']";
  const textOf = (chat: ChatBench, websocket: string): string =>
    apiText(chat.upstream.url, [], `${routes}\n    operations: { 'GET /chat': { websocket: ${websocket} } }`);

  test('stands where it would be opened again, and holds no old configuration', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open('Origin: https://api.test');
    for (let revision = 0; revision < 20; revision++) {
      assert.ok(chat.install(textOf(chat, revision % 2 === 0 ? '{ origins: any }' : 'on')));
      chat.clock.pass(1_000);
      await rest();
    }
    assert.equal(chat.gateway.living, 1);
    client.send(fromClient('still there'));
    await upstream.gets(fromClient('still there'));
    assert.deepEqual(chat.metrics.streamEnds, []);
  });

  const ended: readonly (readonly [websocket: string, code: number, end: string, problem: string])[] = [
    ['off', 0xf4, 'websocket reload', 'gateway-overloaded'],
    ['{ message: 2MiB }', 0xf4, 'websocket reload', 'gateway-overloaded'],
    ["{ origins: ['https://other.test'] }", 0xf0, 'websocket refused', 'origin-refused'],
  ];
  for (const [websocket, code, end, problem] of ended)
    test(`ends where it is not what it was: ${websocket}`, async (t) => {
      const chat = await startChat(t);
      const { client, upstream } = await chat.open('Origin: https://api.test');
      chat.install(textOf(chat, websocket));
      chat.clock.pass(1_000);
      await client.gets(Buffer.of(0x88, 2, 0x03, code));
      assert.equal(await closeGot(upstream), 0x300 + code);
      client.send(clientClose(0x300 + code));
      upstream.send(upstreamClose(0x300 + code));
      await client.ends();
      assert.equal((await completion(chat))['problem'], problem);
      assert.deepEqual(chat.metrics.streamEnds, [end]);
    });
});
