import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { apiText, kindOf, principalNamed, rest, step, until } from './fixture.test.ts';
import {
  type ChatBench,
  clientClose,
  closeGot,
  completion,
  fromClient,
  fromUpstream,
  headOf,
  type RawEnd,
  startChat,
  upgradeRequest,
  upstreamClose,
} from './websocket-fixture.test.ts';

const SETTINGS = '{ rate: 10/s, idle: 10s, message: 1KiB }';

describe('who goes without a Close frame', () => {
  test('is waited for no longer by a client that said goodbye', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.send(clientClose());
    await upstream.gets(clientClose());
    upstream.socket.end();
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf6));
    await client.ends();
    const { complete, problem } = await completion(chat);
    assert.deepEqual([complete, problem, chat.metrics.streamEnds], [false, null, ['websocket client']]);
  });

  test('is waited for no longer by an upstream that said goodbye', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    upstream.send(upstreamClose());
    await client.gets(upstreamClose());
    client.socket.end();
    assert.equal(await closeGot(upstream), 1001);
    await upstream.ends();
    assert.equal((await completion(chat))['complete'], false);
    assert.deepEqual(chat.metrics.streamEnds, ['websocket upstream']);
  });

  test('is sent nothing more, and nothing more is counted', async (t) => {
    const chat = await startChat(t);
    const { client, upstream } = await chat.open();
    client.socket.end();
    assert.equal(await closeGot(upstream), 1001);
    upstream.send(Buffer.concat([fromUpstream('a'), fromUpstream('b'), upstreamClose(1001)]));
    assert.equal((await completion(chat))['responseBytes'], 0);
    assert.equal(chat.metrics.messageCounts.size, 0);
  });

  test('lets the other say goodbye at once, though it waited for a client that took nothing', async (t) => {
    const chat = await startChat(t, '{ message: 64MiB }');
    const { client, upstream } = await chat.open();
    client.socket.pause();
    for (let count = 0; count < 400; count++) upstream.send(fromUpstream(Buffer.alloc(60_000)));
    await until(() => upstream.socket.writableLength > 100_000);
    client.socket.resetAndDestroy();
    assert.equal(await closeGot(upstream), 1001);
    upstream.send(upstreamClose(1001));
    await upstream.ends();
    await completion(chat);
  });

  test('and breaks off behind what nobody takes is not waited with', async (t) => {
    const chat = await startChat(t, '{ rate: 10/s, idle: 1h }');
    const { client, upstream } = await chat.open();
    client.send(Buffer.concat(Array.from({ length: 30 }, () => fromClient('x'))));
    await upstream.gets(Buffer.concat(Array.from({ length: 10 }, () => fromClient('x'))));
    client.send(fromClient('held'));
    await rest();
    client.socket.resetAndDestroy();
    assert.equal(await closeGot(upstream), 1001);
  });
});

describe('frames that wait for their turn', () => {
  test('pass all the same where their sender ends its side behind them', async (t) => {
    const chat = await startChat(t, '{ rate: 10/s }');
    const { client, upstream } = await chat.open();
    const frames = Array.from({ length: 29 }, (_, at) => fromClient(`message ${at}`));
    client.send(Buffer.concat([...frames, clientClose()]));
    client.socket.end();
    await upstream.gets(Buffer.concat(frames.slice(0, 10)));
    await rest();
    chat.clock.pass(2_000);
    await upstream.gets(Buffer.concat([...frames.slice(10), clientClose()]));
    upstream.send(upstreamClose());
    await client.gets(upstreamClose());
    assert.equal((await completion(chat))['complete'], true);
  });

  test('wait no longer than ten seconds, however low the rate', async (t) => {
    const chat = await startChat(t, '{ rate: 1/min }');
    const { client, upstream } = await chat.open();
    client.send(Buffer.concat([fromClient('a'), fromClient('b')]));
    await upstream.gets(fromClient('a'));
    await rest();
    chat.clock.pass(9_900);
    await rest();
    assert.equal(client.bytes.length, 0);
    chat.clock.pass(200);
    await client.gets(Buffer.of(0x88, 2, 0x03, 0xf0));
    assert.equal(chat.metrics.refusals.at(-1), 'rate-limited');
  });
});

test('a token that ends is the end of the WebSocket that it began', async (t) => {
  const principal = principalNamed('alice', { expiresAtMs: Date.UTC(2026, 0, 1) + 60_000 });
  let runs = 0;
  const kinds = [
    kindOf('key', { authenticate: step(() => ({ kind: 'identified', principal })) }),
    kindOf('limits', { limit: step(() => ({ kind: runs++ === 0 ? 'pass' : 'reply' }) as never) }),
  ];
  const chat = await startChat(t, 'on', { kinds });
  const { client, upstream } = await chat.open();
  chat.clock.pass(59_000);
  await rest();
  assert.equal(client.bytes.length, 0);
  chat.clock.pass(2_000);
  await client.gets(Buffer.of(0x88, 2, 0x03, 0xf0));
  assert.equal(await closeGot(upstream), 1008);
  client.send(clientClose(1008));
  upstream.send(upstreamClose(1008));
  assert.equal((await completion(chat))['problem'], 'invalid-token');
  assert.deepEqual([chat.metrics.streamEnds, runs], [['websocket expired'], 1]);
});

test('behind an upgrade that is refused by its priority no other request is read', async (t) => {
  const overload = { level: 1, inFlightLimit: 1_024, sheds: () => true, hushMs: () => 0 };
  const chat = await startChat(t, 'on', { overload });
  const client = chat.connect();
  client.send(`${upgradeRequest()}GET /plain HTTP/1.1\r\nHost: api.test\r\n\r\n`);
  const head = await headOf(client);
  assert.match(head, /^HTTP\/1\.1 503 [^]*\r\nconnection: close\r\n/i);
  await client.ends();
  assert.equal(client.bytes.toString().includes('HTTP/1.1'), false);
  assert.equal(chat.records.filter(({ kind }) => kind === 'intent').length, 1);
});

const ACTS = ['frame', 'many', 'part', 'garbage', 'large', 'close', 'end', 'reset', 'pause', 'resume'] as const;
type Act = (typeof ACTS)[number];
const SIDES = ['client', 'upstream'] as const;

/** Something that happens to a WebSocket: one side does something, time passes, or the gateway is told something. */
type Move =
  | { readonly who: (typeof SIDES)[number]; readonly act: Act }
  | { readonly who: 'time'; readonly ms: number }
  | { readonly who: 'gateway'; readonly act: 'drain' | 'reload' | 'withdraw' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ who: fc.constantFrom(...SIDES), act: fc.constantFrom(...ACTS) }),
  },
  { weight: 3, arbitrary: fc.record({ who: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      who: fc.constant('gateway' as const),
      act: fc.constantFrom('drain' as const, 'reload' as const, 'withdraw' as const),
    }),
  },
);

function act({ socket }: RawEnd, who: (typeof SIDES)[number], what: Act): void {
  const frame = who === 'client' ? fromClient : fromUpstream;
  const send = (bytes: Buffer): void => void (socket.writableEnded || socket.destroyed || socket.write(bytes));
  const acts: Readonly<Record<Act, () => void>> = {
    frame: () => send(frame('hello')),
    many: () => send(Buffer.concat(Array.from({ length: 40 }, () => frame(Buffer.alloc(200), 0x82)))),
    part: () => send(frame(Buffer.alloc(300), 0x82).subarray(0, 100)),
    garbage: () => send(Buffer.alloc(50, 0xff)),
    large: () => send(frame(Buffer.alloc(2_000), 0x82)),
    close: () => send(who === 'client' ? clientClose() : upstreamClose()),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
  acts[what]();
}

function tell(chat: ChatBench, what: 'drain' | 'reload' | 'withdraw'): void {
  if (what === 'drain') {
    chat.gateway.drain();
    return;
  }
  const websocket = what === 'reload' ? SETTINGS : 'off';
  const routes = `routes: ['GET /chat', 'POST /chat', 'GET /plain']`;
  chat.install(
    apiText(chat.upstream.url, [], `${routes}\n    operations: { 'GET /chat': { websocket: ${websocket} } }`),
  );
}

test('whatever happens to a WebSocket, it ends once, with one intent and one completion, and leaves nothing', async () => {
  const property = fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 12 }), async (moves) => {
    const closing: (() => Promise<void> | void)[] = [];
    const chat = await startChat({ after: (callback) => void closing.push(callback) }, SETTINGS);
    const { client, upstream } = await chat.open();
    const over = (end: RawEnd): boolean => end.closed || end.ended;
    for (const one of moves) {
      if (one.who === 'time') chat.clock.pass(one.ms);
      else if (one.who === 'gateway') tell(chat, one.act);
      else act(one.who === 'client' ? client : upstream, one.who, one.act);
      await rest();
    }
    for (const { socket } of [client, upstream]) socket.resume();
    // Idle for ten seconds, then five for goodbyes: whatever was held meanwhile has a second to pass.
    for (let half = 0; half < 60 && !(over(client) && over(upstream) && chat.gateway.inFlight === 0); half++) {
      chat.clock.pass(500);
      await rest();
    }
    // The clock stands now; on a busy machine the last of it may still be on its way between the sockets.
    await until(() => over(client) && over(upstream));
    assert.deepEqual([chat.gateway.inFlight, chat.metrics.standing], [0, 0]);
    assert.deepEqual([chat.metrics.streamEnds.length, chat.clock.waiting, chat.alerts], [1, 0, []]);
    assert.deepEqual(
      ['intent', 'completion'].map((kind) => chat.records.filter((record) => record.kind === kind).length),
      [1, 1],
    );
    for (const close of closing.toReversed()) await close();
  });
  await fc.assert(property, { numRuns: 40 });
});
