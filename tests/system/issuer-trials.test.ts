import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { run } from './command.ts';
import { startLocalServer } from './local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';
import { PROGRAM } from './plain-configuration.ts';
import { startTenantProvider } from './tenant-provider.ts';

// `doctor` tries issuers of other hands as the gateway's client, and says of each what is wrong with it.

const SECRET = 'a-secret-of-more-than-sixteen-characters';
const CLIENT = {
  client_id: 'gateway',
  client_secret: SECRET,
  redirect_uris: ['https://app.example/.portcullis/callback/people'],
  grant_types: ['authorization_code'],
  response_types: ['code'] as 'code'[],
  id_token_signed_response_alg: 'ES256' as const,
  introspection_signed_response_alg: 'ES256' as const,
};

function startPeer(t: TestContext): Promise<OpenIdProvider> {
  const introspection = { enabled: true, allowedPolicy: () => true };
  const features = { devInteractions: { enabled: false }, introspection, jwtIntrospection: { enabled: true } };
  return startOpenIdProvider(t, CLIENT, { configuration: { clients: [CLIENT], features } });
}

/** What `doctor` says of the issuers that are tried. */
async function told(t: TestContext, issuers: string, secret = SECRET): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'issuer-trials-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'portcullis.yaml');
  writeFileSync(
    file,
    `version: 1
data: ./data
issuers:
${issuers}apis:
  open: { routes: ['GET /open'], upstream: 'http://127.0.0.1:9', auth: public }
`,
  );
  const { stdout } = await run('node', [PROGRAM, 'doctor', '--config', file, '--json'], {
    env: { ...process.env, SECRET: secret },
  });
  assert.ok(!stdout.includes(secret));
  const { checks } = JSON.parse(stdout) as {
    readonly checks: readonly { check: string; state: string; says: string }[];
  };
  return checks.flatMap(({ check, state, says }) =>
    check === 'issuer' && says.includes(' (') ? [`${state} ${says}`] : [],
  );
}

const asked = (issuer: string, more = ''): string =>
  `  asked: { issuer: '${issuer}', audience: a, introspection: { client: { id: gateway, secret: '\${env:SECRET}' }${more} } }\n`;
const people = (issuer: string, more = ''): string =>
  `  people: { issuer: '${issuer}', audience: a, login: { clientId: gateway, clientSecret: '\${env:SECRET}'${more} } }\n`;

test('an issuer that takes the gateway as its client is told as that, for tokens and for people', async (t) => {
  const { issuer } = await startPeer(t);
  const knows = 'it takes the gateway as its client';
  assert.deepEqual(await told(t, asked(issuer) + people(issuer)), [
    `ok asked (introspection): ${knows}, and knows no token that was made up`,
    `ok people (login): ${knows}`,
  ]);
  assert.deepEqual(await told(t, asked(issuer, ', jwt: true, prefix: opaque_')), [
    `ok asked (introspection): ${knows}, and knows no token that was made up`,
  ]);
});

test('an issuer of several tenants is asked as one of them', async (t) => {
  const tenant = '22222222-2222-3333-4444-555555555555';
  const { server, provider } = await startTenantProvider(SECRET, tenant);
  t.after(() => server.stop());
  const several = people(provider.issuer).replace(' audience:', ` tenants: [${tenant}], audience:`);
  assert.deepEqual(await told(t, several), ['ok people (login): it takes the gateway as its client']);
  assert.ok(provider.calls.some(({ what }) => what === 'POST /token'));
});

test('a wrong secret is found, for tokens and for people', async (t) => {
  const { issuer } = await startPeer(t);
  assert.deepEqual(await told(t, asked(issuer) + people(issuer), 'another-secret-of-more-than-sixteen'), [
    'fail asked (introspection): status 401: it does not take this client; its tokens would be refused',
    'fail people (login): it does not take the gateway as its client: invalid_client; nobody could sign in',
  ]);
});

test('an issuer that is broken, down, or about another is told with the reason', async (t) => {
  const peer = await startPeer(t);
  const { port } = new URL(peer.issuer);
  const [other] = await told(t, people(`http://localhost:${port}`));
  assert.match(
    other ?? '',
    /^fail people \(login\): .* is about another issuer than http:\/\/localhost:\d+; nobody could/,
  );
  peer.broken = { status: 500 };
  for (const one of await told(t, asked(peer.issuer) + people(peer.issuer)))
    assert.match(one, /^fail .*: status 500; /);
  peer.stop();
  for (const one of await told(t, asked(peer.issuer) + people(peer.issuer))) assert.match(one, /^fail .*unreachable/);
});

const ANSWERS = [
  ['{"active":true,"sub":"ada","aud":"a","exp":99999999999}', 'it calls a token active that was made up'],
  ['{"active":"no"}', 'its answer is none that can be believed: malformed'],
  ['{"active":false,"active":false}', 'its answer is none that can be believed: malformed'],
] as const;

for (const [answer, words] of ANSWERS) {
  test(`an issuer that says ${answer} of a token that was made up is found`, async (t) => {
    const server = await startLocalServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(answer);
    });
    t.after(() => server.stop());
    const issuer = asked('https://id.acme.example', `, endpoint: '${server.url}/introspect', for: all`);
    assert.deepEqual(await told(t, issuer), [`fail asked (introspection): ${words}; its tokens would be refused`]);
  });
}

test('an issuer that a company’s CA vouches for is tried by that, for its answers and for its keys', async (t) => {
  const ca = await makeAuthority('CN=Company');
  const names = [{ type: 'dns' as const, value: 'localhost' }];
  const served = await make({ by: ca, subject: 'CN=localhost', names, usage: ExtendedKeyUsage.serverAuth });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer({ cert: served.certPem, key: served.keyPem }, (request, response) => {
    const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
    const places = { introspection_endpoint: `${issuer}/ask`, jwks_uri: `${issuer}/jwks` };
    if (request.url === '/ask') {
      const claims = {
        iss: issuer,
        aud: 'gateway',
        iat: Math.floor(Date.now() / 1_000),
        token_introspection: { active: false },
      };
      const input = `${part({ alg: 'ES256', kid: 'one', typ: 'token-introspection+jwt' })}.${part(claims)}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      response.setHeader('content-type', 'application/token-introspection+jwt');
      return response.end(`${input}.${signature.toString('base64url')}`);
    }
    const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }];
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(request.url === '/jwks' ? { keys } : { issuer, ...places }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  const file = join(mkdtempSync(join(tmpdir(), 'company-')), 'ca.pem');
  t.after(() => rmSync(join(file, '..'), { recursive: true }));
  writeFileSync(file, ca.certPem);
  const line = asked(`https://localhost:${(server.address() as AddressInfo).port}`, ', jwt: true');
  const vouched = line.replace('audience: a,', `audience: a, ca: '${file}',`);
  assert.match((await told(t, vouched)).join(), /^ok asked \(introspection\): it takes the gateway as its client/);
  assert.match((await told(t, line)).join(), /^fail asked \(introspection\): .*untrusted/);
});
