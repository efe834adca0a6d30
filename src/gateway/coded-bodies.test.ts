import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import {
  type BodyUse,
  type BodyViews,
  type Exchange,
  PASS,
  type PolicyKind,
  type ReplyView,
  type Steps,
} from '../policy/index.ts';
import {
  apiText,
  type Bench,
  chunked,
  chunkedReply,
  codeOf,
  dripTo,
  gatheredOf,
  type GivenReply,
  kindOf,
  replyText,
  rest,
  snapshotOf,
  startBench,
  step,
  until,
} from './fixture.test.ts';

type Use = Extract<BodyUse, 'raw' | 'parsed'>;

const TEXT = '{"item":"tea","note":"äöü"}';
const CODED: Readonly<Record<string, Buffer>> = {
  gzip: zlib.gzipSync(TEXT),
  'X-Gzip': zlib.gzipSync(TEXT),
  Deflate: zlib.deflateSync(TEXT),
  br: zlib.brotliCompressSync(TEXT),
  ZSTD: zlib.zstdCompressSync(TEXT),
};
const brotli = (bytes: Buffer): Buffer =>
  zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } });
const ZEROS = Buffer.alloc(50 * 1024 * 1024);
const BOMBS: Readonly<Record<string, Buffer>> = {
  gzip: zlib.gzipSync(ZEROS),
  deflate: zlib.deflateSync(ZEROS),
  br: brotli(ZEROS),
  zstd: zlib.zstdCompressSync(ZEROS),
};
/** More than is decoded at once. */
const LARGE = Buffer.from(
  JSON.stringify({ note: 'x'.repeat(300_000), n: Array.from({ length: 40_000 }, (_, n) => n) }),
);

function post(body: Buffer, fields: string, framing: 'length' | 'chunked' = 'length'): Buffer {
  const type = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: application/json\r\n';
  const head = `${type}${fields === '' ? '' : `${fields}\r\n`}`;
  return framing === 'length'
    ? Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body])
    : Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n${chunked(body)}`, 'latin1');
}

function seenOf(body: <U extends keyof BodyViews>(use: U) => BodyViews[U], use: Use): string {
  if (use === 'raw') return Buffer.from(body('raw')).toString();
  const parsed = body('parsed');
  return parsed.kind === 'json' ? 'json' : parsed.kind;
}

/** A policy that reads the request or the reply whole. */
function reading(use: { request?: Use; response?: Use }, seen: string[], kind = 'p'): PolicyKind<never> {
  const { request, response } = use;
  const inspect = (exchange: Exchange) => (seen.push(seenOf((each) => exchange.body(each), request as Use)), PASS);
  const respond = (_: Exchange, reply: ReplyView) => (
    seen.push(seenOf((each) => reply.body(each), response as Use)), PASS
  );
  const steps: Steps = {
    ...(request === undefined ? {} : { inspect: step<'inspect'>(inspect, { request }) }),
    ...(response === undefined ? {} : { respond: step<'respond'>(respond, { response }) }),
  };
  return kindOf(kind, steps);
}

async function send(bench: Bench, bytes: Buffer): Promise<GivenReply> {
  const client = bench.client().send(bytes);
  const reply = await client.reply('POST');
  client.socket.destroy();
  return reply;
}

for (const use of ['parsed', 'raw'] as const) {
  test(`a coded request that is read ${use} is judged and forwarded as what it holds`, async (t) => {
    const seen: string[] = [];
    const bench = await startBench(t, { kinds: [reading({ request: use }, seen)] });
    for (const [coding, body] of Object.entries(CODED)) {
      for (const framing of ['length', 'chunked'] as const) {
        const digests = 'content-digest: sha-256=:AA==:\r\ncontent-md5: AA==\r\nx-other: kept';
        const fields = `content-encoding: ${coding}\r\n${digests}`;
        assert.equal((await send(bench, post(body, fields, framing))).status, 200, coding);
        assert.equal(seen.pop(), use === 'raw' ? TEXT : 'json', coding);
        const { last } = bench.upstream;
        assert.equal(last.body.toString(), TEXT, coding);
        // What was true of the coded bytes alone is gone.
        assert.doesNotMatch(last.head, /content-encoding|transfer-encoding|digest|md5/);
        assert.match(last.head, new RegExp(`content-length: ${Buffer.byteLength(TEXT)}\r\n`));
        assert.match(last.head, /x-other: kept\r\n/);
      }
    }
    const [intent] = bench.records;
    assert.ok(intent?.kind === 'intent' && intent.verdict === 'pass');
  });
}

test('a coded request comes byte by byte, and one that is large is decoded beside the thread', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, { kinds: [reading({ request: 'parsed' }, seen)] });
  const client = bench.client();
  await client.drip(post(CODED['gzip'] as Buffer, 'content-encoding: gzip'));
  assert.equal((await client.reply('POST')).status, 200);
  for (const body of [zlib.gzipSync(LARGE, { level: 0 }), brotli(LARGE)]) {
    const coding = body[0] === 0x1f ? 'gzip' : 'br';
    const reply = client.send(post(body, `content-encoding: ${coding}`)).reply('POST');
    assert.equal((await reply).status, 200);
    assert.ok(bench.upstream.last.body.equals(LARGE));
  }
  assert.deepEqual(seen, ['json', 'json', 'json']);
});

test('a coded request passes as it came where nobody reads it', async (t) => {
  const tapping = kindOf('p', { inspect: step<'inspect'>(() => PASS, { request: 'tap' }) });
  for (const kinds of [[], [tapping]]) {
    const bench = await startBench(t, { kinds });
    for (const fields of ['content-encoding: gzip', 'content-encoding: compress, gzip']) {
      const body = CODED['gzip'] as Buffer;
      assert.equal((await send(bench, post(body, fields))).status, 200);
      assert.ok(bench.upstream.last.body.equals(body));
      assert.ok(bench.upstream.last.head.includes(`${fields}\r\n`));
    }
  }
});

test('a bomb of any coding is 413, and nothing of it reaches the upstream', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])] });
  for (const [coding, body] of Object.entries(BOMBS)) {
    const reply = await send(bench, post(body, `content-encoding: ${coding}`));
    assert.deepEqual([reply.status, codeOf(reply)], [413, 'body-too-large'], coding);
  }
  assert.equal(bench.upstream.connections, 0);
  await until(() => bench.gateway.inFlight === 0);
});

test('a body may not hold more than its operation takes', async (t) => {
  const api = "body: 1KiB, routes: ['* /{rest...}']".replace(', ', '\n    ');
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])], api });
  const sized = (bytes: number): Buffer => post(zlib.gzipSync(Buffer.alloc(bytes, 'abcd')), 'content-encoding: gzip');
  assert.equal((await send(bench, sized(1_024))).status, 200);
  assert.equal(codeOf(await send(bench, sized(1_025))), 'body-too-large');
});

test('what is not what its coding says is 400', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])] });
  const gzip = CODED['gzip'] as Buffer;
  for (const [what, body, coding] of [
    ['plain', Buffer.from(TEXT), 'gzip'],
    ['cut', gzip.subarray(0, -1), 'gzip'],
    ['cut, large', brotli(LARGE).subarray(0, -1), 'br'],
    ['more behind its end', Buffer.concat([gzip, Buffer.from(TEXT)]), 'gzip'],
    ['another coding', gzip, 'deflate'],
    ['deflate without its frame', zlib.deflateRawSync(TEXT), 'deflate'],
  ] as const) {
    const reply = await send(bench, post(body, `content-encoding: ${coding}`));
    assert.deepEqual([reply.status, codeOf(reply)], [400, 'malformed-body'], what);
  }
  const part = await send(bench, post(gzip, `content-encoding: gzip\r\ncontent-range: bytes 0-${gzip.length - 1}/99`));
  assert.deepEqual([part.status, codeOf(part)], [400, 'malformed-body']);
  assert.equal(bench.upstream.connections, 0);
});

test('a coding that is unknown, or more than one, is 415 with those that would do', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])] });
  const one = 'content-encoding: ';
  for (const fields of [`${one}compress`, `${one}gzip, gzip`, `${one}gzip\r\n${one}gzip`, `${one}`, `${one}*`]) {
    const reply = await send(bench, post(CODED['gzip'] as Buffer, fields));
    assert.deepEqual([reply.status, codeOf(reply)], [415, 'unsupported-media-type'], fields);
    assert.equal(reply.headers['accept-encoding'], 'gzip, br, zstd');
  }
  // Whoever sent no coding is not told to change it (RFC 7694 §3).
  const parsing = await startBench(t, { kinds: [reading({ request: 'parsed' }, [])] });
  const untyped = await parsing.ask('POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-length: 1\r\n\r\nx');
  assert.deepEqual([untyped.status, untyped.headers['accept-encoding']], [415, undefined]);
});

test('identity is no coding, and a body without bytes is in none', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, { kinds: [reading({ request: 'parsed' }, seen)] });
  assert.equal((await send(bench, post(Buffer.from(TEXT), 'content-encoding: Identity'))).status, 200);
  assert.equal(bench.upstream.last.body.toString(), TEXT);
  for (const coding of ['gzip', 'compress']) {
    for (const framing of ['length', 'chunked'] as const) {
      assert.equal((await send(bench, post(Buffer.alloc(0), `content-encoding: ${coding}`, framing))).status, 200);
      assert.doesNotMatch(bench.upstream.last.head, /content-encoding/);
    }
  }
  // Coded nothing is nothing too.
  assert.equal((await send(bench, post(zlib.gzipSync(''), 'content-encoding: gzip'))).status, 200);
  assert.match(bench.upstream.last.head, /content-length: 0\r\n/);
  assert.deepEqual(seen, ['json', 'empty', 'empty', 'empty', 'empty', 'empty']);
});

test('what is coded and what it holds count together against the memory for bodies', async (t) => {
  const body = zlib.gzipSync(Buffer.alloc(900, 'abcdefgh'));
  const collectedBytes = 2 * (900 + body.length);
  for (const [limit, status] of [
    [collectedBytes, 200],
    [collectedBytes - 2, 503],
  ] as const) {
    const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])], collectedBytes: limit });
    assert.equal((await send(bench, post(body, 'content-encoding: gzip'))).status, status);
    // All of it is given back.
    for (let again = 0; again < 3; again++)
      assert.equal((await send(bench, post(body, 'content-encoding: gzip'))).status, status);
  }
});

test('a client that leaves while its body is decoded leaves nothing behind', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, seen)], collectedBytes: 2_500_000 });
  const body = brotli(LARGE);
  for (let round = 0; round < 4; round++) {
    const client = bench.client().send(post(body, 'content-encoding: br'));
    await until(() => bench.gateway.inFlight === 1);
    client.socket.resetAndDestroy();
    await until(() => bench.gateway.inFlight === 0);
  }
  await rest();
  assert.equal((await send(bench, post(body, 'content-encoding: br'))).status, 200);
});

test('a hundred bombs at once are all refused, and the memory stays flat', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ request: 'raw' }, [])], peers: true });
  const burst = async (): Promise<void> => {
    const replies = Object.entries(BOMBS).flatMap(([coding, body]) =>
      Array.from({ length: 25 }, async (_, at) => {
        const fields = `content-encoding: ${coding}\r\nx-test-peer: 192.0.2.${at + 1}`;
        return codeOf(await send(bench, post(body, fields)));
      }),
    );
    // Those beyond the places of the queue are turned away, and no other way out is there.
    for (const code of await Promise.all(replies)) assert.match(code, /^(?:body-too-large|gateway-overloaded)$/);
  };
  await burst();
  const before = process.memoryUsage().rss;
  await burst();
  const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
  assert.ok(grownMiB < 60, `${grownMiB.toFixed(0)} MiB`);
  assert.equal(bench.upstream.connections, 0);
});

for (const use of ['parsed', 'raw'] as const) {
  test(`a coded reply that is read ${use} is judged and passed on as what it holds`, async (t) => {
    const seen: string[] = [];
    const bench = await startBench(t, { kinds: [reading({ response: use }, seen)] });
    for (const [coding, body] of Object.entries(CODED)) {
      const fields = `content-type: application/json\r\ncontent-encoding: ${coding}\r\netag: "a"\r\nvary: accept-encoding`;
      for (const reply of [replyText(body, fields), Buffer.from(chunkedReply(body, fields), 'latin1')]) {
        bench.upstream.respond = ({ socket }) => void dripTo(socket, reply);
        const given = await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\naccept-encoding: gzip\r\n\r\n');
        assert.equal(given.body.toString(), TEXT, coding);
        assert.equal(given.headers['content-length'], String(Buffer.byteLength(TEXT)));
        assert.deepEqual([given.headers['content-encoding'], given.headers['etag']], [undefined, undefined]);
        assert.equal(given.headers['vary'], 'accept-encoding');
        assert.equal(seen.pop(), use === 'raw' ? TEXT : 'json');
      }
    }
  });
}

test('a large coded reply is decoded beside the thread, and the next one waits for it', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ response: 'raw' }, [])] });
  const reply = replyText(brotli(LARGE), 'content-type: application/json\r\ncontent-encoding: br');
  bench.upstream.respond = ({ socket }) => void socket.write(reply);
  const client = bench.client();
  const get = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
  client.send(get + get);
  for (let at = 0; at < 2; at++) assert.ok((await client.reply()).body.equals(LARGE));
});

test('a coded reply that can not be read is 502, and one without a body has no coding', async (t) => {
  const bench = await startBench(t, { kinds: [reading({ response: 'raw' }, [])] });
  const coded = 'content-type: application/json\r\ncontent-encoding: ';
  const ask = async (reply: Buffer, method = 'GET'): Promise<GivenReply> => {
    bench.upstream.respond = ({ socket }) => void socket.write(reply);
    return await bench.ask(`${method} /x HTTP/1.1\r\nhost: x.example\r\n\r\n`);
  };
  for (const [what, reply] of [
    ['a bomb', replyText(BOMBS['gzip'] as Buffer, `${coded}gzip`)],
    ['plain', replyText(TEXT, `${coded}gzip`)],
    ['cut', replyText((CODED['gzip'] as Buffer).subarray(0, -1), `${coded}gzip`)],
    ['a list', replyText(CODED['gzip'] as Buffer, `${coded}gzip, identity`)],
    ['unknown', replyText(CODED['gzip'] as Buffer, `${coded}compress`)],
    [
      'a part that could be decoded',
      replyText(CODED['gzip'] as Buffer, `${coded}gzip\r\ncontent-range: bytes 0-9/99`, 206),
    ],
    ['a part', replyText((CODED['gzip'] as Buffer).subarray(4), `${coded}gzip\r\ncontent-range: bytes 4-9/10`, 206)],
  ] as const)
    assert.equal(codeOf(await ask(reply)), 'upstream-refused-body', what);
  const head = await ask(Buffer.from(`HTTP/1.1 200 OK\r\n${coded}gzip\r\ncontent-length: 99\r\n\r\n`), 'HEAD');
  assert.deepEqual(
    [head.status, head.headers['content-encoding'], head.headers['content-length']],
    [200, undefined, undefined],
  );
});

test('where all only observe, what can not be decoded passes as it came, and is noted', async (t) => {
  const seen: string[] = [];
  const kinds = [reading({ request: 'parsed', response: 'parsed' }, seen)];
  const bench = await startBench(t, { kinds });
  const gathered = gatheredOf(apiText(bench.upstream.url, ['p']), bench.kinds);
  const apis = gathered.config.apis.map((api) => ({
    ...api,
    policies: api.policies.map((policy) => ({ ...policy, mode: 'observe' as const })),
  }));
  assert.ok(bench.gateway.install(snapshotOf({ ...gathered, config: { ...gathered.config, apis } }, bench.kinds)));
  for (const [body, coding] of [
    [BOMBS['gzip'] as Buffer, 'gzip'],
    [Buffer.from(TEXT), 'compress'],
  ] as const) {
    const reply = replyText(body, `content-type: application/json\r\ncontent-encoding: ${coding}`);
    bench.upstream.respond = ({ socket }) => void socket.write(reply);
    const given = await send(bench, post(body, `content-encoding: ${coding}`));
    assert.equal(given.status, 200);
    assert.ok(given.body.equals(body) && bench.upstream.last.body.equals(body));
    assert.equal(given.headers['content-encoding'], coding);
    assert.match(bench.upstream.last.head, new RegExp(`content-encoding: ${coding}\r\n`));
  }
  assert.deepEqual(seen, [], 'nobody is shown what it can not read');
  assert.deepEqual(bench.metrics.observations, [
    'body-too-large',
    'upstream-refused-body',
    'unsupported-media-type',
    'upstream-refused-body',
  ]);
});

test('a body that takes the place of a coded reply is read as it is', async (t) => {
  const seen: string[] = [];
  const replacing = kindOf('a', {
    respond: step<'respond'>((_exchange, _reply, edits) => (edits.replaceBody(Buffer.from('[1]')), PASS), {
      response: 'raw',
    }),
  });
  const bench = await startBench(t, { kinds: [replacing, reading({ response: 'raw' }, seen)] });
  const reply = replyText(CODED['gzip'] as Buffer, 'content-type: application/json\r\ncontent-encoding: gzip');
  bench.upstream.respond = ({ socket }) => void socket.write(reply);
  assert.equal((await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n')).body.toString(), '[1]');
  assert.deepEqual(seen, ['[1]']);
});

test('an answer of a policy that is coded is never read as what it is not', async (t) => {
  const seen: string[] = [];
  const response = { status: 200, headers: [['content-encoding', 'gzip'] as const], body: CODED['gzip'] as Buffer };
  const answering = kindOf('a', { admit: step<'admit'>(() => ({ kind: 'reply', response })) });
  const bench = await startBench(t, { kinds: [answering, reading({ response: 'raw' }, seen)] });
  assert.equal(codeOf(await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'gateway-fault');
  assert.deepEqual(seen, []);
});
