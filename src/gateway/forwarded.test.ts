import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createJwtKind, createPermissionKind, createRateKind, PASS } from '../policy/index.ts';
import type { Limiter } from '../ports/index.ts';
import type { ServerHandler } from '../wire/index.ts';
import {
  type Bench,
  apiText,
  codeOf,
  gatheredOf,
  kindOf,
  serve,
  snapshotOf,
  startBench,
  step,
  until,
  valueOf,
  UNJUDGED,
} from './fixture.test.ts';
import { compile } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { createUnspentLimiter } from './unspent-limiter.ts';

const TRUSTED = 'trustedProxies: [127.0.0.0/8, 10.0.0.0/8]\n';

/** A bench before which clients at 127.0.0.1 are trusted, unless something else is said. */
async function behindProxies(
  t: Parameters<typeof startBench>[0],
  options: Parameters<typeof startBench>[1] & { readonly head?: string; readonly upstream?: string } = {},
): Promise<Bench> {
  const bench = await startBench(t, options);
  const { head = TRUSTED, upstream = '', api, kinds = [] } = options;
  const text = apiText(
    bench.upstream.url,
    kinds.map(({ kind }) => kind),
    api,
  );
  const written = upstream === '' ? text : text.replace(/upstream: (\S+)/, `upstream: { targets: [$1], ${upstream} }`);
  assert.ok(bench.install(head + written));
  return bench;
}

function get(...lines: readonly string[]): string {
  return `GET /x HTTP/1.1\r\nhost: X.example:8443\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

/** The lines that tell an upstream of its client, in the order in which it got them. */
function toldOf(bench: Bench): readonly string[] {
  const lines = bench.upstream.last.head.split('\r\n');
  return lines.filter((line) => /^(?:x-)?(?:forwarded|real|request)/i.test(line) && !line.startsWith('GET'));
}

test('an upstream hears of the client that a trusted proxy named, and of the proxies behind it', async (t) => {
  const bench = await behindProxies(t);
  await bench.ask(
    get('X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.0.0.2', 'X-Forwarded-Host: evil', 'x-real-ip: 1.1.1.1'),
  );
  assert.deepEqual(toldOf(bench).slice(0, 3), [
    'x-forwarded-for: 203.0.113.9, 10.0.0.2, 127.0.0.1',
    'x-forwarded-host: x.example:8443',
    'x-forwarded-proto: http',
  ]);
  assert.equal(toldOf(bench).length, 4);
});

test('without trusted proxies, or from elsewhere, it hears of the connection alone', async (t) => {
  for (const head of ['', 'trustedProxies: [10.0.0.0/8]\n']) {
    const bench = await behindProxies(t, { head });
    await bench.ask(get('x-forwarded-for: 203.0.113.9', 'forwarded: for=203.0.113.9', 'x-request-id: mine'));
    assert.equal(toldOf(bench)[0], 'x-forwarded-for: 127.0.0.1');
    assert.doesNotMatch(bench.upstream.last.head, /mine|203\.0\.113/);
  }
});

test('`upstream.forwarded` chooses in which fields it hears so', async (t) => {
  const said = 'x-forwarded-for: 2001:db8::9, 10.0.0.2';
  const element = 'for="[2001:db8::9]", for=10.0.0.2, for=127.0.0.1;host="x.example:8443";proto=http';
  const separate = [
    'x-forwarded-for: 2001:db8::9, 10.0.0.2, 127.0.0.1',
    'x-forwarded-host: x.example:8443',
    'x-forwarded-proto: http',
  ];
  for (const [spelling, lines] of [
    ['x-forwarded', separate],
    ['forwarded', [`forwarded: ${element}`]],
    ['both', [...separate, `forwarded: ${element}`]],
  ] as const) {
    const bench = await behindProxies(t, { upstream: `forwarded: ${spelling}` });
    await bench.ask(get(said));
    assert.deepEqual(toldOf(bench).slice(0, -1), lines);
  }
  const direct = await behindProxies(t, { head: '', upstream: 'forwarded: forwarded' });
  await direct.ask(get(said));
  assert.equal(toldOf(direct)[0], 'forwarded: for=127.0.0.1;host="x.example:8443";proto=http');
});

test('clients that share a proxy’s connection are told apart, each time', async (t) => {
  const bench = await behindProxies(t);
  const client = bench.client();
  for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.2', '203.0.113.1', '::1']) {
    client.send(get(`x-forwarded-for: ${address}`));
    assert.equal((await client.reply()).status, 200);
    assert.equal(toldOf(bench)[0], `x-forwarded-for: ${address}, 127.0.0.1`);
  }
  client.send(get());
  await client.reply();
  assert.equal(toldOf(bench)[0], 'x-forwarded-for: 127.0.0.1');
});

test('a trusted field that is malformed is 400, recorded, and goes nowhere; the proxy may go on for others', async (t) => {
  const bench = await behindProxies(t);
  const client = bench.client().send(get('x-forwarded-for: unknown'));
  const reply = await client.reply();
  assert.deepEqual([reply.status, codeOf(reply), reply.headers['connection']], [400, 'malformed-forwarded', undefined]);
  assert.equal(bench.upstream.connections, 0);
  assert.equal((await client.send(get('x-forwarded-for: 203.0.113.9')).reply()).status, 200);
  const [intent] = bench.records;
  assert.ok(intent?.kind === 'intent');
  assert.deepEqual([intent.address, intent.verdict, intent.problem], ['127.0.0.1', 'deny', 'malformed-forwarded']);
});

test('with `field: forwarded` the other field is not looked at', async (t) => {
  const head = 'trustedProxies: { addresses: [127.0.0.1], field: forwarded }\n';
  const bench = await behindProxies(t, { head });
  await bench.ask(get('forwarded: for=203.0.113.9;proto=https', 'x-forwarded-for: unknown'));
  assert.equal(toldOf(bench)[0], 'x-forwarded-for: 203.0.113.9, 127.0.0.1');
  assert.equal(codeOf(await bench.ask(get('forwarded: 203.0.113.9'))), 'malformed-forwarded');
});

test('the id of a trusted proxy goes upstream; the reply and the record bear our own', async (t) => {
  const bench = await behindProxies(t);
  const reply = await bench.ask(get('x-request-id: 4f1c-A.b_9'));
  assert.ok(toldOf(bench).includes('x-request-id: 4f1c-A.b_9'));
  assert.match(reply.headers['x-request-id'] ?? '', /^00000000-0000-7000/);
  assert.deepEqual([...new Set(bench.records.map(({ id }) => id))], [reply.headers['x-request-id']]);
  await bench.ask(get('x-request-id: a b'));
  assert.match(toldOf(bench).at(-1) ?? '', /^x-request-id: 00000000-0000-7000/);
});

test('the ledger has the client’s address, whatever becomes of its request', async (t) => {
  const bench = await behindProxies(t, { api: "routes: ['GET /x', 'POST /only']" });
  const asked = [get(), get().replace('/x', '/none'), get().replace('/x', '/only'), get().replace('GET', 'DELETE')];
  for (const request of asked) await bench.ask(request.replace('\r\n\r\n', '\r\nx-forwarded-for: 203.0.113.9\r\n\r\n'));
  const addresses = bench.records.flatMap((record) => (record.kind === 'intent' ? [record.address] : []));
  assert.deepEqual(
    addresses,
    asked.map(() => '203.0.113.9'),
  );
});

test('policies see the client, and limits count it', async (t) => {
  const counted: string[] = [];
  const unspent = createUnspentLimiter();
  const limiter: Limiter = {
    ...unspent,
    charge: (charges, nowMs) => {
      const all = [...charges];
      counted.push(...all.map(({ key }) => key));
      return unspent.charge(all, nowMs);
    },
  };
  const seen: string[] = [];
  const looking = kindOf('p', { admit: step(({ request }) => (seen.push(request.peer.address), PASS)) });
  const bench = await startBench(t);
  const kinds = kindTable([looking, createRateKind({ limiter }) as never]);
  const text = apiText(bench.upstream.url, ['p'], "routes: ['GET /x']\n    limit: 5/min per address");
  bench.gateway.install(snapshotOf(gatheredOf(TRUSTED + text, kinds), kinds));
  for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.1'])
    assert.equal((await bench.ask(get(`x-forwarded-for: ${address}`))).status, 200);
  assert.deepEqual(seen, ['203.0.113.1', '203.0.113.2', '203.0.113.1']);
  assert.equal(counted.length, 3);
  assert.ok(counted[0] === counted[2] && counted[0]?.includes('203.0.113.1') && counted[1]?.includes('203.0.113.2'));
});

test('bodies that are collected count for the client’s network, not for the proxy', async (t) => {
  const reading = kindOf('p', { inspect: step(() => PASS, { request: 'raw' }) });
  const bench = await behindProxies(t, { kinds: [reading], collectedBytes: 4_000 });
  const post = (address: string, bytes: number): string =>
    `POST /x HTTP/1.1\r\nhost: x.example\r\nx-forwarded-for: ${address}\r\ncontent-length: ${bytes}\r\n\r\n`;
  // It holds 1,500 bytes of 4,000. No network may hold more than what is free beside it.
  const first = bench.client().send(post('203.0.113.1', 1_501) + 'x'.repeat(1_500));
  await until(() => bench.gateway.inFlight === 1);
  const same = bench.client().send(post('203.0.113.1', 600) + 'x'.repeat(600));
  assert.equal(codeOf(await same.reply('POST')), 'gateway-overloaded');
  const other = bench.client().send(post('203.0.113.2', 600) + 'x'.repeat(600));
  assert.equal((await other.reply('POST')).status, 200);
  first.send('x');
  assert.equal((await first.reply('POST')).status, 200);
});

test('keys that a token asks for are asked for in the client’s name', async (t) => {
  const asked: string[] = [];
  const keys = { want: (_issuer: string, source: string) => (asked.push(source), null) };
  const bench = await startBench(t);
  const { clock, log } = bench.ports;
  const kinds = kindTable([createJwtKind({ clock, log, keys }) as never, createPermissionKind() as never]);
  const issuer =
    '{ issuer: https://id.acme.example, audience: https://api.acme.example, algorithms: [ES256], jwks: discovery }';
  const text = apiText(bench.upstream.url, []).replace('auth: public', 'auth: [acme]');
  const gathered = gatheredOf(`${TRUSTED}issuers: { acme: ${issuer} }\n${text}`, kinds);
  const rows = new Map([['t', { thumbprint: 't', kid: 'another', algorithms: ['ES256'], jwk: {} }]]);
  const table = { version: 1, filledAtMs: clock.now(), rows, declaration: {} };
  const tables = { read: () => table } as unknown as Parameters<typeof compile>[1]['tables'];
  bench.gateway.install(valueOf(compile(gathered, { kinds, tables })));
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const nowS = clock.now() / 1_000;
  const claims = {
    iss: 'https://id.acme.example',
    sub: 'a',
    aud: 'https://api.acme.example',
    iat: nowS,
    exp: nowS + 60,
    jti: 'a',
  };
  const token = `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' })}.${part({ ...claims, client_id: 'a' })}.${'A'.repeat(86)}`;
  const reply = await bench.ask(get(`authorization: Bearer ${token}`, 'x-forwarded-for: 203.0.113.9'));
  assert.deepEqual([reply.status, asked], [401, ['203.0.113.9']]);
});

test('an upstream hears over which version of HTTP a request came', async (t) => {
  const bench = await startBench(t);
  const over = async (applicationProtocol: string | null): Promise<string | undefined> => {
    const tls = { protocol: 'TLSv1.3', cipher: '', group: null, serverName: null, applicationProtocol, ...UNJUDGED };
    const handler: ServerHandler = {
      request(stream) {
        Object.assign(stream.request, { peer: { ...stream.request.peer, tls } });
        bench.gateway.request(stream);
      },
      refused: (code, peer, sendsBody) => bench.gateway.refused(code, peer, sendsBody),
    };
    const { client } = await serve(t, { handler, clock: bench.clock, close() {} });
    await client().send(get()).reply();
    return /\r\nvia: (.*)\r\n/.exec(bench.upstream.last.head)?.[1];
  };
  assert.equal(await over('h2'), '2.0 portcullis');
  for (const other of [null, 'http/1.1', 'h3']) assert.equal(await over(other), '1.1 portcullis');
});

test('who is trusted changes with the configuration, for connections that stand too', async (t) => {
  const bench = await behindProxies(t);
  const client = bench.client();
  const text = apiText(bench.upstream.url, []);
  for (const [head, told] of [
    [TRUSTED, '203.0.113.9, 127.0.0.1'],
    ['', '127.0.0.1'],
    ['trustedProxies: [127.0.0.1, 203.0.113.9]\n', '198.51.100.1, 203.0.113.9, 127.0.0.1'],
  ] as const) {
    assert.ok(bench.install(head + text));
    client.send(get('x-forwarded-for: 198.51.100.1, 203.0.113.9'));
    assert.equal((await client.reply()).status, 200);
    assert.equal(toldOf(bench)[0], `x-forwarded-for: ${told}`);
  }
});
