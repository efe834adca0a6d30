import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askOver, codeOf, VERSIONS } from './possession-scene.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

let heard: string[] = [];
let scene: TokenScene;

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream: (request, reply) => {
      heard.push(request.url ?? '');
      request.resume().on('end', () => reply.setHeader('content-type', 'application/json').end('{"ownerId":"ada"}'));
    },
    rest: (url) => `apis:
  shop:
    routes: [GET /orders, GET /mine, GET /denied, POST /orders, GET /seen]
    upstream: ${url}
    auth: [acme]
    sanitize: { query: { scope: [trim, nfc] } }
    operations:
      GET /orders: { object: 'request.query.scope != "all" || "admin" in principal.roles' }
      GET /mine: { object: '(request.query.scope != "all" || "admin" in principal.roles) && response.ownerId == principal.subject' }
      GET /denied: { deny: [{ id: not-all, when: 'request.query.scope == "all"' }] }
      POST /orders: { object: '(request.query.scope != "all" || "admin" in principal.roles) && request.body.tenant == principal.subject' }
      GET /seen: { object: 'request.query.scope != "all" || "admin" in principal.roles', observe: [object] }
`,
  });
});

after(() => scene?.stop());

for (const version of VERSIONS) {
  test(`${version}: a rule is asked of the query that goes upstream, and not of what was cleaned away`, async () => {
    const { gateway, issuer } = scene;
    const send = async (target: string, roles: readonly string[], body?: string): Promise<string> => {
      const [method, path] = target.split(' ') as [string, string];
      const headers = {
        host: `localhost:${gateway.https}`,
        authorization: `Bearer ${await issuer.sign({ sub: 'ada', roles })}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      heard = [];
      const asked = { version, port: gateway.https, ca: gateway.ca, path, method, headers };
      return codeOf(await askOver(body === undefined ? asked : { ...asked, body }));
    };
    for (const scope of ['all', '%20all', 'all%20', '%EF%BB%BFall']) {
      for (const target of ['GET /orders', 'GET /mine']) {
        assert.equal(await send(`${target}?scope=${scope}`, []), '404 not-found', `${target} ${scope}`);
        assert.deepEqual(heard, []);
        assert.equal(await send(`${target}?scope=${scope}`, ['admin']), '200');
      }
      assert.equal(await send(`GET /denied?scope=${scope}`, []), '403 forbidden', scope);
      assert.deepEqual(heard, []);
      assert.equal(await send(`POST /orders?scope=${scope}`, [], '{"tenant":"ada"}'), '404 not-found', scope);
      assert.equal(await send(`GET /seen?scope=${scope}`, []), '200', scope);
    }
    for (const target of ['GET /orders', 'GET /mine', 'GET /denied'])
      assert.equal(await send(`${target}?scope=own%20`, []), '200', target);
    assert.deepEqual(heard, ['/denied?scope=own']);
  });
}
