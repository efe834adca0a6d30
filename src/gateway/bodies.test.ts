import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type BodyUse, type BodyViews, type Exchange, PASS, type PolicyKind, type ReplyView } from '../policy/index.ts';
import {
  type Bench,
  chunked,
  chunkedReply,
  codeOf,
  combinations,
  dripTo,
  kindOf,
  type RawClient,
  replyText,
  rest,
  startBench,
  step,
  until,
} from './fixture.test.ts';

interface Sample {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly kind: string;
}

const SAMPLES: readonly Sample[] = [
  { name: 'JSON', type: 'application/json', text: '{ "a" : [1.0, "\\u00e9"] }\n', kind: 'json' },
  { name: 'a form', type: 'application/x-www-form-urlencoded', text: 'a=1&b=%20+&a=2', kind: 'form' },
  { name: 'anything', type: 'application/octet-stream', text: '\0\xff\r\n0\r\n\r\nGET / HTTP/1.1', kind: 'opaque' },
];
const WAYS = ['at once', 'byte by byte'] as const;
const USES = ['none', 'tap', 'parsed', 'raw'] as const;

/** What a step saw of a body, as text. */
function seenOf(body: <U extends keyof BodyViews>(use: U) => BodyViews[U], use: BodyUse): string {
  if (use === 'none') return 'none';
  if (use === 'parsed') return body('parsed').kind;
  const bytes = use === 'raw' ? body('raw') : body('tap').bytes;
  return Buffer.from(bytes).toString('latin1');
}

/** A policy that looks at the request's body in `inspect` and at the reply's in `respond`. */
function looking(use: { request?: BodyUse; response?: BodyUse }, seen: string[]): PolicyKind<never> {
  const { request = 'none', response = 'none' } = use;
  return kindOf('p', {
    ...(request === 'none'
      ? {}
      : {
          inspect: step<'inspect'>((exchange) => (seen.push(seenOf((each) => exchange.body(each), request)), PASS), {
            request,
          }),
        }),
    ...(response === 'none'
      ? {}
      : {
          respond: step<'respond'>(
            (_exchange: Exchange, reply: ReplyView) => (seen.push(seenOf((each) => reply.body(each), response)), PASS),
            { response },
          ),
        }),
  });
}

function post(sample: Sample, framing: 'length' | 'chunked'): Buffer {
  const body = Buffer.from(sample.text, 'latin1');
  const head = `POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: ${sample.type}\r\n`;
  return framing === 'length'
    ? Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body])
    : Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n${chunked(body)}`, 'latin1');
}

for (const use of USES) {
  test(`a request's body read as ${use} reaches the upstream byte for byte, however it came`, async (t) => {
    const seen: string[] = [];
    const bench = await startBench(t, { kinds: [looking({ request: use }, seen)] });
    for (const [sample, framing, way] of combinations(SAMPLES, ['length', 'chunked'] as const, WAYS)) {
      const what = `${sample.name} ${framing} ${way}`;
      const client = bench.client();
      if (way === 'at once') client.send(post(sample, framing));
      else await client.drip(post(sample, framing));
      const reply = await client.reply('POST');
      assert.equal(reply.status, 200, what);
      assert.equal(bench.upstream.last.body.toString('latin1'), sample.text, what);
      if (use === 'parsed') assert.equal(seen.pop(), sample.kind, what);
      if (use === 'raw') assert.equal(seen.pop(), sample.text, what);
      // A body that was collected has a length; one that streams is framed as it came.
      const whole = use === 'parsed' || use === 'raw';
      const measured = /content-length: /.test(bench.upstream.last.head);
      assert.equal(measured, whole || framing === 'length', what);
      client.socket.destroy();
    }
  });

  test(`a reply's body read as ${use} reaches the client byte for byte, however it came`, async (t) => {
    const seen: string[] = [];
    const bench = await startBench(t, { kinds: [looking({ response: use }, seen)] });
    for (const [sample, framing, way] of combinations(SAMPLES, ['length', 'chunked', 'close'] as const, WAYS)) {
      const what = `${sample.name} ${framing} ${way}`;
      bench.upstream.respond = ({ socket }) => void giveReply(socket, sample, framing, way);
      const reply = await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n');
      assert.equal(reply.body.toString('latin1'), sample.text, what);
      assert.equal(reply.headers['content-type'], sample.type);
      if (use === 'parsed') assert.equal(seen.pop(), sample.kind, what);
      if (use === 'raw') assert.equal(seen.pop(), sample.text, what);
      if (use !== 'none' && use !== 'tap') assert.equal(reply.headers['content-length'], String(sample.text.length));
    }
  });
}

async function giveReply(
  socket: RawClient['socket'],
  { type, text }: Sample,
  framing: 'length' | 'chunked' | 'close',
  way: (typeof WAYS)[number],
): Promise<void> {
  const fields = `content-type: ${type}`;
  const body = Buffer.from(text, 'latin1');
  const bytes = {
    length: () => replyText(body, fields),
    chunked: () => Buffer.from(chunkedReply(body, fields), 'latin1'),
    close: () => Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${text}`, 'latin1'),
  }[framing]();
  if (way === 'at once') socket.write(bytes);
  else await dripTo(socket, bytes);
  if (framing === 'close') socket.end();
}

test('malformed JSON is refused before anything reaches the upstream', async (t) => {
  const bench = await startBench(t, { kinds: [looking({ request: 'parsed' }, [])] });
  for (const framing of ['length', 'chunked'] as const) {
    const reply = await bench
      .client()
      .send(post({ ...(SAMPLES[0] as Sample), text: '{"a":1,"a":2' }, framing))
      .reply('POST');
    assert.deepEqual([reply.status, codeOf(reply)], [400, 'malformed-body']);
  }
  assert.equal(bench.upstream.connections, 0);
});

test('a request without a body has an empty one to read', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, { kinds: [looking({ request: 'parsed' }, seen)] });
  for (const request of [
    'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n',
    'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n',
    'POST /x HTTP/1.1\r\nhost: x.example\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ]) {
    assert.equal((await bench.ask(request)).status, 200);
    assert.equal(seen.pop(), 'empty');
    assert.equal(bench.upstream.last.body.length, 0);
    assert.doesNotMatch(bench.upstream.last.head, /transfer-encoding/);
  }
  assert.match(bench.upstream.last.head, /content-length: 0\r\n/);
});

test('a chunked request that turns out empty goes on without a body, read or not', async (t) => {
  const bench = await startBench(t);
  await bench.ask('POST /x HTTP/1.1\r\nhost: x.example\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n');
  assert.match(bench.upstream.last.head, /content-length: 0\r\n/);
});

test('a view that was not asked for throws, which is a fault', async (t) => {
  const bench = await startBench(t, {
    kinds: [kindOf('p', { inspect: step((exchange) => (exchange.body('raw'), PASS), { request: 'parsed' }) })],
  });
  assert.equal(codeOf(await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'gateway-fault');
});

test('all who ask for the parsed body get the same value', async (t) => {
  const seen: unknown[] = [];
  const look = step<'inspect'>((exchange) => (seen.push(exchange.body('parsed')), PASS), { request: 'parsed' });
  const bench = await startBench(t, {
    kinds: [kindOf('p', { inspect: look }), kindOf('q', { decide: look, transform: look })],
  });
  await bench
    .client()
    .send(post(SAMPLES[0] as Sample, 'chunked'))
    .reply();
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
});

test('respond may read the body of the request, which then goes upstream only when whole', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        respond: step((exchange, reply) => (seen.push(`${reply.source} ${exchange.body('parsed').kind}`), PASS), {
          request: 'parsed',
        }),
      }),
    ],
  });
  await bench
    .client()
    .send(post(SAMPLES[0] as Sample, 'chunked'))
    .reply();
  assert.deepEqual(seen, ['upstream json']);
  const refused = await bench
    .client()
    .send(post({ ...(SAMPLES[0] as Sample), text: '{' }, 'length'))
    .reply();
  assert.equal(codeOf(refused), 'malformed-body');
  // There was no body to read, so the step has not run, and nothing has failed.
  assert.deepEqual([seen.length, bench.alerts.length], [1, 0]);
});

const TOO_MUCH = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: text/plain\r\n';

for (const use of ['none', 'raw'] as const) {
  test(`a body over the limit is refused, read as ${use}`, async (t) => {
    const bench = await startBench(t, {
      kinds: [looking({ request: use }, [])],
      api: "routes: ['POST /x']\n    body: 100B",
    });
    const announced = bench.client().send(`${TOO_MUCH}content-length: 101\r\n\r\n`);
    // At once, before any of it was sent.
    assert.equal(codeOf(await announced.reply('POST')), 'body-too-large');
    const growing = bench.client().send(`${TOO_MUCH}transfer-encoding: chunked\r\n\r\n32\r\n${'x'.repeat(50)}\r\n`);
    await until(() => bench.gateway.inFlight === 1);
    await rest();
    growing.send(`33\r\n${'y'.repeat(51)}`);
    assert.equal(codeOf(await growing.reply('POST')), 'body-too-large');
    await growing.end();
    const fitting = bench.client().send(`${TOO_MUCH}content-length: 100\r\n\r\n${'x'.repeat(100)}`);
    assert.equal((await fitting.reply('POST')).status, 200);
    assert.equal(bench.upstream.requests.length, 1);
    await until(() => bench.gateway.inFlight === 0);
  });
}

test('a GET with a body that nobody described is refused', async (t) => {
  const bench = await startBench(t);
  const reply = await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\ncontent-length: 1\r\n\r\nx');
  assert.deepEqual([reply.status, codeOf(reply)], [400, 'unexpected-body']);
  assert.equal(bench.upstream.connections, 0);
});

test('a body that breaks its framing is refused, and the upstream sees a broken request at most', async (t) => {
  const bench = await startBench(t, { kinds: [looking({ request: 'raw' }, [])] });
  const reply = await bench.ask(`${TOO_MUCH}transfer-encoding: chunked\r\n\r\n5\r\nabcdeX`);
  assert.equal(codeOf(reply), 'malformed-chunk');
  assert.equal(bench.upstream.connections, 0);
});

async function askFor(
  t: TestContext,
  reply: Buffer | string,
  response: BodyUse,
): Promise<{ bench: Bench; code: string }> {
  const bench = await startBench(t, { kinds: [looking({ response }, [])] });
  bench.upstream.respond = ({ socket }) => void socket.write(reply);
  const given = await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n');
  return { bench, code: given.status === 200 ? 'ok' : codeOf(given) };
}

test('a reply that a policy must read and can not is not passed on', async (t) => {
  const { code, bench } = await askFor(t, replyText('{"a":'), 'parsed');
  assert.equal(code, 'upstream-refused-body');
  const [intent, completion] = bench.records;
  assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
  assert.deepEqual([intent.verdict, completion.status, completion.upstreamStatus], ['pass', 502, 200]);
  assert.equal(
    (await askFor(t, replyText('{}', 'content-type: application/json\r\ncontent-encoding: gzip'), 'parsed')).code,
    'upstream-refused-body',
  );
  assert.equal((await askFor(t, replyText('{"a":'), 'raw')).code, 'ok');
});

test('a reply too large to be read is refused, as soon as that is known', async (t) => {
  const bench = await startBench(t, { kinds: [looking({ response: 'raw' }, [])] });
  const limit = 10 * 1024 * 1024;
  bench.upstream.respond = ({ socket }) =>
    void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${limit + 1}\r\n\r\nx`);
  const get = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
  assert.equal(codeOf(await bench.ask(get)), 'upstream-refused-body');
  bench.upstream.respond = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.write(Buffer.alloc(limit + 1));
  };
  assert.equal(codeOf(await bench.ask(get)), 'upstream-refused-body');
  await until(() => bench.upstream.sockets.size === 0);
  bench.upstream.respond = ({ socket }) => void socket.write(replyText(Buffer.alloc(limit, 1), 'content-type: a/b'));
  assert.equal((await bench.ask(get)).body.length, limit);
});

test('what makes a reply unreadable is not asked for where it is read, and is elsewhere', async (t) => {
  const request =
    'GET /x HTTP/1.1\r\nhost: x.example\r\naccept-encoding: gzip\r\nrange: bytes=0-1\r\nif-range: "a"\r\naccept: */*\r\n\r\n';
  const read = await startBench(t, { kinds: [looking({ response: 'raw' }, [])] });
  await read.ask(request);
  assert.doesNotMatch(read.upstream.last.head, /range|encoding/);
  assert.match(read.upstream.last.head, /accept: /);
  const unread = await startBench(t, { kinds: [looking({ request: 'raw', response: 'tap' }, [])] });
  await unread.ask(request);
  assert.match(unread.upstream.last.head, /accept-encoding: gzip\r\nrange: bytes=0-1\r\nif-range: /);
});

test('the bodies that one client makes the gateway collect have a bound together, and give back what they took', async (t) => {
  const bench = await startBench(t, { kinds: [looking({ request: 'raw' }, [])], collectedBytes: 2_000 });
  const first = bench.client().send(`${TOO_MUCH}content-length: 700\r\n\r\n${'x'.repeat(600)}`);
  await until(() => bench.gateway.inFlight === 1);
  await rest();
  const second = await bench.ask(`${TOO_MUCH}content-length: 500\r\n\r\n${'x'.repeat(500)}`);
  assert.deepEqual([second.status, codeOf(second)], [503, 'gateway-overloaded']);
  first.send('x'.repeat(100));
  assert.equal((await first.reply('POST')).status, 200);
  const leaving = bench.client().send(`${TOO_MUCH}content-length: 900\r\n\r\n${'x'.repeat(800)}`);
  await until(() => bench.gateway.inFlight === 1);
  await rest();
  leaving.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  assert.equal((await bench.ask(`${TOO_MUCH}content-length: 1000\r\n\r\n${'x'.repeat(1_000)}`)).status, 200);
});

test('a client that stalls with all the bodies it can does not take the room of others', async (t) => {
  const bench = await startBench(t, { kinds: [looking({ request: 'raw' }, [])], collectedBytes: 2_000, peers: true });
  const post = (address: string, bytes: number, announced = bytes): string =>
    `${TOO_MUCH}x-test-peer: ${address}\r\ncontent-length: ${announced}\r\n\r\n${'x'.repeat(bytes)}`;
  for (let stalled = 1; stalled <= 4; stalled++) {
    bench.client().send(post('192.0.2.1', 240, 400));
    await until(() => bench.gateway.inFlight === stalled);
  }
  await rest();
  assert.equal(codeOf(await bench.ask(post('192.0.2.1', 240))), 'gateway-overloaded');
  for (const other of ['192.0.2.2', '2001:db8::1'])
    assert.equal((await bench.ask(post(other, 500))).status, 200, other);
});

test('replies that are collected count too, bodies that stream do not', async (t) => {
  const reading = await startBench(t, { kinds: [looking({ response: 'raw' }, [])], collectedBytes: 2_000 });
  const streaming = await startBench(t, { kinds: [looking({ request: 'tap' }, [])], collectedBytes: 1_000 });
  for (const bench of [reading, streaming]) {
    bench.upstream.respond = ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n`);
      setImmediate(() => socket.write('x'.repeat(2_000)));
    };
  }
  const request = `${TOO_MUCH}content-length: 2000\r\n\r\n${'x'.repeat(2_000)}`;
  assert.equal(codeOf(await reading.ask(request)), 'gateway-overloaded');
  assert.equal((await streaming.ask(request)).body.length, 2_000);
  reading.upstream.respond = ({ socket }) => void socket.write(replyText('x'));
  assert.equal((await reading.ask(request)).status, 200);
});

test('of a body that no memory was found for nothing more is kept, while its refusal waits to be sent', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let keptBytes = -1;
  const slow = kindOf('slow', {
    inspect: step<'inspect'>(() => PASS, { request: 'raw' }),
    respond: step<'respond'>(
      async (exchange) => {
        await promise;
        keptBytes = exchange.body('tap').totalBytes;
        return PASS;
      },
      { request: 'tap' },
    ),
  });
  const bench = await startBench(t, { kinds: [slow], collectedBytes: 100 });
  const client = bench.client().send('POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-length: 200\r\n\r\n');
  client.send('a'.repeat(80));
  await until(() => bench.metrics.refusals.length > 0);
  client.send('b'.repeat(120));
  await rest();
  resolve();
  assert.equal((await client.reply()).status, 503);
  assert.equal(keptBytes, 0);
});
