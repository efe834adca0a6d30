import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type Outcome, run } from './command.ts';
import { createFileIssuer } from './file-issuer.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

let owners: LocalServer;
let gateway: GatewayProcess;
let calls = 0;

const CONFIG = (port: number, tests: string): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, jwks: ./keys.json }
apis:
  orders:
    routes: ['GET /orders/{id}', 'GET /watched/{id}']
    upstream: http://127.0.0.1:${port}
    auth: [acme]
    operations:
      'GET /orders/{id}':
        object:
          allow: '"admin" in principal.roles || owner.ownerId == principal.subject'
          lookup: { url: 'http://127.0.0.1:${port}/{params.id}' }
          id: owners-only
      'GET /watched/{id}':
        object:
          allow: owner.ownerId == principal.subject
          lookup: { url: 'http://127.0.0.1:${port}/{params.id}' }
        observe: [object]
tests:
${tests}`;

const ADA = 'as: { subject: ada }';
const PASSING = `  - { do: GET /orders/7, expect: 401 }
  - { do: GET /orders/7, ${ADA}, given: { owner: { ownerId: ada } }, expect: pass }
  - { do: GET /orders/7, ${ADA}, given: { owner: { ownerId: bob } }, expect: 404, because: owners-only }
  - { do: GET /orders/7, ${ADA}, given: { owner: null }, expect: not-found }
  - { do: GET /orders/7, as: { subject: eve, roles: [admin] }, expect: pass }
  - { do: GET /orders/7, ${ADA}, given: { owner: { ownerId: ada }, response: { id: 7 } }, expect: pass, returns: { id: 7 } }
  - { do: GET /watched/7, ${ADA}, expect: pass }
  - { do: GET /watched/7, ${ADA}, given: { owner: { ownerId: bob } }, expect: pass, observed: 'orders.GET /watched/{id}.object' }
`;

before(async () => {
  owners = await startLocalServer((_request, reply) => {
    calls++;
    reply.end('{"ownerId":"ada"}');
  });
  const beside = { 'keys.json': (await createFileIssuer()).keys };
  gateway = await startGateway(CONFIG(owners.port, PASSING), { beside });
});

after(async () => {
  owners.stop();
  await gateway.stop();
});

const file = (): string => join(gateway.folder, 'portcullis.yaml');
const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);

test('tests that give the owner hold before the gateway opens, and no service hears of them', async () => {
  const checked = await command('check');
  assert.match(checked.stdout, /8 tests of the configuration: all passed/, checked.stdout + checked.stderr);
  assert.equal(calls, 0);
});

test('a reload is refused where a test asks for what only the owner decides, whatever it expects', async () => {
  const tests = ['pass', '404', '503', 'owner-unavailable'].map(
    (expect) => `  - { do: GET /orders/7, ${ADA}, expect: ${expect} }`,
  );
  await writeFile(file(), CONFIG(owners.port, tests.join('\n')));
  const refused = await command('reload');
  assert.equal(refused.code, 1);
  for (const expect of ['pass', '404', '503', 'owner-unavailable'])
    assert.match(refused.stderr, new RegExp(`expected ${expect}, came undecided: whose the object is decides it`));
  assert.match(refused.stderr, /given: \{ owner: … \}/);
  const returns = `  - { do: GET /orders/7, ${ADA}, given: { owner: { ownerId: ada } }, expect: pass, returns: {} }`;
  await writeFile(file(), CONFIG(owners.port, returns));
  assert.match((await command('check')).stderr, /nobody says what the upstream answers/);
});

test('explain takes an owner, and says without one that it depends on one', async () => {
  await writeFile(file(), CONFIG(owners.port, PASSING));
  const explain = (...more: string[]): Promise<Outcome> =>
    command('explain', 'GET', '/orders/7', '--as', 'subject=ada', ...more);
  const open = await explain();
  assert.equal(open.code, 1);
  assert.match(open.stdout, /decide +orders\/object +decides by the owner/);
  assert.match(
    open.stdout,
    /Depends on the owner: orders\/object decides by what the owner service says; give it by --owner\./,
  );
  assert.match(
    open.stdout,
    /Depends on the owner: ada \(no roles\) may call orders\/GET \/orders\/\{id\}: the rule owners-only/,
  );
  const data = JSON.parse((await explain('--json')).stdout) as { verdict: object };
  assert.partialDeepStrictEqual(data.verdict, { kind: 'pass', undecided: ['orders/object'], lacks: ['owner'] });
  const hers = await explain('--owner', '{"ownerId":"ada"}');
  assert.equal(hers.code, 0, hers.stderr);
  assert.match(hers.stdout, /the object is theirs by the rule owners-only/);
  await writeFile(join(gateway.folder, 'owner.json'), '{"ownerId":"bob"}');
  const others = await explain('--owner', join(gateway.folder, 'owner.json'));
  assert.equal(others.code, 1);
  assert.match(others.stdout, /Refused \(404 not-found\): .* the object is not theirs by the rule owners-only/);
  const none = await explain('--owner', 'null');
  assert.match(none.stdout, /an object that there is none of/);
  for (const wrong of ['{', '{"a":1,}'])
    assert.match((await explain('--owner', wrong)).stderr, /--owner holds no JSON/);
  assert.equal(calls, 0);
});
