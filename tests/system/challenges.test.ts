import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient } from './admin.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

/** Each way to sign in by itself, and both, and what a stranger is asked for there. */
const WAYS: Readonly<Record<string, readonly [auth: string, asked: string]>> = {
  keys: ['api-key', 'ApiKey realm="keys"'],
  tokens: ['acme', 'Bearer realm="tokens"'],
  both: ['acme, api-key', 'Bearer realm="both", ApiKey realm="both"'],
};

let upstream: LocalServer;
let issuer: FileIssuer;
let gateway: GatewayProcess;

before(async () => {
  upstream = await startLocalServer((_, reply) => reply.end('reached'));
  issuer = await createFileIssuer();
  const apis = Object.entries(WAYS).map(
    ([name, [auth]]) => `  ${name}:
    routes: ['GET /${name}', 'POST /${name}']
    upstream: '${upstream.url}'
    auth: [${auth}]
    operations: { 'POST /${name}': { needs: [all:write] } }
`,
  );
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme: { issuer: ${FILE_ISSUER}, audience: ${FILE_AUDIENCE}, algorithms: [ES256], jwks: ./issuer-keys.json }
roles: { writer: { can: ['all:write'] } }
apis:
${apis.join('')}`,
    { beside: { 'issuer-keys.json': issuer.keys } },
  );
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

/** Status, and what is asked for, over HTTP/1.1 and over HTTP/2, which say the same. */
async function asked(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<string> {
  const said = ({ status, headers: fields }: Pick<Reply, 'status' | 'headers'>): string =>
    `${status} ${String(fields['www-authenticate'] ?? '-').replaceAll(/, (?:scope|resource_metadata)="[^"]*"/g, '')}`;
  const first = said(await ask({ port: gateway.https, ca: gateway.ca, path, method, headers }));
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  try {
    const second = await new Promise<string>((resolve, reject) => {
      const stream = session.request({ ':path': path, ':method': method, ...headers });
      stream.on('response', (fields) => resolve(said({ status: Number(fields[':status']), headers: fields as never })));
      stream.on('error', reject);
      stream.resume().end();
    });
    assert.equal(second, first, 'HTTP/2 says something else');
  } finally {
    session.close();
  }
  return first;
}

test('a stranger is asked for what the operation takes, and for nothing else', async () => {
  for (const [name, [, wanted]] of Object.entries(WAYS)) {
    assert.equal(await asked(`/${name}`, {}), `401 ${wanted}`);
    assert.equal(await asked(`/${name}`, {}, 'POST'), `401 ${wanted}`);
    assert.equal(await asked(`/${name}`, { authorization: 'Basic YWRhOng=' }), `401 ${wanted}`);
  }
});

test('a credential that is none is answered by its kind, with the other ways beside it', async () => {
  const key = { 'x-api-key': `pcl_live_${'0'.repeat(16)}_${'a'.repeat(49)}` };
  const token = { authorization: 'Bearer e30.e30.c2ln' };
  assert.equal(await asked('/keys', key), '401 ApiKey realm="keys"');
  assert.equal(await asked('/keys', token), '401 ApiKey realm="keys"');
  assert.equal(await asked('/tokens', token), '401 Bearer realm="tokens", error="invalid_token"');
  assert.equal(await asked('/tokens', key), '401 Bearer realm="tokens"');
  assert.equal(await asked('/both', key), '401 ApiKey realm="both", Bearer realm="both"');
  assert.equal(await asked('/both', token), '401 Bearer realm="both", error="invalid_token", ApiKey realm="both"');
});

test('who may not do it is told of a scope where a token was shown, and of none where a key was', async () => {
  const client = await adminClient(gateway);
  const made = await client.keys.create({ name: 'reading' }, 'ada');
  assert.ok(made.ok && made.value !== null);
  const key = { 'x-api-key': made.value.key };
  const token = { authorization: `Bearer ${await issuer.tokenOf({ subject: 'ada', roles: [] })}` };
  assert.equal(await asked('/keys', key), '200 -');
  assert.equal(await asked('/keys', key, 'POST'), '403 -');
  assert.equal(await asked('/both', key, 'POST'), '403 -');
  for (const name of ['tokens', 'both'])
    assert.match(
      await asked(`/${name}`, token, 'POST'),
      new RegExp(`^403 Bearer realm="${name}", error="insufficient_scope"`),
    );
});
