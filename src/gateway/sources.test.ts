import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../base/index.ts';
import { PASS, type PolicyKind } from '../policy/index.ts';
import type { TableVersion } from '../ports/index.ts';
import { compile } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { apiText, codeOf, gatheredOf, kindOf, startBench, step, valueOf } from './fixture.test.ts';
import { judgedTables } from './sources.ts';

const DECLARATION = { name: 'keys', rowLimit: 1, staleAfterMs: 60_000, whenStale: 'deny' } as const;

function tableOf(filledAtMs: number | null, whenStale: 'serve' | 'deny' = 'deny'): TableVersion<string> {
  return { declaration: { ...DECLARATION, whenStale }, version: 1, filledAtMs, rows: new Map([['a', 'row']]) };
}

const readAt = (nowMs: number, table: TableVersion<string>) =>
  judgedTables({ read: <Row>() => table as unknown as TableVersion<Row> }, () => nowMs).read<string>('keys');

test('a table is read until it is stale, and one that serves is read at any age', () => {
  assert.equal(readAt(60_000, tableOf(0)).rows.get('a'), 'row');
  assert.throws(() => readAt(60_001, tableOf(0)), /keys is stale: it was filled 60001 ms ago/);
  assert.equal(readAt(60_001, tableOf(0, 'serve')).filledAtMs, 0);
});

test('a table that was never filled is read by nobody', () => {
  for (const whenStale of ['serve', 'deny'] as const)
    assert.throws(() => readAt(0, tableOf(null, whenStale)), /was never filled/);
});

test('a request whose policy reads a stale table is refused with an alarm, until the table is filled again', async (t) => {
  const bench = await startBench(t);
  let filledAtMs = bench.clock.now();
  const tables = judgedTables({ read: <Row>() => tableOf(filledAtMs) as unknown as TableVersion<Row> }, () =>
    bench.clock.now(),
  );
  const kind: PolicyKind<never> = {
    ...kindOf('p', {}),
    sources: () => [{ kind: 'table', declaration: DECLARATION }],
    compile: (_config, { operations }, got) => {
      const keys = got.table<string>('keys');
      const admit = step<'admit'>(() => (keys().rows.has('a') ? PASS : assert.fail('no row')));
      return ok(new Map(operations.map(({ id }) => [id, { admit }])));
    },
  };
  const kinds = kindTable([kind]);
  const text = apiText(bench.upstream.url, ['p']);
  assert.ok(bench.gateway.install(valueOf(compile(gatheredOf(text, kinds), { kinds, tables }))));
  const get = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
  assert.equal((await bench.ask(get)).status, 200);
  bench.clock.pass(60_001);
  assert.equal(codeOf(await bench.ask(get)), 'gateway-fault');
  assert.deepEqual(
    bench.alerts.map((alert) => [alert.kind, alert.key]),
    [['gateway.fault', 'a/p']],
  );
  filledAtMs = bench.clock.now();
  assert.equal((await bench.ask(get)).status, 200);
});
