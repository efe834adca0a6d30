import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { until } from './eventually.ts';
import { askOver, VERSIONS } from './possession-scene.ts';
import { PROGRAM } from './plain-configuration.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const run = promisify(execFile);
let scene: TokenScene;
const arrivals: string[] = [];

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream: (request, reply) => {
      arrivals.push(String(request.url));
      reply.setHeader('cache-control', 'public, max-age=60');
      request.resume().on('end', () => reply.end('done'));
    },
    rest: (url) => `trustedProxies: { addresses: [127.0.0.0/8], field: x-forwarded-for }
roles: { worker: { can: [work] }, contractor: {} }
deny:
  rules:
    - { id: contractors, when: "'contractor' in principal.roles", message: no contractors }
    - { id: quarantine, when: "inNetwork(address.ip, '198.51.100.0/24')" }
    - { id: watched-network, when: "inNetwork(address.ip, '203.0.113.0/24')", mode: observe }
apis:
  orders:
    routes: ['GET /orders/{id}', 'POST /orders', 'GET /stored', 'GET /own', 'GET /watched', 'GET /open', 'GET /asked', 'POST /form']
    upstream: '${url}'
    auth: [acme]
    errors: helpful
    operations:
      POST /orders:
        when: request.body.amount <= 500
        deny: [{ id: small, when: request.body.amount < 5 }]
      GET /stored: { cache: { ttl: 1m, per: everybody } }
      GET /own: { respond: { status: 200, body: fine } }
      GET /watched: { needs: work, assurance: { acr: [mfa] }, observe: [needs, assurance] }
      GET /open: { auth: public }
      GET /asked: { deny: [{ id: debugging, when: has(request.query.debug) }] }
      POST /form: { deny: [{ id: roles, when: has(request.body.role) }] }
`,
  });
});

after(() => scene?.stop());

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly roles?: readonly string[] | null;
  readonly from?: string;
  readonly body?: string;
  readonly type?: string;
}

for (const version of VERSIONS) {
  const reply = async ({
    method = 'GET',
    path = '/orders/7',
    roles = [],
    from,
    body,
    type = 'application/json',
  }: Sent) => {
    const { gateway, issuer } = scene;
    const token = roles === null ? null : await issuer.tokenOf({ subject: 'ada', roles });
    const headers = {
      host: `localhost:${gateway.https}`,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(from === undefined ? {} : { 'x-forwarded-for': from }),
      ...(body === undefined ? {} : { 'content-type': type }),
    };
    return askOver({
      version,
      port: gateway.https,
      ca: gateway.ca,
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  };

  const outcome = async (sent: Sent): Promise<string> => {
    const { status, body } = await reply(sent);
    if (status === 200 || sent.method === 'HEAD') return String(status);
    const { code, errors } = JSON.parse(String(body)) as { code: string; errors?: readonly { detail: string }[] };
    return [status, code, ...(errors ?? []).map(({ detail }) => detail)].join(' ');
  };

  test(`${version}: what a rule of the gateway denies reaches no upstream, by whatever method`, async () => {
    assert.equal(await outcome({}), '200');
    const before = arrivals.length;
    assert.equal(await outcome({ roles: ['contractor'] }), '403 forbidden no contractors');
    assert.equal(await outcome({ roles: ['contractor', 'worker'], method: 'HEAD' }), '403');
    assert.equal(await outcome({ from: '198.51.100.9' }), '403 forbidden');
    assert.equal(await outcome({ from: '::ffff:198.51.100.9' }), '403 forbidden');
    assert.equal(await outcome({ from: '198.51.100.9', roles: null, path: '/open' }), '403 forbidden');
    assert.equal(arrivals.length, before);
    assert.equal(await outcome({ roles: null, path: '/open' }), '200');
  });

  test(`${version}: what denies stands before stored replies and replies of the gateway's own`, async () => {
    assert.equal(await outcome({ path: '/stored' }), '200');
    assert.equal(await outcome({ path: '/stored', roles: ['contractor'] }), '403 forbidden no contractors');
    assert.equal(await outcome({ path: '/own' }), '200');
    assert.equal(await outcome({ path: '/own', roles: ['contractor'] }), '403 forbidden no contractors');
  });

  test(`${version}: what the body decides is decided by it, and what can't be worked out refuses`, async () => {
    const post = (body: string): Promise<string> => outcome({ method: 'POST', path: '/orders', body });
    assert.equal(await post('{"amount":500}'), '200');
    assert.equal(await post('{"amount":501}'), '403 forbidden');
    assert.equal(await post('{"amount":4}'), '403 forbidden');
    assert.equal(await post('{"amount":"50"}'), '403 forbidden');
    assert.equal(await post('{}'), '403 forbidden');
    assert.match(await post('{"amount":501,"amount":5}'), /^400 /);
  });

  test(`${version}: a field that is sent in parts is there, in the query and in forms`, async () => {
    const multipart = (name: string): Promise<string> => {
      const body = `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nadmin\r\n--x--\r\n`;
      return outcome({ method: 'POST', path: '/form', body, type: 'multipart/form-data; boundary=x' });
    };
    const form = (body: string): Promise<string> =>
      outcome({ method: 'POST', path: '/form', body, type: 'application/x-www-form-urlencoded' });
    const before = arrivals.length;
    for (const name of ['debug', 'debug[]', 'debug%5B0%5D', 'debug.x', '+debug', '[debug]'])
      assert.equal(await outcome({ path: `/asked?a=1&${name}=1` }), '403 forbidden', name);
    for (const name of ['role', 'role[]', 'role[x]', '%20role', '[role]']) {
      assert.equal(await form(`a=1&${name}=admin`), '403 forbidden', name);
      assert.equal(await multipart(decodeURIComponent(name)), '403 forbidden', name);
    }
    assert.equal(arrivals.length, before);
    assert.equal(await outcome({ path: '/asked?debugger=1&a[debug]=1' }), '200');
    assert.equal(await form('user[role]=1&roles[]=2'), '200');
    assert.equal(await multipart('user[role]'), '200');
  });

  test(`${version}: what only observes never changes what becomes of a request, and is told beside it`, async () => {
    assert.equal(await outcome({ path: '/watched' }), '200');
    assert.equal(await outcome({ path: '/watched', roles: ['contractor'] }), '403 forbidden no contractors');
    assert.equal(await outcome({ from: '203.0.113.5' }), '200');
    assert.equal(await outcome({ from: '203.0.113.5', roles: ['contractor'] }), '403 forbidden no contractors');
    let rows: readonly Row[] = [];
    await until('the four requests stand in the ledger', async () => {
      const words = [PROGRAM, 'audit', 'show', '--json', '--last', '20', '--data', join(scene.gateway.folder, 'data')];
      const { stdout } = await run(process.execPath, words);
      rows = (JSON.parse(stdout) as { readonly rows: readonly Row[] }).rows
        .filter(({ kind }) => kind === 'request')
        .slice(-4);
      return rows.every(({ completion }) => completion !== null) && rows[2]?.rule === 'watched-network';
    });
    assert.deepEqual(
      rows.map(({ verdict, rule, completion }) => [verdict, rule, completion?.status]),
      [
        ['observed', 'needs work', 200],
        ['deny', 'contractors', 403],
        ['observed', 'watched-network', 200],
        ['deny', 'contractors', 403],
      ],
    );
  });
}

interface Row {
  readonly kind: string;
  readonly verdict: string;
  readonly rule: string | null;
  readonly completion: { readonly status: number } | null;
}
