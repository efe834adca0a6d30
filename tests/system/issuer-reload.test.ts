import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OAuth2Server } from 'oauth2-mock-server';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';
import { freePort } from '../framing/free-port.ts';

const AUDIENCE = 'https://api.acme.example';

let old: OAuth2Server;
let next: OAuth2Server;
let upstream: LocalServer;
let gateway: GatewayProcess;
let nobody: number;

function configuration(issuers: string): string {
  return `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
issuers:
${issuers}
apis:
  orders:
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [acme]
`;
}

const issuerLine = (name: string, url: string | undefined): string =>
  `  ${name}: { issuer: '${url}', audience: '${AUDIENCE}' }`;

async function mock(): Promise<OAuth2Server> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate('ES256', { kid: 'one' });
  await server.start(0, '127.0.0.1');
  return server;
}

before(async () => {
  [old, next] = await Promise.all([mock(), mock()]);
  nobody = await freePort();
  upstream = await startLocalServer((_request, response) => response.end('{}'));
  gateway = await startGateway(configuration(issuerLine('acme', old.issuer.url)));
});

after(async () => {
  await gateway.stop();
  await Promise.all([old.stop(), next.stop()]);
  upstream.stop();
});

/** A token that one issuer signed and that says that it comes from another. */
function tokenFrom(signer: OAuth2Server, said: OAuth2Server): Promise<string> {
  return signer.issuer.buildToken({
    scopesOrTransform: (_header, payload) => {
      Object.assign(payload, { iss: said.issuer.url, sub: 'ada', aud: AUDIENCE });
    },
  });
}

/** The status that it gets. */
async function statusOf(signer: OAuth2Server, said: OAuth2Server): Promise<number> {
  return await statusWith(await tokenFrom(signer, said));
}

async function statusWith(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await ask({ port: gateway.https, ca: gateway.ca, path: '/orders', headers })).status;
}

async function reload(text: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const file = join(gateway.folder, 'portcullis.yaml');
  await writeFile(file, text);
  const { code, stdout, stderr } = await run('node', [PROGRAM, 'reload', '--config', file]);
  return { code, said: `${stdout}${stderr}` };
}

test('a configuration with an issuer whose keys can not be had is refused, and the one before holds all the time', async () => {
  assert.deepEqual([await statusOf(old, old), await statusOf(next, old), await statusOf(next, next)], [200, 401, 401]);
  const lines = [issuerLine('acme', next.issuer.url), issuerLine('dead', `http://127.0.0.1:${nobody}`)].join('\n');
  const reloading = reload(configuration(lines).replace('auth: [acme]', 'auth: [acme, dead]'));
  const over = new AbortController();
  void reloading.finally(() => over.abort());
  while (!over.signal.aborted) {
    assert.deepEqual([await statusOf(old, old), await statusOf(next, old)], [200, 401], 'while it is judged');
  }
  const { code, said } = await reloading;
  assert.notEqual(code, 0);
  assert.match(said, /issuers\.dead/);
  assert.match(said, /keys of this issuer can.t be had/);
  assert.deepEqual([await statusOf(old, old), await statusOf(next, old), await statusOf(next, next)], [200, 401, 401]);
});

test('an issuer that takes over the name of another brings its own keys and none of the other', async () => {
  const { code, said } = await reload(configuration(issuerLine('acme', next.issuer.url)));
  assert.equal(code, 0, said);
  assert.deepEqual([await statusOf(next, next), await statusOf(old, next), await statusOf(old, old)], [200, 401, 401]);
});

/** What tightens the profile, each so that the token from before does not hold any more. */
const TIGHTER: readonly (readonly [what: string, line: (url: string) => string])[] = [
  ['audience', (url) => `  acme: { issuer: '${url}', audience: 'https://other.example' }`],
  ['maxLifetime', (url) => `  acme: { issuer: '${url}', audience: '${AUDIENCE}', maxLifetime: 1min }`],
  ['algorithms', (url) => `  acme: { issuer: '${url}', audience: '${AUDIENCE}', algorithms: [RS256] }`],
  ['typ', (url) => `  acme: { issuer: '${url}', audience: '${AUDIENCE}', typ: at+jwt }`],
  ['proof', (url) => `  acme: { issuer: '${url}', audience: '${AUDIENCE}', proof: dpop }`],
  ['claims', (url) => `  acme: { issuer: '${url}', audience: '${AUDIENCE}', claims: { tenant: aud.nowhere } }`],
];

for (const [what, line] of TIGHTER) {
  test(`a token that is remembered does not outlive a reload that tightens ${what}`, async () => {
    const url = next.issuer.url ?? '';
    assert.equal((await reload(configuration(issuerLine('acme', url)))).code, 0);
    const token = await tokenFrom(next, next);
    for (let count = 0; count < 6; count++) assert.equal(await statusWith(token), 200);
    const { code, said } = await reload(configuration(line(url)));
    assert.equal(code, 0, said);
    for (let count = 0; count < 6; count++) assert.equal(await statusWith(token), 401);
  });
}
