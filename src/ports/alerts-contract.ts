import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Alert, AlertRecord, Alerts } from './alerts.ts';

/** Alerts that nobody has raised yet, the hush time they keep, and how the test lets time pass. */
export interface AlertsSubject {
  readonly alerts: Alerts;
  readonly hushMs: number;
  advance(ms: number): void;
}

const LOST: Alert = { kind: 'thread.lost', key: 'gateway 1', severity: 'high', message: 'a thread has ended' };

/** What every Alerts promises. */
export function alertsContract(name: string, makeSubject: (t: TestContext) => Promise<AlertsSubject>): void {
  describe(`${name} keeps the contract of Alerts`, () => {
    test('what was raised is listed, whole and newest first', async (t) => {
      const { alerts, advance } = await makeSubject(t);
      alerts.raise({ ...LOST, fields: { thread: 1, last: true } });
      advance(1000);
      alerts.raise({ ...LOST, kind: 'gateway.fault', key: 'waf' });
      const [newest, oldest, ...more] = await alerts.list(10);
      assert.deepEqual([newest?.kind, newest?.count, more.length], ['gateway.fault', 1, 0]);
      const { id, firstMs, lastMs, ...rest } = oldest as AlertRecord;
      assert.deepEqual(rest, { ...LOST, fields: { thread: 1, last: true }, count: 1 });
      assert.ok(id.length > 0 && firstMs === lastMs && (newest?.firstMs ?? 0) - firstMs === 1000);
      assert.deepEqual(
        (await alerts.list(1)).map(({ kind }) => kind),
        ['gateway.fault'],
      );
    });

    test('the same kind and key within the hush time count as one', async (t) => {
      const { alerts, advance, hushMs } = await makeSubject(t);
      for (let n = 0; n < 5; n++) {
        alerts.raise(LOST);
        advance(hushMs / 10);
      }
      const [one, ...more] = await alerts.list(10);
      assert.deepEqual([one?.count, more.length], [5, 0]);
      assert.equal((one?.lastMs ?? 0) - (one?.firstMs ?? 0), (hushMs / 10) * 4);
      advance(hushMs);
      alerts.raise(LOST);
      assert.deepEqual(
        (await alerts.list(10)).map(({ count }) => count),
        [1, 5],
      );
    });

    test('another kind or key is another alert, and text cannot make two the same', async (t) => {
      const { alerts } = await makeSubject(t);
      const keys = ['', 'a', 'A', 'a","b', '__proto__', 'a\0b'];
      for (const key of keys) {
        alerts.raise({ ...LOST, key });
        alerts.raise({ ...LOST, kind: 'gateway.fault', key });
      }
      assert.equal((await alerts.list(100)).length, keys.length * 2);
    });

    test('hostile text and a flood are kept bounded, and nothing throws', async (t) => {
      const { alerts } = await makeSubject(t);
      alerts.raise({
        ...LOST,
        key: 'x'.repeat(1e6),
        message: '\ud800\u001b[31m'.repeat(1e5),
        fields: { n: Number.NaN, u: undefined },
      });
      const [long] = await alerts.list(1);
      assert.ok(JSON.stringify(long).length < 50_000);
      for (let n = 0; n < 12_000; n++) alerts.raise({ ...LOST, key: `flood ${n}` });
      assert.ok((await alerts.list(10_000)).length <= 10_000);
    });
  });
}
