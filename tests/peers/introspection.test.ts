import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { askOver, VERSIONS } from '../system/possession-scene.ts';
import { skipOrFail } from '../system/skip.ts';
import { hasGlewlwyd, startGlewlwyd } from './glewlwyd.ts';
import { findKeycloak, startKeycloak } from './keycloak.ts';

// Issuers that nobody here wrote, in other languages than ours, are asked about their tokens.

const AUDIENCE = 'https://api.acme.example';
const CALLBACK = 'https://app.example/callback';

interface Peer {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
}

/** A gateway that asks the peer each time; the answer is the status, and who calls. */
async function serve(t: TestContext, { issuer, client }: Peer, said: string) {
  const upstream = await startLocalServer((request, response) =>
    response.end(String(request.headers['x-portcullis-subject'])),
  );
  t.after(() => upstream.stop());
  const gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  peer:
    issuer: '${issuer}'
    audience: '${AUDIENCE}'
    ${said}
    introspection: { client: { id: ${client.id}, secret: '\${file:secret}' }, for: all, cache: 0s }
roles: { customer: { can: [orders] } }
apis:
  orders:
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [peer]
    operations: { 'GET /orders': { needs: orders } }
`,
    { beside: { secret: client.secret } },
  );
  t.after(async () => await gateway.stop());
  return async (token: string): Promise<string> => {
    const { https: port, ca } = gateway;
    const headers = { host: `localhost:${port}`, authorization: `Bearer ${token}` };
    const words = new Set<string>();
    for (const version of VERSIONS) {
      const { status, body } = await askOver({ port, ca, version, path: '/orders', headers });
      words.add(status === 200 ? `200 ${body}` : String(status));
    }
    assert.equal(words.size, 1, `${[...words].join(', ')} ${gateway.said()}`);
    return [...words][0] ?? '';
  };
}

/** The same with its last or first character changed, without its end, and with more behind it. */
function changed(token: string): readonly string[] {
  const swapped = (at: number): string =>
    `${token.slice(0, at)}${token.charAt(at) === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
  return [swapped(token.lastIndexOf('.') + 1), swapped(token.indexOf('.') + 5), token.slice(0, -4), `${token}AAAA`];
}

test('Glewlwyd (C) is asked about its tokens, and what it has taken back or never gave opens nothing', async (t) => {
  if (!(await hasGlewlwyd())) return skipOrFail(t, 'glewlwyd is not installed');
  const peer = await startGlewlwyd(AUDIENCE, CALLBACK);
  t.after(() => peer.stop());
  const get = await serve(t, peer, 'claims: { permissions: scope }');
  const form = { grant_type: 'client_credentials', scope: 'orders', resource: AUDIENCE };
  const [token, other] = [await peer.token(form), await peer.token(form)];
  assert.equal(await get(token), `200 ${peer.client.id}`);
  for (const wrong of changed(token)) assert.equal(await get(wrong), '401', wrong.slice(-20));
  await peer.revoke(token);
  assert.equal(await get(token), '401');
  assert.equal(await get(other), `200 ${peer.client.id}`);
  // Without `resource` it names its scope as audience: that is not us.
  const { name: username, password } = peer.user;
  assert.equal(await get(await peer.token({ grant_type: 'password', username, password, scope: 'orders' })), '401');
});

test('Keycloak (Java) is asked about its tokens, and one whose session has ended opens nothing', async (t) => {
  const found = await findKeycloak();
  if ('missing' in found) return skipOrFail(t, found.missing);
  const peer = await startKeycloak(found.home, { audience: AUDIENCE, redirectUri: CALLBACK, logoutUri: null });
  t.after(() => peer.stop());
  const get = await serve(t, peer, 'claims: { roles: realm_access.roles }\n    scopes: ignore');
  const authorization = `Basic ${Buffer.from(`${peer.client.id}:${peer.client.secret}`).toString('base64')}`;
  const post = async (path: string, form: Readonly<Record<string, string>>): Promise<Response> =>
    await fetch(`${peer.issuer}/protocol/openid-connect/${path}`, {
      ...{ method: 'POST', headers: { authorization }, body: new URLSearchParams(form) },
    });
  const { name: username, password } = peer.user;
  const reply = await post('token', { grant_type: 'password', username, password });
  const { access_token: token = '', refresh_token: refresh = '' } = (await reply.json()) as Record<string, string>;
  assert.match(await get(token), /^200 /);
  for (const wrong of changed(token)) assert.equal(await get(wrong), '401', wrong.slice(-20));
  assert.equal(await get(refresh), '401', 'it says of a refresh token that it is active, too');
  await post('revoke', { token });
  assert.equal(await get(token), '401');
  const again = (await (await post('token', { grant_type: 'refresh_token', refresh_token: refresh })).json()) as {
    readonly access_token: string;
  };
  assert.match(await get(again.access_token), /^200 /);
  await post('logout', { refresh_token: refresh });
  assert.equal(await get(again.access_token), '401');
});
