import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalSumOf } from '../base/index.ts';
import { createPlainHttp } from './plain-http.ts';
import {
  apiText,
  codeOf,
  type Closing,
  fakePorts,
  gatheredOf,
  type GivenReply,
  serve,
  snapshotOf,
  withPeers,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { createGateway } from './gateway.ts';
import { SINGLE_REFUSALS } from './refusal-sums.ts';

interface Setting {
  readonly mode?: 'redirect' | 'refuse';
  readonly httpsPort?: number;
  readonly api?: string;
  readonly installed?: boolean;
  /** Lines before the API. */
  readonly head?: string;
  /** What is answered to CAs, by path. */
  readonly answers?: Readonly<Record<string, string>>;
}

/** A plain port, and how to ask it: the request line without its version, the host, more lines, a body. */
async function startPlain(
  t: Closing,
  { mode = 'redirect', httpsPort = 8443, api, installed = true, head = '', answers = {} }: Setting = {},
) {
  const fakes = fakePorts();
  const gateway = createGateway(fakes.ports);
  const kinds = kindTable([]);
  if (installed)
    gateway.install(
      snapshotOf(gatheredOf(head + apiText('http://127.0.0.1:9', [], api), kinds, { revision: 4 }), kinds),
    );
  const handler = createPlainHttp({
    sums: (what, address) => gateway.sums(what, address),
    ports: fakes.ports,
    mode,
    httpsPort: () => httpsPort,
    snapshot: () => gateway.current,
    challenges: { textFor: ({ path }) => answers[path] ?? null },
    turnDown: (stream, problem, peer) => gateway.turnDown(stream, problem, peer),
    refused: (code, peer, sendsBody) => gateway.refused(code, peer, sendsBody),
  });
  const { client } = await serve(t, { handler: withPeers(handler), clock: fakes.clock, close: () => gateway.close() });
  const ask = async (line: string, lines = '', host = 'api.example', body = ''): Promise<GivenReply> => {
    const sender = client().send(`${line} HTTP/1.1\r\nhost: ${host}\r\n${lines}\r\n${body}`);
    const reply = await sender.reply(line.split(' ', 1)[0]);
    sender.socket.destroy();
    return reply;
  };
  return { ...fakes, gateway, ask };
}

test('redirects beyond the bound of a second are summed, and so are refusals', async (t) => {
  const { ask, clock, records } = await startPlain(t);
  for (let time = 0; time < SINGLE_REFUSALS + 5; time++) assert.equal((await ask('GET /a')).status, 308);
  for (let time = 0; time < 3; time++) assert.equal((await ask('DELETE /a')).status, 403);
  assert.equal(records.length, SINGLE_REFUSALS * 2);
  clock.pass(1_000);
  const sums = records.slice(SINGLE_REFUSALS * 2).map((record) => {
    assert.ok(record.kind === 'change');
    return [record.target, refusalSumOf(record)?.count];
  });
  assert.deepEqual(sums, [
    ['redirect', 5],
    ['plain-http', 3],
  ]);
});

test('GET and HEAD without credentials are sent to https, path and query as they were judged', async (t) => {
  const { ask, records, metrics, alerts } = await startPlain(t);
  for (const method of ['GET', 'HEAD']) {
    const reply = await ask(`${method} /%7ea/%c3%a9?x=%2f&y`);
    assert.equal(reply.status, 308);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.equal(reply.headers['strict-transport-security'], undefined);
    assert.equal(reply.headers['location'], 'https://api.example:8443/~a/%C3%A9?x=%2F&y');
    assert.equal(reply.headers['cache-control'], 'no-store');
    assert.equal(reply.headers['strict-transport-security'], undefined);
    const [intent, completion] = records.splice(0);
    assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
    assert.deepEqual([intent.verdict, intent.revision, completion.status], ['reply', 4, 308]);
    assert.equal(reply.headers['x-request-id'], intent.id);
  }
  assert.deepEqual([metrics.statuses, alerts], [[308, 308], []]);
});

test('the standard port is not named, an IPv6 host keeps its brackets', async (t) => {
  const { ask } = await startPlain(t, { httpsPort: 443 });
  assert.equal((await ask('GET /')).headers['location'], 'https://api.example/');
  assert.equal((await ask('GET /', '', '[::1]:8080')).headers['location'], 'https://[::1]/');
});

test('the redirect goes to the canonical host, whatever else a client writes', async (t) => {
  const { ask } = await startPlain(t);
  const lines =
    'x-forwarded-host: evil.example\r\nforwarded: host=evil.example\r\nx-host: evil.example\r\norigin: http://evil.example\r\nreferer: http://evil.example\r\n';
  assert.equal((await ask('GET /', lines, 'API.Example.:8080')).headers['location'], 'https://api.example:8443/');
  assert.equal((await ask('GET http://api.example/a')).headers['location'], 'https://api.example:8443/a');
  assert.equal((await ask('GET http://evil.example/a')).status, 400);
  // A path can not become a host.
  assert.equal((await ask('GET //evil.example/')).status, 400);
  assert.equal((await ask('GET /\\evil.example')).status, 400);
  assert.equal((await ask('GET /', '', 'evil.example/@api.example')).status, 400);
});

test('any other method, and any body, is refused', async (t) => {
  const { ask, alerts, records } = await startPlain(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY', 'TRACE']) {
    const reply = await ask(`${method} /`, 'content-length: 0\r\n');
    assert.deepEqual([reply.status, codeOf(reply)], [403, 'plain-http'], method);
    // Whoever speaks in clear what should be secret is not asked for more of it.
    assert.equal(reply.headers['connection'], 'close');
    const [intent] = records.splice(0);
    assert.ok(intent?.kind === 'intent');
    assert.deepEqual([intent.method, intent.verdict, intent.problem], [method, 'deny', 'plain-http']);
  }
  assert.equal(codeOf(await ask('OPTIONS *')), 'plain-http');
  assert.equal(codeOf(await ask('CONNECT api.example:443')), 'plain-http');
  assert.equal(codeOf(await ask('GET /', 'content-length: 1\r\n', 'api.example', 'x')), 'plain-http');
  assert.equal(codeOf(await ask('GET /', 'transfer-encoding: chunked\r\n', 'api.example', '0\r\n\r\n')), 'plain-http');
  assert.deepEqual(alerts, []);
});

const CREDENTIAL_LINES = [
  'Authorization: Basic eDp5',
  'authorization: ',
  'Cookie: a=b',
  'proxy-authorization: x',
  'X-API-Key: x',
  'api-key: x',
  'apikey: x',
  'x-auth-token: x',
  'X-Access-Token: x',
  'x-amz-security-token: x',
  'ocp-apim-subscription-key: x',
  'x-goog-api-key: x',
  'private-token: x',
  'dpop: x',
  'x-session-id: x',
  'x-client-secret: x',
];
const CREDENTIAL_QUERIES = [
  'access_token=x',
  'a=b&Access_Token=x',
  '%61ccess_token=x',
  'id_token=x',
  'api_key=x',
  'apiKey=x',
  'api-key=x',
  'key=x',
  'token=x',
  'token%5B%5D=x',
  'user%5Bpassword%5D=x',
  'password=x',
  'client_secret=x',
  'code=x&state=y',
  'X-Amz-Signature=x',
  'X-Amz-Security-Token=x',
  'sig=x',
  'session_id=x',
  'jwt=x',
  'a;access_token=x',
];
const HARMLESS = [
  '',
  'page_token=x',
  'country_code=de',
  'key_word=x',
  'tokens=5',
  'passage=1',
  'sigma=1',
  'q=access_token',
  'keyword=token',
];

test('every form of a credential is refused and an alert, and repeated to nobody', async (t) => {
  const { ask, alerts } = await startPlain(t);
  for (const line of CREDENTIAL_LINES) {
    const reply = await ask('GET /', `${line}\r\n`);
    assert.deepEqual([reply.status, codeOf(reply)], [403, 'plain-http'], line);
    assert.equal(alerts.pop()?.fields?.['where'], line.split(':')[0]?.toLowerCase(), line);
  }
  for (const query of CREDENTIAL_QUERIES) {
    const reply = await ask(`GET /?${query}`);
    assert.deepEqual([reply.status, codeOf(reply)], [403, 'plain-http'], query);
    const alert = alerts.pop();
    assert.deepEqual([alert?.kind, alert?.key, alert?.severity], ['credential-over-plain-http', '127.0.0.1', 'high']);
    assert.equal(alert?.fields?.['where'], 'query');
    assert.deepEqual(alerts, []);
  }
});

test('what only looks like a credential is redirected', async (t) => {
  const { ask, alerts } = await startPlain(t);
  for (const query of HARMLESS) assert.equal((await ask(`GET /?${query}`)).status, 308, query);
  assert.equal(
    (await ask('GET /', 'accept: a/b\r\nidempotency-key: x\r\nsec-websocket-key: x\r\nif-none-match: token\r\n'))
      .status,
    308,
  );
  assert.deepEqual(alerts, []);
});

test('a credential in a refused method is an alert too', async (t) => {
  const { ask, alerts } = await startPlain(t);
  await ask('POST /', 'authorization: Bearer x\r\ncontent-length: 0\r\n');
  assert.equal(alerts.length, 1);
});

test('the mode refuse never redirects', async (t) => {
  const { ask, alerts } = await startPlain(t, { mode: 'refuse' });
  assert.equal(codeOf(await ask('GET /')), 'plain-http');
  assert.equal(codeOf(await ask('GET /', 'cookie: a=b\r\n')), 'plain-http');
  assert.equal(alerts.length, 1);
});

test('a host that no API names is not redirected to', async (t) => {
  const { ask } = await startPlain(t, { api: "routes: ['GET /x']\n    host: api.example" });
  assert.equal((await ask('GET /y')).status, 308);
  const reply = await ask('GET /x', '', 'evil.example');
  assert.deepEqual([reply.status, codeOf(reply)], [421, 'misdirected-request']);
});

test('before the first Snapshot nobody is sent anywhere', async (t) => {
  const { ask } = await startPlain(t, { installed: false });
  assert.equal(codeOf(await ask('GET /')), 'gateway-overloaded');
});

test('what can not be recorded is not redirected', async (t) => {
  const { ask, ledger } = await startPlain(t);
  ledger.full = true;
  assert.equal(codeOf(await ask('GET /')), 'not-recorded');
});

test('what can not be read is answered as on the https port', async (t) => {
  const { ask } = await startPlain(t);
  assert.equal(codeOf(await ask('GET /../a')), 'dot-segment');
});

test('a client is told of under its network, however many addresses it has, and a flood of networks as one', async (t) => {
  const { ask, alerts } = await startPlain(t);
  const from = (address: string): Promise<GivenReply> => ask('GET /', `x-test-peer: ${address}\r\ncookie: a=b\r\n`);
  for (const address of ['2001:db8::1', '2001:db8::2', '192.0.2.1']) await from(address);
  assert.deepEqual(
    alerts.map(({ key, fields }) => [key, fields?.['address']]),
    [
      ['2001:db8::/64', '2001:db8::1'],
      ['2001:db8::/64', '2001:db8::2'],
      ['192.0.2.1', '192.0.2.1'],
    ],
  );
  for (let network = 0; network < 120; network++) await from(`2001:db8:1:${network}::1`);
  assert.equal(new Set(alerts.map(({ key }) => key)).size, 101);
  assert.match(alerts.at(-1)?.message ?? '', /many networks/);
});

test('behind a trusted proxy the record and the alert have the client, and a malformed field is refused', async (t) => {
  const { ask, records, alerts } = await startPlain(t, { head: 'trustedProxies: [127.0.0.1]\n' });
  const from = 'x-forwarded-for: 198.51.100.1, 203.0.113.9\r\n';
  assert.equal((await ask('GET /', from)).status, 308);
  assert.equal(codeOf(await ask('GET /', `${from}authorization: Basic b\r\n`)), 'plain-http');
  assert.equal(codeOf(await ask('GET /', 'x-forwarded-for: unknown\r\n')), 'malformed-forwarded');
  const addresses = records.flatMap((record) => (record.kind === 'intent' ? [record.address] : []));
  assert.deepEqual(addresses, ['203.0.113.9', '203.0.113.9', '127.0.0.1']);
  assert.deepEqual(
    alerts.map(({ key, fields }) => [key, fields?.['address']]),
    [['203.0.113.9', '203.0.113.9']],
  );
});

test('a CA that looks at a token is answered in both modes, for any host, without a configuration too, and recorded', async (t) => {
  const path = '/.well-known/acme-challenge/token';
  const settings: Setting[] = [{ mode: 'redirect' }, { mode: 'refuse' }, { installed: false }];
  for (const setting of settings) {
    const { ask, records, metrics } = await startPlain(t, { ...setting, answers: { [path]: 'token.thumbprint' } });
    const reply = await ask(`GET ${path}`, '', 'unknown.example');
    assert.deepEqual([reply.status, String(reply.body)], [200, 'token.thumbprint']);
    assert.equal(reply.headers['content-type'], 'application/octet-stream');
    const [intent, completion] = records;
    assert.ok(intent?.kind === 'intent' && completion?.kind === 'completion');
    assert.deepEqual([intent.verdict, intent.rule, completion.status], ['reply', 'acme-challenge', 200]);
    assert.equal(completion.responseBytes, 'token.thumbprint'.length);
    assert.deepEqual(metrics.statuses, [200]);
    assert.notEqual((await ask('GET /.well-known/acme-challenge/other')).status, 200);
  }
});

test('a look at a token with a body is no CA’s, and is refused as any other request with one', async (t) => {
  const path = '/.well-known/acme-challenge/token';
  const { ask } = await startPlain(t, { answers: { [path]: 'token.thumbprint' } });
  for (const [line, body] of [
    ['content-length: 1\r\n', 'x'],
    ['transfer-encoding: chunked\r\n', '1\r\nx\r\n0\r\n\r\n'],
  ] as const) {
    const reply = await ask(`GET ${path}`, line, 'api.example', body);
    assert.deepEqual([reply.status, codeOf(reply)], [403, 'plain-http']);
  }
});
