import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { OAuth2Server } from 'oauth2-mock-server';
import { createMemoryTables, createOutboundEgress, createSystemRandom, createVirtualClock } from '../adapters/index.ts';
import { err, ok } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { IssuerKeys, type IssuerSource, keyTable, type KeyRow } from '../credential/index.ts';
import type { Alert, Files } from '../ports/index.ts';
import { findIssuerKeys } from './issuer-check.ts';

const jwk = (kid: string): object => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
});
const [FIRST, SECOND] = [jwk('first'), jwk('second')];

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** An issuer on loopback whose key set is served as the test says, and the paths it was asked for. */
async function startIssuer(t: TestContext, serveKeys: RequestListener, metadata: object = {}) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    if (request.url === '/jwks') serveKeys(request, response);
    else if (request.url === '/.well-known/openid-configuration') {
      sendJson(response, { issuer, jwks_uri: `${issuer}/jwks`, ...metadata });
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  return { issuer, paths, stop };
}

/** The real way out, on a clock that stands still. */
function wayOut() {
  const clock = createVirtualClock();
  const resolver = { resolve: () => Promise.resolve(err('no names here')) };
  return { clock, egress: createOutboundEgress({ resolver, clock }) };
}

function configOf(issuer: string, keys: Config['issuers'][number]['keys']): Config['issuers'][number] {
  return {
    name: 'acme',
    issuer,
    tenants: null,
    introspection: null,
    hostedDomains: null,
    keys,
    audiences: ['https://api.acme.example'],
    algorithms: ['ES256'],
    typ: 'any',
    skewMs: 30_000,
    maxLifetimeMs: 86_400_000,
    claims: { roles: null, tenant: null, permissions: null },
    scopes: 'narrow',
    path: 'issuers.acme',
  };
}

const DISCOVERY = { kind: 'discovery' } as const;
const noFiles: Pick<Files, 'read'> = {
  read: () => Promise.resolve(err({ reason: 'missing', detail: 'keys.json does not exist' })),
};
const check = (egress: ReturnType<typeof wayOut>['egress'], issuer: Config['issuers'][number], files = noFiles) =>
  findIssuerKeys({ egress, files: files as Files }, issuer);

test('the keys of a real issuer are found by its metadata', async (t) => {
  const { issuer, paths } = await startIssuer(t, (_request, response) => sendJson(response, { keys: [FIRST, {}] }));
  const found = await check(wayOut().egress, configOf(issuer, DISCOVERY));
  assert.ok(found.ok);
  assert.deepEqual([found.value.place, found.value.usable, found.value.skipped.length], [`${issuer}/jwks`, 1, 1]);
  assert.ok(Math.abs((found.value.dateMs ?? 0) - Date.now()) < 60_000);
  assert.deepEqual(paths, ['/.well-known/openid-configuration', '/jwks']);
});

test('the keys of a server that others wrote are found, for each algorithm it has', async (t) => {
  const server = new OAuth2Server();
  const kinds = ['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
  for (const kind of kinds) await server.issuer.keys.generate(kind);
  await server.start(0, '127.0.0.1');
  t.after(() => server.stop());
  const resolver = { resolve: () => Promise.resolve(ok([{ address: '127.0.0.1', family: 4 as const }])) };
  const egress = createOutboundEgress({ resolver, clock: createVirtualClock() });
  const found = await check(egress, configOf(server.issuer.url ?? '', DISCOVERY));
  assert.ok(found.ok, found.ok ? '' : found.error);
  assert.deepEqual([found.value.usable, found.value.skipped], [kinds.length, []]);
});

test('a file with keys is read as it is for the gateway', async () => {
  const issuer = configOf('https://id.acme.example', { kind: 'file', path: '/keys.json' });
  const held = (text: string): Pick<Files, 'read'> => ({ read: () => Promise.resolve(ok(Buffer.from(text))) });
  const { egress } = wayOut();
  assert.deepEqual(await check(egress, issuer), err('keys.json does not exist'));
  assert.deepEqual(await check(egress, issuer, held('{}')), {
    ok: false,
    error: "/keys.json can't be used as a key set: it is not an object with an array `keys`",
  });
  const found = await check(egress, issuer, held(JSON.stringify({ keys: [FIRST] })));
  assert.deepEqual(found, ok({ place: '/keys.json', usable: 1, skipped: [], dateMs: null }));
});

const HOSTILE: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
  'that fails': [(_request, response) => response.writeHead(500).end(), /status 500/],
  'that serves a page': [
    (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>'),
    /not served as JSON/,
  ],
  'that redirects to where clouds keep credentials': [
    (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
    /status 302; redirects are not followed/,
  ],
  'that redirects to itself': [
    (_request, response) => response.writeHead(307, { location: '/jwks?again' }).end(),
    /status 307; redirects are not followed/,
  ],
  'that sends ten megabytes': [
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"keys":[${' '.repeat(10_000_000)}]}`);
    },
    /too-large/,
  ],
  'that says it sends ten megabytes': [
    (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 10_000_000 }).write('{'),
    /too-large/,
  ],
  'that cuts its JSON': [
    (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[{"kty":'),
    /not JSON in UTF-8/,
  ],
  'that breaks off': [
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 }).write('{"keys":[');
      setImmediate(() => response.destroy());
    },
    /ended early/,
  ],
  'that compresses what was not asked for': [
    (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x'),
    /encoded as gzip/,
  ],
  'that hangs up': [(request) => request.socket.destroy(), /unreachable/],
  'that has no keys': [(_request, response) => sendJson(response, { keys: [] }), /it holds no keys/],
};

for (const [words, [serveKeys, expected]] of Object.entries(HOSTILE)) {
  test(`an issuer ${words} is told as that, and keys known before stay`, async (t) => {
    let serve: RequestListener = (_request, response) => sendJson(response, { keys: [FIRST] });
    const { issuer, paths } = await startIssuer(t, (request, response) => serve(request, response));
    const { keys, table, alerts } = keeping(t);
    const source: IssuerSource = { name: 'acme', issuer, origin: DISCOVERY };
    await keys.fill([source]);
    serve = serveKeys;
    const found = await check(wayOut().egress, configOf(issuer, DISCOVERY));
    assert.ok(!found.ok);
    assert.match(found.error, expected);
    await keys.want('acme', '192.0.2.1');
    assert.deepEqual([kidsOf(table(source)), table(source).version, alerts.length], [['first'], 1, 1]);
    assert.match(keys.status()[0]?.fault ?? '', expected);
    assert.deepEqual([...new Set(paths)], ['/.well-known/openid-configuration', '/jwks'], 'nothing else was asked for');
  });
}

function keeping(t: TestContext) {
  const { clock, egress } = wayOut();
  const alerts: Alert[] = [];
  const log = { write() {} };
  const tables = createMemoryTables({ log });
  const raise = (alert: Alert): void => void alerts.push(alert);
  const keys = new IssuerKeys({ tables, egress, clock, log, random: createSystemRandom(), alerts: { raise } });
  t.after(() => keys.close());
  return { keys, clock, alerts, table: (source: IssuerSource) => tables.read<KeyRow>(keyTable(source).name) };
}

function kidsOf({ rows }: { readonly rows: ReadonlyMap<string, KeyRow> }): readonly (string | null)[] {
  return [...rows.values()].map(({ kid }) => kid);
}

test('an issuer that rotates its keys is followed, and an old key is gone', async (t) => {
  let keySet = [FIRST];
  const { issuer } = await startIssuer(t, (_request, response) => sendJson(response, { keys: keySet }));
  const { keys, table } = keeping(t);
  const source: IssuerSource = { name: 'acme', issuer, origin: { kind: 'url', url: `${issuer}/jwks` } };
  await keys.fill([source]);
  keySet = [SECOND];
  await keys.want('acme', '192.0.2.1');
  assert.deepEqual([kidsOf(table(source)), table(source).version], [['second'], 2]);
});

test('an issuer that never answers is given up after five seconds', async (t) => {
  const asked = Promise.withResolvers<void>();
  const { issuer } = await startIssuer(t, () => asked.resolve());
  const { keys, clock, table, alerts } = keeping(t);
  const source: IssuerSource = { name: 'acme', issuer, origin: DISCOVERY };
  const filling = keys.fill([source]);
  await asked.promise;
  clock.advance(5_000);
  await filling;
  assert.deepEqual([table(source).rows.size, table(source).filledAtMs], [0, 0]);
  assert.ok(alerts.length > 0 && alerts.every(({ kind }) => kind === 'issuer.keys-unavailable'));
});

test('an issuer that is down, or whose metadata is about another or names another place, gives no keys', async (t) => {
  const { egress } = wayOut();
  const soundKeys: RequestListener = (_request, response) => sendJson(response, { keys: [FIRST] });
  const other = await startIssuer(t, soundKeys, { issuer: 'https://id.acme.example' });
  const clouds = await startIssuer(t, soundKeys, { jwks_uri: 'https://169.254.169.254/latest/meta-data' });
  const down = await startIssuer(t, soundKeys);
  down.stop();
  const errors = await Promise.all(
    [other, clouds, down].map(async ({ issuer }) => {
      const found = await check(egress, configOf(issuer, DISCOVERY));
      return found.ok ? 'found' : found.error;
    }),
  );
  assert.match(errors[0] ?? '', /is about another issuer/);
  assert.match(errors[1] ?? '', /forbidden-address/);
  assert.match(errors[2] ?? '', /unreachable/);
});
