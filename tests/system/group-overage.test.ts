import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askAdmin } from './admin.ts';
import { eventually } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { type RelyingParty, startRelyingParty } from './relying-party.ts';
import type { Claims } from './wrong-provider.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const ADMINS = '9b7a3c52-0000-4000-8000-000000000001';

/** Microsoft Graph and its token endpoint, as their contracts say. */
let graph: LocalServer;
/** What it says of whom, by their object; nobody else is known to it. */
const groupsOf = new Map<string, readonly string[]>();
const calls: string[] = [];
let down = false;
let party: RelyingParty<'entra'>;

before(async () => {
  graph = await startLocalServer((request, reply) => {
    const { url = '' } = request;
    calls.push(url);
    const [, object = ''] = /^\/v1\.0\/directoryObjects\/([^/]+)\/getMemberObjects$/.exec(url) ?? [];
    const groups = groupsOf.get(object);
    const said = url === `/${TENANT}/oauth2/v2.0/token` ? { access_token: 'at', expires_in: 3_599 } : { value: groups };
    const status = down ? 503 : groups === undefined && object !== '' ? 404 : 200;
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(status === 200 ? said : {}));
  });
  const access = `clientId: app, secret: '\${env:CLIENT_SECRET}', url: '${graph.url}', authority: '${graph.url}'`;
  const groups = `{ map: { ${ADMINS}: admin }, overage: { graph: { ${access} } } }`;
  party = await startRelyingParty({
    names: ['entra'],
    auth: '[session, entra]',
    settings: () => ({ issuer: `claims: { roles: roles, groups: ${groups} },` }),
    prepare: () => undefined,
  });
});

after(async () => {
  graph?.stop();
  await party?.stop();
});

/** More groups than Entra writes into a token. */
function overage(object: string): Claims {
  const endpoint = 'https://graph.evil.example/me/getMemberObjects';
  return {
    ...{ tid: TENANT, oid: object, groups: undefined },
    ...{ _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } },
  };
}

async function withToken(object: string, path: string): Promise<Reply> {
  const { issuer } = party.providers.entra;
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer, aud: 'api', sub: object, iat: now, exp: now + 300, roles: ['customer'] };
  const token = party.providers.entra.signed({ ...claims, ...overage(object) });
  const { https: port, ca } = party.gateway;
  return await ask({ port, ca, path, headers: { authorization: `Bearer ${token}` } });
}

/** Somebody signs in, of whom the ID token leaves groups out. */
async function signIn(object: string) {
  const { entra } = party.providers;
  entra.subject = object;
  entra.wrong = { idToken: (claims) => entra.signed({ ...claims, ...overage(object) }) };
  const browser = party.browser();
  await browser.signIn('/orders', 'entra');
  return browser;
}

const person = (number: number): string => `66666666-7777-8888-9999-${String(number).padStart(12, '0')}`;
const codeOf = (reply: Reply): string => (JSON.parse(reply.body) as { code: string }).code;

test('who signs in with more groups than fit into an ID token has the roles of all of them', async () => {
  const many = Array.from({ length: 5_000 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
  groupsOf.set(person(1), [...many, ADMINS]).set(person(2), many);
  const admin = await signIn(person(1));
  assert.equal((await admin.navigate('/orders')).status, 200);
  const opened = await admin.navigate('/admin');
  assert.equal(opened.status, 200, opened.body);
  assert.equal((JSON.parse(opened.body) as Claims)['x-portcullis-roles'], 'customer,admin');
  const asked = calls.length;
  assert.equal((await admin.navigate('/admin')).status, 200);
  assert.equal((await withToken(person(1), '/admin')).status, 200, 'by a token it is the same caller');
  assert.equal(calls.length, asked, 'and Graph is not asked again');
  const other = await signIn(person(2));
  assert.deepEqual([(await other.navigate('/orders')).status, (await other.navigate('/admin')).status], [200, 403]);
  assert.equal((await withToken(person(2), '/admin')).status, 403);
});

test('while Graph gives no answer nobody comes in whose groups it would tell, and they do as soon as it does', async () => {
  groupsOf.set(person(3), [ADMINS]);
  down = true;
  const browser = await signIn(person(3));
  const refused = await browser.navigate('/orders');
  assert.deepEqual([refused.status, codeOf(refused)], [503, 'groups-unavailable']);
  assert.equal(refused.headers['retry-after'], '30');
  assert.equal(codeOf(await withToken(person(4), '/orders')), 'groups-unavailable');
  assert.equal((await withToken(person(1), '/orders')).status, 200, 'what is known stays known');
  const asked = calls.length;
  for (let turn = 0; turn < 20; turn++) assert.equal((await browser.navigate('/admin')).status, 503);
  assert.ok(calls.length - asked <= 4, 'it is not asked for each request');
  const alerts = await askAdmin(party.gateway, '/v1/alerts');
  assert.match(alerts.body, /groups\.unavailable/);
  assert.ok(!alerts.body.includes(person(3)) && !alerts.body.includes('"at"'));
  down = false;
  await eventually(async () => assert.equal((await browser.navigate('/admin')).status, 200));
  assert.equal(codeOf(await withToken(person(9), '/orders')), 'groups-unavailable', 'whom it does not know');
});
