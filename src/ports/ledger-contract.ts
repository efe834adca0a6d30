import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type LedgerRecord, RECORD_VERSION } from '../base/index.ts';
import type { Ledger } from './ledger.ts';

/** A ledger, how many of its newest records it can show at least, and how it is closed. */
export interface LedgerSubject {
  readonly ledger: Ledger;
  readonly shows: number;
  close(): Promise<void>;
}

/** What every Ledger promises. */
export function ledgerContract(name: string, makeSubject: (t: TestContext) => Promise<LedgerSubject>): void {
  describe(`${name} keeps the contract of Ledger`, () => {
    test('records come back in the order in which they were appended, oldest first', async (t) => {
      const { ledger, shows } = await makeSubject(t);
      const records = Array.from({ length: Math.min(shows, 50) }, (_, at) => change(at));
      for (const record of records) assert.equal(ledger.append(record), true);
      await ledger.flush();
      assert.deepEqual(ledger.newest(shows), records);
      assert.deepEqual(ledger.newest(3), records.slice(-3));
    });

    test('newest answers any count, and no more than there is', async (t) => {
      const { ledger, shows } = await makeSubject(t);
      assert.deepEqual(ledger.newest(10), []);
      ledger.append(change(1));
      await ledger.flush();
      for (const count of [0, -1, Number.NaN]) assert.deepEqual(ledger.newest(count), [], String(count));
      assert.equal(ledger.newest(shows * 2).length, 1);
      assert.equal(ledger.newest(Number.POSITIVE_INFINITY).length, 1);
    });

    test('however many are appended, the newest are shown', async (t) => {
      const { ledger, shows } = await makeSubject(t);
      let next = 0;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: shows * 2 }), async (count) => {
          for (let n = 0; n < count; n++) assert.equal(ledger.append(change(next++)), true);
          await ledger.flush();
          const wanted = Math.min(shows, next);
          const expected = Array.from({ length: wanted }, (_, at) => change(next - wanted + at));
          assert.deepEqual(ledger.newest(shows).slice(-wanted), expected);
        }),
        { numRuns: 20 },
      );
    });

    test('the list that was handed out is the caller’s own', async (t) => {
      const { ledger } = await makeSubject(t);
      ledger.append(change(1));
      await ledger.flush();
      (ledger.newest(1) as LedgerRecord[]).pop();
      assert.deepEqual(ledger.newest(1), [change(1)]);
    });

    test('every kind of record is kept whole, and so is text that means harm', async (t) => {
      const { ledger } = await makeSubject(t);
      const records = [intent('"\n\u0000\u202e'), completion(), { ...change(1), before: '\ud83d\ude00{"a":1}\r\n' }];
      for (const record of records) ledger.append(record);
      await ledger.flush();
      assert.deepEqual(ledger.newest(3), records);
    });

    test('a closed ledger takes nothing and never throws', async (t) => {
      const { ledger, close } = await makeSubject(t);
      ledger.append(change(1));
      await close();
      assert.equal(ledger.append(change(2)), false);
      await ledger.flush();
      assert.ok(ledger.newest(10).length <= 1);
    });
  });
}

function change(n: number): LedgerRecord {
  const about = { author: 'test', action: 'change', target: `thing ${n}`, before: null, after: null };
  return { version: RECORD_VERSION, kind: 'change', id: `id-${n}`, at: n, ...about };
}

function intent(method: string): LedgerRecord {
  const where = { api: 'orders', operation: 'getOrder', method, subject: null, address: '192.0.2.7' };
  const verdict = { verdict: 'deny', problem: 'forbidden', policy: 'rights', rule: null } as const;
  return { version: RECORD_VERSION, kind: 'intent', id: 'a', at: 1, revision: 1, ...where, ...verdict };
}

function completion(): LedgerRecord {
  const bytes = {
    requestBytes: 0,
    responseBytes: 2 ** 40,
    durationUs: 5,
    upstreamUs: null,
    grpcStatus: null,
    originalHash: null,
    cleaned: null,
    receivedHash: null,
    policy: null,
    rule: null,
    complete: true,
  };
  const status = { status: 403, upstreamStatus: null, problem: 'forbidden' } as const;
  return { version: RECORD_VERSION, kind: 'completion', id: 'a', at: 2, ...status, ...bytes };
}
