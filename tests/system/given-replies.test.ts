import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type Outcome, run } from './command.ts';
import { createFileIssuer } from './file-issuer.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;

const CONFIG = (port: number, tests: string): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, jwks: ./keys.json }
apis:
  orders:
    routes: ['GET /orders/{id}', 'GET /hours']
    upstream: http://127.0.0.1:${port}
    auth: [acme]
    operations:
      'GET /orders/{id}':
        object: response.ownerId == principal.subject
      'GET /hours':
        auth: public
        rules: [now.getHours() >= 8]
tests:
${tests}`;

const ADA = 'as: { subject: ada }';
const PASSING = `  - { do: GET /orders/7, expect: 401 }
  - { do: GET /orders/7, ${ADA}, given: { response: { ownerId: ada } }, expect: pass, returns: { ownerId: ada } }
  - { do: GET /orders/7, ${ADA}, given: { response: { ownerId: bob } }, expect: 404, because: not-found }
  - { do: GET /hours, at: 2026-11-24T09:00:00Z, expect: pass }
  - { do: GET /hours, at: 2026-11-24T07:00:00Z, expect: 400 }
`;

before(async () => {
  upstream = await startLocalServer((_request, reply) => void reply.end('{"ownerId":"bob"}'));
  gateway = await startGateway(CONFIG(upstream.port, PASSING), {
    beside: { 'keys.json': (await createFileIssuer()).keys },
  });
});

after(async () => {
  upstream.stop();
  await gateway.stop();
});

const file = (): string => join(gateway.folder, 'portcullis.yaml');
const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);

test('tests that give the reply and the time hold before the gateway opens, and no upstream hears of them', async () => {
  assert.equal((await ask({ port: gateway.https, ca: gateway.ca, path: '/orders/7' })).status, 401);
  const checked = await command('check');
  assert.match(checked.stdout, /5 tests of the configuration: all passed/);
});

test('a reload is refused where a test asks for what only the reply decides and gives none, or expects another one', async () => {
  const wrong = `  - { do: GET /orders/7, ${ADA}, expect: pass }
  - { do: GET /orders/7, ${ADA}, given: { response: { ownerId: bob } }, expect: pass }
`;
  await writeFile(file(), CONFIG(upstream.port, wrong));
  const refused = await command('reload');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /expected pass, came undecided: orders\/object depends on the reply/);
  assert.match(
    refused.stderr,
    /came 404 not-found: Refused \(404 not-found\): ada \(no roles\) may not call orders\/GET \/orders\/\{id\}: the object is not theirs by the rule orders\.GET \/orders\/\{id\}\.object \(portcullis\.yaml:14\): response\.ownerId == principal\.subject\.$/m,
  );
});

test('explain takes a reply and a time, and says without a reply that it depends on one', async () => {
  await writeFile(file(), CONFIG(upstream.port, PASSING));
  const as = ['--as', 'subject=ada'];
  const open = await command('explain', 'GET', '/orders/7', ...as);
  assert.equal(open.code, 1);
  assert.match(open.stdout, /Depends on the reply: it goes upstream, and orders\/object decides/);
  const hers = await command('explain', 'GET', '/orders/7', ...as, '--response', '{"ownerId":"ada"}');
  assert.equal(hers.code, 0);
  assert.match(hers.stdout, /the caller gets 200: \{"ownerId":"ada"\}/);
  const others = await command('explain', 'GET', '/orders/7', ...as, '--response', '{"ownerId":"bob"}');
  assert.equal(others.code, 1);
  assert.match(others.stdout, /respond +orders\/object +refuses: not-found/);
  const early = await command('explain', 'GET', '/hours', '--at', '2026-11-24T07:00:00Z');
  assert.match(early.stdout, /Refused: 400 rule-not-met/);
  assert.equal((await command('explain', 'GET', '/hours', '--at', 'noon')).code, 2);
  assert.equal((await command('explain', 'GET', '/hours', '--status', '100')).code, 2);
});
