import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { after, before, test } from 'node:test';

import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { makeAuthority } from '../mixed/authority.ts';
import { ask } from './https-client.ts';
import { askPlainly } from './inner-gateway.ts';
import { startThirdParty, type ThirdParty } from './third-party.ts';

let pay: ThirdParty;
let gateway: GatewayProcess;

const configuration = (): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
deny: { addresses: [127.0.0.0/8] }
apis:
  own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:9', auth: public }
egress:
  port: 0
  tls: true
  callers: any
  parties:
    pay:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /{what}']
      limit: 3/h per address
    other:
      url: https://localhost:${pay.port}/v1
      ca: ./ca.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /{what}']
`;

before(async () => {
  const authority = await makeAuthority();
  pay = await startThirdParty(authority, ({ url }, reply) => {
    reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ url }));
  });
  gateway = await startGateway(configuration(), { beside: { 'ca.pem': authority.ca } });
});

after(async () => {
  await gateway?.stop();
  await pay?.stop();
});

/** A request over a session, and its status, its body where it was let in, and what it says is allowed. */
async function askOver(
  session: ClientHttp2Session,
  head: OutgoingHttpHeaders,
): Promise<readonly [status: number, body: string, allow: string]> {
  const stream = session.request(head);
  let [status, allow] = [0, ''];
  stream.on('response', (fields) => ([status, allow] = [Number(fields[':status']), String(fields['allow'] ?? '')]));
  let body = '';
  for await (const piece of stream.setEncoding('utf8')) body += String(piece);
  return [status, status === 200 ? body : '', allow];
}

test('over TLS calls are made with the certificate of the https port', async () => {
  const { status, body } = await ask({ port: gateway.egress, ca: gateway.ca, path: '/other/x' });
  assert.deepEqual([status, body], [200, '{"url":"/v1/x"}']);
  await assert.rejects(askPlainly(gateway.egress, { method: 'GET', path: '/other/x', headers: {} }));
});

test('over TLS calls are made by HTTP/2 too, many at once, and are judged alike', async () => {
  const session = connect(`https://localhost:${gateway.egress}`, { ca: gateway.ca });
  await once(session, 'connect');
  assert.equal(session.alpnProtocol, 'h2');
  const paths = Array.from({ length: 10 }, (_, at) => `/other/${at}`);
  const replies = await Promise.all(paths.map((path) => askOver(session, { ':path': path })));
  assert.deepEqual(
    replies,
    paths.map((path) => [200, JSON.stringify({ url: path.replace('/other', '/v1') }), '']),
  );
  for (const [status, head] of [
    [404, { ':path': '/own' }],
    [404, { ':path': '/nobody/x' }],
    [405, { ':path': '/other/x', ':method': 'DELETE' }],
    [403, { ':path': '/other/x', origin: 'https://evil.example' }],
    [421, { ':path': '/other/x', ':authority': 'evil.example' }],
  ] as const)
    assert.equal((await askOver(session, head))[0], status, JSON.stringify(head));
  const at = { ':authority': `localhost:${pay.port}`, ':method': 'CONNECT' };
  const tunnel = await askOver(session, at);
  assert.ok(tunnel[0] >= 400 && tunnel[0] < 500, String(tunnel[0]));
  const socket = { ...at, ':authority': `localhost:${gateway.egress}`, ':scheme': 'https', ':protocol': 'websocket' };
  assert.deepEqual(await askOver(session, { ...socket, ':path': '/other/x' }), [405, '', 'GET, HEAD']);
  session.close();
});

test('the lists of the whole gateway hold for whoever comes from outside, and not for our own calls', async () => {
  assert.equal((await ask({ port: gateway.https, ca: gateway.ca, path: '/own' })).status, 403);
  assert.equal((await ask({ port: gateway.egress, ca: gateway.ca, path: '/other/x' })).status, 200);
});

test('without keys only who names this machine is a caller', async () => {
  for (const host of ['evil.example', `localhost.evil.example:${gateway.egress}`, '10.0.0.1']) {
    const { status } = await ask({ port: gateway.egress, ca: gateway.ca, path: '/other/x', headers: { host } });
    assert.equal(status, 421, host);
  }
});

test('limits hold over all threads', async () => {
  const statuses: number[] = [];
  for (let at = 0; at < 8; at++)
    statuses.push((await ask({ port: gateway.egress, ca: gateway.ca, path: '/pay/x' })).status);
  assert.deepEqual(
    statuses.toSorted((one, other) => one - other),
    [200, 200, 200, 429, 429, 429, 429, 429],
  );
});

test('a page of a browser gets no reply that it may read, and no preflight leads on', async () => {
  const before = pay.heard.length;
  const preflight = await ask({
    ...{ port: gateway.egress, ca: gateway.ca, path: '/other/x', method: 'OPTIONS' },
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
  });
  assert.equal(preflight.status, 405);
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  assert.equal(pay.heard.length, before);
});

test('what a page has a browser on this machine send is not sent on, though it names this machine', async () => {
  const before = pay.heard.length;
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    const { status } = await ask({ port: gateway.egress, ca: gateway.ca, path: '/other/x', headers });
    assert.equal(status, 403);
  }
  assert.equal(pay.heard.length, before);
  // As the fetch of a program on Node.js does.
  const sent = await ask({
    ...{ port: gateway.egress, ca: gateway.ca, path: '/other/x' },
    headers: { 'sec-fetch-mode': 'cors', 'user-agent': 'node' },
  });
  assert.equal(sent.status, 200);
});
