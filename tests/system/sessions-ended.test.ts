import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GatewayProcess } from '../framing/gateway-process.ts';
import { adminClient, askAdmin, counted } from './admin.ts';
import type { BrowserClient } from './browser-client.ts';
import { run } from './command.ts';
import { eventually } from './eventually.ts';
import { ask } from './https-client.ts';
import type { OpenIdProvider } from './openid-provider.ts';
import { PROGRAM } from './plain-configuration.ts';
import { CLIENT_SECRET, type SessionScene, startSessionScene } from './session-scene.ts';

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

let scene: SessionScene;
let gateway: GatewayProcess;
let provider: OpenIdProvider;
/** Each secret that must stand nowhere. */
const secrets: string[] = [CLIENT_SECRET];

before(async () => {
  scene = await startSessionScene({
    answer: (_request, response) => void response.end('orders'),
    apis: (upstream) => `  shop: { routes: ['GET /orders'], upstream: '${upstream}', auth: [session, acme] }\n`,
  });
  ({ gateway, provider } = scene);
  provider.provider.on('refresh_token.saved', ({ jti }) => secrets.push(jti));
});

after(() => scene.stop());

async function signedIn(account: string): Promise<BrowserClient> {
  provider.account = account;
  const browser = scene.browser();
  await browser.signIn('/orders');
  secrets.push(browser.session ?? '');
  assert.equal((await browser.call('/orders')).status, 200);
  return browser;
}

/** What both threads say: each connection of the clients is a new one, and goes to either. */
async function statusesOf(browser: BrowserClient): Promise<readonly number[]> {
  const replies = await Promise.all(Array.from({ length: 16 }, () => browser.call('/orders')));
  return [...new Set(replies.map(({ status }) => status))];
}

const sessions = (...args: string[]) =>
  run('node', [PROGRAM, 'sessions', ...args, '--config', join(gateway.folder, 'portcullis.yaml')]);

function backchannel(claims: object): Promise<{ readonly status: number }> {
  const now = Math.floor(Date.now() / 1_000);
  const jti = `${now}-${Math.random()}`;
  const usual = { iss: provider.issuer, aud: 'gateway', iat: now, exp: now + 60, jti, events: EVENTS };
  return ask({
    ...{ port: gateway.https, ca: gateway.ca, method: 'POST', path: '/.portcullis/backchannel-logout/acme' },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: provider.signed({ ...usual, ...claims }) }).toString(),
  });
}

test('an operator sees who is signed in, and ends sessions in every thread at once', async () => {
  const ada = await signedIn('ada');
  const [other, eve] = [await signedIn('eve'), await signedIn('eve')];
  const listed = JSON.parse((await sessions('list', '--json')).stdout) as { id: string; subject: string }[];
  assert.deepEqual(listed.map(({ subject }) => subject).toSorted(), ['ada', 'eve', 'eve']);
  const one = listed.find(({ subject }) => subject === 'ada');
  assert.equal((await sessions('end', one?.id ?? '', '--author', 'kim')).code, 0);
  assert.deepEqual(await statusesOf(ada), [401]);
  assert.deepEqual(await statusesOf(eve), [200]);
  const ended = await sessions('end', '--issuer', 'acme', '--subject', 'eve');
  assert.equal(ended.stdout, '2 sessions ended.\n');
  for (const each of [other, eve]) assert.deepEqual(await statusesOf(each), [401]);
  assert.equal((await sessions('end', one?.id ?? '')).code, 1);
  assert.equal((await askAdmin(gateway, '/v1/sessions?issuer=acme')).status, 400);
  assert.deepEqual(await (await adminClient(gateway)).sessions({ issuer: 'acme', subject: 'ada' }), {
    ok: true,
    value: [],
  });
});

test('who signs out at the provider is signed out in every thread, and their tokens are taken no more', async () => {
  const ada = await signedIn('ada');
  const bob = await signedIn('bob');
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: provider.issuer, aud: 'https://api.acme.example', sub: 'ada', iat: now - 5, exp: now + 300 };
  const bearer = { authorization: `Bearer ${provider.signed(claims)}` };
  const asked = () => ask({ port: gateway.https, ca: gateway.ca, path: '/orders', headers: bearer });
  assert.equal((await asked()).status, 200);
  assert.equal((await backchannel({ sub: 'ada', nonce: 'x' })).status, 400);
  assert.deepEqual(await statusesOf(ada), [200]);
  assert.ok((await backchannel({ sub: 'ada' })).status < 300);
  await eventually(async () => assert.deepEqual(await statusesOf(ada), [401]));
  await eventually(async () => assert.equal((await asked()).status, 401));
  assert.deepEqual(await statusesOf(bob), [200]);
  assert.equal(await counted(gateway, 'portcullis_provider_logouts_total{issuer="acme",result="heard"}'), 1);
  assert.equal(await counted(gateway, 'portcullis_provider_logouts_total{issuer="acme",result="refused"}'), 1);
});

test('sign-ins and ends are recorded, and no secret or person stands in clear in what is kept', async () => {
  const zoe = await signedIn('zoe-the-subject');
  const file = join(gateway.folder, 'portcullis.yaml');
  const audit = await run('node', [PROGRAM, 'audit', 'show', '--last', '500', '--config', file]);
  assert.match(audit.stdout, /session\.begin/);
  assert.match(audit.stdout, /session\.end\.operator/);
  assert.match(audit.stdout, /session\.end\.provider/);
  assert.ok(zoe.session !== null);
  const files = await readdir(gateway.folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const everything = [...texts, gateway.said(), audit.stdout, (await askAdmin(gateway, '/v1/alerts')).body].join('\n');
  assert.ok(secrets.length > 8);
  for (const secret of [...secrets, 'zoe-the-subject']) assert.ok(secret !== '' && !everything.includes(secret));
});
