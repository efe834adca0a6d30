// makeAuthority's file loads what must come first.
import { makeAuthority, type TestAuthority } from '../mixed/authority.ts';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  createDiskFiles,
  createOutboundEgress,
  createSystemClock,
  createSystemResolver,
} from '../../src/adapters/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { findIssuerKeys } from '../../src/main/issuer-check.ts';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { BrowserClient, locationOf } from './browser-client.ts';
import { eventually } from './eventually.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { SECRET } from './relying-party.ts';
import { begin, openSessionControl } from './session-control.ts';
import { WrongProvider } from './wrong-provider.ts';

// A provider of a company, whose certificate nobody else vouches for.
let authority: TestAuthority;
let stranger: TestAuthority;
let provider: WrongProvider;
let server: LocalServer;
let upstream: LocalServer;
let gateway: GatewayProcess;

before(async () => {
  [authority, stranger] = [await makeAuthority(), await makeAuthority()];
  const { certificate, key } = await authority.issue();
  server = await startLocalServer(
    createServer({ cert: certificate, key }, (request, response) => {
      const path = (request.url ?? '').replace(/\?.*/, '');
      void provider.answer(path, request, response);
    }),
  );
  provider = new WrongProvider(`https://localhost:${server.port}`, SECRET);
  upstream = await startLocalServer((_request, response) => void response.end('orders'));
  gateway = await startGateway(configuration(await freePort()), {
    environment: { CLIENT_SECRET: SECRET },
    beside: { 'company.pem': authority.ca },
  });
});

after(async () => {
  server.stop();
  upstream.stop();
  await gateway.stop();
});

function configuration(port: number): string {
  return `version: 1
server: { https: { port: ${port} }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  company:
    issuer: '${provider.issuer}'
    audience: api
    ca: ./company.pem
    login: { clientId: gateway, clientSecret: '\${env:CLIENT_SECRET}', userinfo: true }
apis:
  shop: { routes: ['GET /orders'], upstream: '${upstream.url}', auth: [session, company] }
`;
}

async function signedIn(): Promise<BrowserClient> {
  const browser = new BrowserClient({ port: gateway.https, ca: gateway.ca });
  const login = await browser.navigate('/.portcullis/login?return_to=%2Forders');
  assert.equal(login.status, 303, `${login.body} ${gateway.said()}`);
  const at = new URL(locationOf(login));
  const came = await ask({ port: server.port, ca: authority.ca, path: `${at.pathname}${at.search}` });
  const back = new URL(locationOf(came));
  const done = await browser.navigate(`${back.pathname}${back.search}`);
  assert.equal(done.status, 303, `${done.body} ${gateway.said()}`);
  return browser;
}

test('people sign in at a provider for which a CA of the company alone vouches, and its tokens are taken', async () => {
  const browser = await signedIn();
  assert.equal((await browser.call('/orders')).status, 200);
  assert.ok(provider.calls.some(({ what }) => what === 'GET /userinfo'));
  const now = Math.floor(Date.now() / 1_000);
  const token = provider.signed({ iss: provider.issuer, aud: 'api', sub: 'ada', iat: now, exp: now + 60 });
  const bearer = { authorization: `Bearer ${token}` };
  assert.equal((await ask({ port: gateway.https, ca: gateway.ca, path: '/orders', headers: bearer })).status, 200);
});

test('another CA in its place, put there while the gateway runs, is the one that counts', async () => {
  writeFileSync(join(gateway.folder, 'company.pem'), stranger.ca);
  process.kill(gateway.pid, 'SIGHUP');
  const browser = new BrowserClient({ port: gateway.https, ca: gateway.ca });
  await eventually(async () => assert.equal((await browser.navigate('/.portcullis/login')).status, 503));
  writeFileSync(join(gateway.folder, 'company.pem'), authority.ca);
  process.kill(gateway.pid, 'SIGHUP');
  await eventually(async () => assert.equal((await browser.navigate('/.portcullis/login')).status, 303));
  await signedIn();
});

test('without that CA, or by another, nobody is sent to it, and doctor sees it as the gateway does', async (t) => {
  const control = await openSessionControl(t, provider.issuer);
  for (const ca of [null, stranger.ca]) {
    control.follow({ ca });
    await assert.rejects(begin(control), /provider-unavailable/);
    assert.match(JSON.stringify(control.events.at(-1)), /untrusted/);
  }
  control.follow({ ca: authority.ca });
  assert.match((await begin(control)).url, /^https:\/\/localhost/);
  const file = join(gateway.folder, 'portcullis.yaml');
  const parsed = parseConfig(configuration(8443), { file, kinds: [] });
  assert.ok(parsed.ok);
  const [issuer] = parsed.value.config.issuers;
  assert.ok(issuer !== undefined);
  const clock = createSystemClock();
  const ports = {
    egress: createOutboundEgress({ resolver: createSystemResolver({ clock }), clock }),
    files: createDiskFiles({ clock }),
  };
  const found = await findIssuerKeys(ports, issuer);
  assert.ok(found.ok && found.value.usable === 2, JSON.stringify(found));
  const { caFile: _caFile, ...unvouched } = issuer;
  assert.ok(!(await findIssuerKeys(ports, unvouched)).ok);
});
