import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { err, type LedgerRecord, ok, type OriginalEntry } from '../base/index.ts';
import { besideGateway, NOW_MS, runIn, type Said, surroundings } from './fake-context.test.ts';
import { ledgerOf, MemorySegments } from './fake-ledger.test.ts';

const ID = '019a1b2c-3d4e-7f00-8000-000000000007';

const KEPT = {
  ...{ status: 503, trace: 'java', fields: [['x-powered\u001b', 'by\u202e me']], whole: false, coded: false },
  body: 'Error: down\n\tat a.B.c(B.java:3)\u001b[2J',
};

function entryOf(text: string, id = ID): OriginalEntry {
  const hash = createHash('sha256').update(text).digest('hex');
  return { id, at: NOW_MS - 1_000, api: 'orders', operation: 'orders/getOrder', status: 503, text, hash };
}

const ENTRY = entryOf(JSON.stringify(KEPT));

function completion(originalHash: string | null, id = ID): LedgerRecord {
  const bytes = { requestBytes: 0, responseBytes: 220, durationUs: 12_345, upstreamUs: null, grpcStatus: null };
  const ended = {
    status: 503,
    upstreamStatus: 503,
    problem: null,
    originalHash,
    cleaned: null,
    receivedHash: null,
    policy: null,
    rule: null,
    complete: true,
  };
  return { version: 1, kind: 'completion', id, at: NOW_MS - 1_000, ...ended, ...bytes };
}

/** Runs `errors` beside a gateway that has these, and a ledger of these records. */
async function errors(
  {
    entries = [ENTRY],
    records = [],
    segments,
  }: { entries?: readonly OriginalEntry[]; records?: readonly LedgerRecord[]; segments?: MemorySegments },
  ...argv: readonly string[]
): Promise<Said> {
  const around = besideGateway({
    upstreamErrors: () => Promise.resolve(ok(entries.map(({ text: _text, ...summary }) => summary))),
    upstreamError: (id) => Promise.resolve(ok(entries.find((entry) => entry.id === id) ?? null)),
  });
  const ledger = segments ?? (await ledgerOf(records));
  around.ledger = () => ledger;
  return await runIn(around, 'errors', ...argv);
}

test('errors list tells each original in a row, or all in JSON, and none in words', async () => {
  const listed = await errors({}, 'list');
  assert.equal(listed.code, 0, listed.complaints);
  assert.match(listed.out, /^TIME +STATUS +OPERATION +ID\n2026-11-21T11:59:59\.000Z +503 +orders\/getOrder +019a1b2c-/);
  const told = JSON.parse((await errors({}, 'list', '--json')).out) as { readonly errors: readonly object[] };
  const { text: _text, ...summary } = ENTRY;
  assert.deepEqual(told, { errors: [summary] });
  assert.equal((await errors({ entries: [] }, 'list')).out, 'no error of an upstream is kept\n');
});

test('errors show prints status, fields and body, with nothing that a terminal obeys', async () => {
  const shown = await errors({ records: [completion(ENTRY.hash)] }, 'show', ID);
  assert.equal(shown.code, 0, shown.complaints);
  assert.deepEqual(shown.out.split('\n'), [
    `2026-11-21T11:59:59.000Z  orders/getOrder  request ${ID}`,
    'status 503, it shows its inside (java)',
    '',
    'x-powered\\u{001b}: by\\u{202e} me',
    '',
    'Error: down',
    '    at a.B.c(B.java:3)\\u{001b}[2J',
    '(more came, and is not kept)',
    '',
    'The ledger has the hash of this text.',
    '',
  ]);
});

test('a text is held against the hash that the ledger has of its request', async () => {
  const proofOf = async (records: readonly LedgerRecord[], entry = ENTRY): Promise<readonly unknown[]> => {
    const { code, out } = await errors({ entries: [entry], records }, 'show', ID, '--json');
    const told = JSON.parse(out) as Readonly<Record<string, unknown>>;
    assert.deepEqual(told['original'], JSON.parse(entry.text));
    return [code, told['ledger']];
  };
  assert.deepEqual(await proofOf([completion(ENTRY.hash)]), [0, 'proved']);
  assert.deepEqual(await proofOf([]), [0, 'not recorded']);
  assert.deepEqual(await proofOf([completion(null)]), [0, 'not recorded']);
  assert.deepEqual(await proofOf([completion(ENTRY.hash, ID.replace('7', '8'))]), [0, 'not recorded']);
  // The hash beside the text is no proof: whoever changes one changes the other.
  const changed = entryOf(JSON.stringify({ ...KEPT, body: 'all is well' }));
  assert.deepEqual(await proofOf([completion(ENTRY.hash)], changed), [1, 'differs']);
  const { out } = await errors({ entries: [changed], records: [completion(ENTRY.hash)] }, 'show', ID);
  assert.match(out, /\nThe ledger has another hash: this is not what was kept/);
});

test('where the ledger can’t be read nothing is said to be proved, and nothing not to be recorded', async () => {
  const unreadable = new MemorySegments();
  unreadable.list = () => Promise.resolve(err({ reason: 'forbidden', detail: 'no right' }));
  const { code, out } = await errors({ segments: unreadable }, 'show', ID);
  assert.deepEqual([code, out.split('\n').at(-2)?.slice(0, 24)], [1, "The ledger can't be read"]);
});

test('an id that a trusted proxy gave is found and proved as well', async () => {
  const id = 'Edge-7.A_b';
  const entry = { ...ENTRY, id };
  const shown = await errors({ entries: [entry], records: [completion(ENTRY.hash, id)] }, 'show', id);
  assert.deepEqual([shown.code, shown.out.includes('The ledger has the hash of this text.')], [0, true]);
  const twice = [completion(ENTRY.hash, id), completion('cd'.repeat(32), id)];
  assert.equal((await errors({ entries: [entry], records: twice }, 'show', id)).code, 0);
});

test('a body that was not kept, or not as this version writes it, is told in words', async () => {
  const coded = entryOf(JSON.stringify({ ...KEPT, body: '', coded: true }));
  assert.match((await errors({ entries: [coded] }, 'show', ID)).out, /\n\(its body came in a coding that could not/);
  for (const text of [
    '',
    '[]',
    'null',
    '{"body":1,"fields":[]}',
    '{"body":"","fields":[1]}',
    '{"body":"","fields":7}',
  ]) {
    const { code, out } = await errors({ entries: [entryOf(text)] }, 'show', ID);
    assert.deepEqual([code, out.includes('(it is kept in a form that this version can not read)')], [0, true], text);
  }
});

test('what is not kept is a finding, and so is a gateway that does not answer', async () => {
  const unknown = await errors({ entries: [] }, 'show', ID);
  assert.deepEqual([unknown.code, unknown.out], [1, '']);
  assert.match(unknown.complaints, /of the request 019a1b2c-[^ ]+ nothing is kept/);
  const around = besideGateway({ upstreamErrors: () => Promise.resolve(err('it is silent')) });
  const silent = await runIn(around, 'errors', 'list');
  assert.equal(silent.code, 1);
  assert.match(silent.complaints, /can't be asked: it is silent/);
});

test('arguments that are none are refused before anything is asked', async () => {
  for (const argv of [[], ['purge'], ['list', ID], ['show'], ['show', 'a/b'], ['show', '..'], ['show', ID, ID]]) {
    const around = surroundings();
    around.ledger = () => new MemorySegments();
    const { code, complaints } = await runIn(around, 'errors', ...argv);
    assert.equal(code, 2, complaints);
    assert.ok(!around.calls.some((call) => call.startsWith('admin')), argv.join(' '));
  }
});
