import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { askOver, VERSIONS } from './possession-scene.ts';
import { PROGRAM } from './plain-configuration.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

let scene: TokenScene;

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream: (_request, reply) => {
      reply.setHeader('content-type', 'application/json');
      reply.end('{"id":7,"margin":3,"paidWith":"4111111111111111"}');
    },
    rest: (url) => `roles: { worker: { can: [work] } }
apis:
  orders:
    routes: ['GET /orders/{id}', 'GET /plain']
    upstream: '${url}'
    auth: [acme]
    leaks: { cards: refuse }
    operations:
      GET /orders/{id}:
        needs: work
        when:
          - { rule: request.method == 'POST', id: written, mode: observe }
          - { rule: "'boss' in principal.roles", id: bosses, mode: observe }
        fields: { default: [id] }
        observe: [needs, fields]
      GET /plain: { needs: work }
`,
  });
});

after(() => scene?.stop());

interface Reason {
  readonly sentence: string;
  readonly rule: string | null;
  readonly policy: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

interface Row {
  readonly kind: string;
  readonly verdict: string;
  readonly operation: string;
  readonly reason: Reason | null;
  readonly wouldRefuse: readonly Reason[];
  readonly completion: object | null;
}

async function shown(...more: readonly string[]): Promise<{ readonly rows: readonly Row[]; readonly text: string }> {
  const words = ['audit', 'show', '--last', '20', '--data', join(scene.gateway.folder, 'data'), ...more];
  const json = await run('node', [PROGRAM, ...words, '--json']);
  assert.equal(json.code, 0, json.stdout + json.stderr);
  const { rows } = JSON.parse(json.stdout) as { readonly rows: readonly Row[] };
  const { stdout } = await run('node', [PROGRAM, ...words]);
  return { rows: rows.filter(({ kind }) => kind === 'request'), text: stdout };
}

async function asked(version: (typeof VERSIONS)[number], path: string): Promise<number> {
  const { gateway, issuer } = scene;
  const token = await issuer.tokenOf({ subject: 'ada', roles: [] });
  const headers = { host: `localhost:${gateway.https}`, authorization: `Bearer ${token}` };
  const { status } = await askOver({ version, port: gateway.https, ca: gateway.ca, method: 'GET', path, headers });
  return status;
}

/** What stands in the ledger of the newest request to each of the two, whoever reads it. */
async function isTold(): Promise<void> {
  const { rows, text } = await shown();
  const refused = rows.findLast(({ operation }) => operation === 'orders/GET /orders/{id}') ?? assert.fail('no row');
  assert.match(refused.reason?.sentence ?? '', /^Refused \(502 reply-leaks\): the caller may not call orders\/GET/);
  const [needs, written, bosses, fields, ...rest] = refused.wouldRefuse;
  assert.deepEqual([needs?.rule, written?.rule, bosses?.rule], ['needs work', 'written', 'bosses']);
  assert.equal(fields?.policy, 'orders/fields');
  assert.deepEqual(rest, []);
  const lines = refused.wouldRefuse.map(({ line }) => Number(line));
  assert.deepEqual(
    lines.map((line) => line - (lines[0] ?? 0)),
    [0, 2, 3, 4],
  );
  assert.match(text, /\n {2}would=deny bosses Would have been refused \(403 forbidden\): the caller may not .*:\d+\)/);
  const plain = rows.findLast(({ operation }) => operation === 'orders/GET /plain') ?? assert.fail('no row');
  assert.match(
    plain.reason?.sentence ?? '',
    /^Refused \(403 forbidden\): the caller may not call orders\/GET \/plain: it needs work \(\S+:\d+\), and nothing/,
  );
  assert.equal(plain.reason?.line, (lines[0] ?? 0) + 6);
  assert.deepEqual(plain.wouldRefuse, []);
}

for (const version of VERSIONS) {
  test(`${version}: what was refused is told with its line, beside it all that only observe`, async () => {
    assert.equal(await asked(version, '/orders/7'), 502);
    assert.equal(await asked(version, '/plain'), 403);
    await until('both have ended', async () => {
      const { rows } = await shown();
      return rows.length >= 2 && rows.every(({ completion }) => completion !== null);
    });
    await isTold();
  });
}

test('a gateway that was killed or stopped and started anew tells the same of before', async () => {
  for (const how of ['killed', 'stopped'] as const) {
    await scene.restart(how);
    await isTold();
  }
});
