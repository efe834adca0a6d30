import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, type LedgerRecord, ok } from '../base/index.ts';
import { FOLDER, NOW_MS, runIn, SOUND, surroundings } from './fake-context.test.ts';
import { ledgerOf } from './fake-ledger.test.ts';

const PERMISSION = { problem: 'forbidden', policy: 'orders/permission', rule: 'needs orders:read' } as const;

type Intent = Extract<LedgerRecord, { kind: 'intent' }>;

function intent(more: Partial<Intent>): Intent {
  return {
    ...{ version: 1, kind: 'intent', id: '019a1b2c-3d4e-7f00-8000-000000000001', at: NOW_MS, revision: 7 },
    ...{ api: 'orders', operation: 'orders/GET /orders', method: 'GET', subject: 'Ab3', address: '192.0.2.7' },
    ...{ verdict: 'deny', ...PERMISSION },
    ...more,
  };
}

interface Reason {
  readonly sentence: string;
  readonly rule: string | null;
  readonly policy: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

interface Row {
  readonly reason: Reason | null;
  readonly wouldRefuse: readonly Reason[];
}

type Kept = ReturnType<typeof surroundings>['revisions'];

async function shown(records: readonly LedgerRecord[], revisions: Kept) {
  const around = { ...surroundings(), revisions };
  const segments = await ledgerOf(records);
  around.ledger = () => segments;
  const { out } = await runIn(around, 'audit', 'show');
  const json = await runIn(around, 'audit', 'show', '--json');
  assert.equal(json.code, 0, json.complaints);
  return { out, row: (JSON.parse(json.out) as { readonly rows: readonly Row[] }).rows[0] ?? assert.fail('no row') };
}

const PUBLIC = SOUND.replace(
  "'POST /orders': {",
  "'GET /orders': { limit: 5/min per address }\n      'POST /orders': {",
);
const KEPT: Kept = ok(new Map([[7, { text: PUBLIC, at: NOW_MS - 1 }]]));
const LIMITED = { problem: 'rate-limited', policy: 'orders/rate', rule: 'limit' } as const;

test('a refusal is told in a sentence, with the line of the configuration that was in force then', async () => {
  const { out, row } = await shown([intent(LIMITED)], KEPT);
  const { sentence, ...by } = row.reason ?? assert.fail('no reason');
  assert.match(
    sentence,
    /^Refused \(429 rate-limited\): the caller may not call orders\/GET \/orders: .*portcullis\.yaml:\d+/,
  );
  assert.deepEqual([by.rule, by.policy, by.file], ['limit', 'orders/rate', `${FOLDER}/portcullis.yaml`]);
  assert.ok(Number(by.line) > 1);
  assert.ok(out.includes(`\n  ${sentence}\n`));
  assert.deepEqual(row.wouldRefuse, []);
});

test('what only observes stands below, by its rule, whatever was enforced', async () => {
  const record = intent({ ...LIMITED, observed: [PERMISSION, { ...LIMITED, rule: null }], observedMore: 2 });
  const { out, row } = await shown([record], KEPT);
  assert.match(out, /\n {2}would=deny needs orders:read Would have been refused \(403 forbidden\): /);
  assert.match(
    out,
    /\n {2}would=deny orders\/rate Would have been refused \(429 rate-limited\): .*portcullis\.yaml:\d+/,
  );
  assert.match(out, /\n {2}would=deny by 2 more that are not named\n/);
  assert.deepEqual(
    row.wouldRefuse.map(({ rule }) => rule),
    ['needs orders:read', null],
  );
  const passed = await shown([intent({ ...LIMITED, verdict: 'observed' })], KEPT);
  assert.deepEqual([passed.row.reason, passed.row.wouldRefuse.length], [null, 1]);
});

test('where the configuration of then can not be had, the record is all that is told, and why', async () => {
  const cases: readonly (readonly [Kept, RegExp])[] = [
    [ok(new Map()), /Revision 7 is not kept any more\.$/],
    [err('nobody lets us'), /Revision 7 can't be read: nobody lets us\.$/],
    [ok(new Map([[7, { text: 'version: 9', at: 1 }]])), /This version can't read the text of revision 7\.$/],
    [ok(new Map([[7, { text: PUBLIC, at: NOW_MS + 1 }]])), /Revision 7 of then is not kept any more\.$/],
  ];
  for (const [kept, words] of cases) {
    const { sentence, ...by } = (await shown([intent(LIMITED)], kept)).row.reason ?? assert.fail('no reason');
    assert.match(sentence, /^Refused \(429 rate-limited\) by orders\/rate: limit\. /);
    assert.match(sentence, words);
    assert.deepEqual(by, { rule: 'limit', policy: 'orders/rate', file: null, line: null });
  }
});

test('codes of other versions, and refusals of no policy, are told as far as they are known', async () => {
  const other = await shown([intent({ problem: 'toString' as 'forbidden' })], KEPT);
  assert.match(other.row.reason?.sentence ?? '', /^Refused \(toString\) by orders\/permission: needs orders:read\.$/);
  const nobody = { api: null, operation: null, policy: null, rule: null, subject: null } as const;
  const lost = await shown([intent({ ...nobody, verdict: 'malformed', problem: 'not-found' })], KEPT);
  assert.match(lost.row.reason?.sentence ?? '', /^Refused \(404 not-found\): /);
  const passed = await shown([intent({ verdict: 'pass', problem: null, policy: null, rule: null })], err('unasked'));
  assert.deepEqual([passed.row.reason, passed.row.wouldRefuse], [null, []]);
});

test('who decided on a reply is told, unless the configuration was changed meanwhile', async () => {
  const begun = intent({ verdict: 'pass', problem: null, policy: null, rule: null });
  const { id } = begun;
  const ended: LedgerRecord = {
    ...{ version: 1, kind: 'completion', id, at: NOW_MS + 5, status: 429, upstreamStatus: 200, ...LIMITED },
    ...{ requestBytes: 0, responseBytes: 0, durationUs: 1, upstreamUs: null, grpcStatus: null, originalHash: null },
    ...{ cleaned: null, receivedHash: null, complete: true },
  };
  const change: LedgerRecord = {
    ...{ version: 1, kind: 'change', id: 'c', at: NOW_MS + 1, author: 'a', action: 'configuration.install' },
    ...{ target: 't', before: null, after: null },
  };
  const told = async (records: readonly LedgerRecord[]) => (await shown(records, KEPT)).row;
  assert.ok(Number((await told([begun, ended])).reason?.line) > 1);
  const across = (await told([begun, change, ended])).reason;
  assert.match(across?.sentence ?? '', /The configuration was changed while it was open\.$/);
  assert.equal(across?.line, null);
  const noted = await told([begun, { ...ended, observed: [LIMITED] }]);
  assert.deepEqual([noted.reason, noted.wouldRefuse.length], [null, 1]);
});
