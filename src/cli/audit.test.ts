import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, type GrpcStatus, type LedgerRecord } from '../base/index.ts';
import type { Segments } from '../ports/index.ts';
import { FOLDER, NOW_MS, runIn, type Said, surroundings } from './fake-context.test.ts';
import { ledgerOf, MemorySegments } from './fake-ledger.test.ts';

const id = (n: number): string => `019a1b2c-3d4e-7f00-8000-${String(n).padStart(12, '0')}`;

function intent(n: number, more: Partial<Extract<LedgerRecord, { kind: 'intent' }>> = {}): LedgerRecord {
  const where = {
    api: 'orders',
    operation: 'orders/getOrder',
    method: 'GET',
    subject: 'Ab3dE6gH9jKl0123456789',
    address: '192.0.2.7',
  };
  const verdict = { verdict: 'pass', problem: null, policy: null, rule: null } as const;
  return { version: 1, kind: 'intent', id: id(n), at: NOW_MS - 60_000 + n, revision: 1, ...where, ...verdict, ...more };
}

function completion(n: number, status = 200, grpcStatus: GrpcStatus | null = null): LedgerRecord {
  const bytes = {
    requestBytes: 0,
    responseBytes: 220,
    durationUs: 12_345,
    upstreamUs: null,
    grpcStatus,
    originalHash: null,
    cleaned: null,
    receivedHash: null,
    policy: null,
    rule: null,
    complete: true,
  };
  return {
    version: 1,
    kind: 'completion',
    id: id(n),
    at: NOW_MS,
    status,
    upstreamStatus: null,
    problem: null,
    ...bytes,
  };
}

const DENIED = { verdict: 'deny', problem: 'forbidden', policy: 'orders/permission', rule: 'orders:read' } as const;

async function show(segments: Segments, ...more: string[]): Promise<Said> {
  const around = surroundings();
  around.ledger = (folder) => (assert.equal(folder, `${FOLDER}/.portcullis`), segments);
  return await runIn(around, 'audit', 'show', ...more);
}

test('a request and how it ended are one row, and the chain is told', async () => {
  const said = await show(await ledgerOf([intent(1), intent(2, DENIED), completion(2, 403), completion(1)]));
  assert.equal(said.code, 0, said.complaints);
  const [head = '', first = '', second = '', why = '', ...rest] = said.out.split('\n');
  assert.match(head, /^TIME +VERDICT +STATUS/);
  assert.match(
    first,
    /^2026-11-21T11:59:00\.001Z +pass +200 +GET orders\/getOrder +Ab3dE6gH9jKl0123456789 +192\.0\.2\.7 +12\.3 +019a1b2c/,
  );
  assert.match(second, /deny +403 +GET orders\/getOrder +forbidden orders\/permission orders:read/);
  const gone = 'Revision 1 is not kept any more.';
  assert.equal(why, `  Refused (403 forbidden) by orders/permission: orders:read. ${gone}`);
  assert.deepEqual(rest, ['', 'chain holds from 1 to 4', '']);
});

test('who decided on a reply is shown in the row of its request', async () => {
  const end = { ...completion(1, 502), problem: 'upstream-reply-invalid', policy: 'orders/openapi-response' } as const;
  const { out } = await show(await ledgerOf([intent(1), { ...end, rule: 'status' } as LedgerRecord]));
  assert.match(out, /pass +502 +GET orders\/getOrder +upstream-reply-invalid orders\/openapi-response status /);
});

test('who noted something is not shown as who ended the request for another reason', async () => {
  const noted = { ...intent(1, DENIED), verdict: 'observed' } as LedgerRecord;
  const ended = { ...completion(1, 502), problem: 'upstream-unreachable' } as LedgerRecord;
  const { out } = await show(await ledgerOf([noted, ended]));
  assert.match(out, /observed +502 +GET orders\/getOrder +upstream-unreachable +Ab3/);
});

test('a call of gRPC shows what it ended with', async () => {
  const ends = [completion(1, 200, 'NOT_FOUND'), completion(2, 0, 'CANCELLED')];
  const said = await show(await ledgerOf([intent(1), intent(2), ...ends]));
  assert.match(said.out, /pass +200 NOT_FOUND +GET[^]*pass +none CANCELLED +GET/);
  const told = JSON.parse((await show(await ledgerOf([intent(1), ...ends]), '--json')).out) as {
    readonly rows: readonly { readonly completion: { readonly grpcStatus: string } }[];
  };
  assert.equal(told.rows[0]?.completion.grpcStatus, 'NOT_FOUND');
});

test('a request that has not ended is open, and a change shows who made it and what it changed', async () => {
  const change = {
    version: 1,
    kind: 'change',
    id: id(9),
    at: NOW_MS,
    author: 'SIGHUP',
    action: 'configuration.install',
    target: 'portcullis.yaml',
    before: null,
    after: 'f'.repeat(64),
  } as const;
  const said = await show(await ledgerOf([intent(1), change]));
  assert.match(said.out, /pass +open/);
  assert.match(said.out, /change +configuration\.install portcullis\.yaml +none → f{12} +SIGHUP/);
});

test('a decision for another program shows what it was told, by what, of whom, and who asked', async () => {
  const said = {
    id: 'decision-7',
    revision: 3,
    code: 'forbidden',
    policy: 'orders/permission',
    rule: 'needs orders:read',
  };
  const decision = {
    version: 1,
    kind: 'change',
    id: id(9),
    at: NOW_MS,
    author: 'decision point',
    action: 'decision.deny',
    target: 'GET orders/getOrder',
    before: 'pseudonym',
    after: JSON.stringify(said),
  } as const;
  const { out } = await show(await ledgerOf([decision, { ...decision, id: id(10), after: 'cut' }]));
  assert.match(
    out,
    /deny +asked +GET orders\/getOrder +forbidden orders\/permission needs orders:read +pseudonym +decision point +decision-7/,
  );
  assert.match(out, /change +decision\.deny GET orders\/getOrder +pseudonym → cut/);
});

test('a sum of refusals shows how many, why and where from, and counts as refused', async () => {
  const sum = {
    version: 1,
    kind: 'change',
    id: id(9),
    at: NOW_MS,
    author: 'gateway',
    action: 'requests.refused',
    target: 'not-found',
    before: null,
    after: '5130 since 1795311909087: 192.0.2.7 5020, 2001:db8::/64 98, 192.0.2.8 5, 192.0.2.9 4, others 3',
  } as const;
  const segments = await ledgerOf([intent(1), sum, { ...sum, id: id(10), after: 'cut' }]);
  const { out } = await show(segments);
  assert.match(
    out,
    /refusals +5,130 requests +not-found +- +192\.0\.2\.7 5020, 2001:db8::\/64 98, 192\.0\.2\.8 5, others 7/,
  );
  assert.match(out, /change +requests\.refused not-found/);
  const said = await show(segments, '--denied', '--json');
  const { rows } = JSON.parse(said.out) as { rows: readonly unknown[] };
  const networks = [
    { network: '192.0.2.7', count: 5020 },
    { network: '2001:db8::/64', count: 98 },
    { network: '192.0.2.8', count: 5 },
    { network: '192.0.2.9', count: 4 },
  ];
  const numbers = { count: 5130, sinceMs: 1_795_311_909_087, others: 3 };
  const about = { sequence: 2, kind: 'refusals', id: id(9), at: NOW_MS, problem: 'not-found' };
  assert.deepEqual(rows, [{ ...about, ...numbers, networks }]);
});

test('rows are chosen by id, by refusal, by age and by number', async () => {
  const records = Array.from({ length: 30 }, (_, n) => [intent(n, n % 10 === 5 ? DENIED : {}), completion(n)]).flat();
  const segments = await ledgerOf(records);
  const ids = async (...more: string[]): Promise<number[]> => {
    const { out, code } = await show(segments, '--json', ...more);
    assert.equal(code, 0);
    const { rows } = JSON.parse(out) as { rows: { id: string; completion: object | null }[] };
    for (const { completion: ended } of rows) assert.notEqual(ended, null);
    return rows.map((row) => Number(row.id.slice(-2)));
  };
  assert.deepEqual(
    await ids(),
    Array.from({ length: 20 }, (_, n) => n + 10),
  );
  assert.deepEqual(await ids('--last', '2'), [28, 29]);
  assert.deepEqual(await ids('--denied'), [5, 15, 25]);
  assert.deepEqual(await ids('--denied', '--last=1'), [25]);
  assert.deepEqual(await ids('--request', id(7).toUpperCase()), [7]);
  assert.deepEqual(await ids('--request', id(99)), []);
  assert.deepEqual(
    await ids('--since', '59990ms'),
    Array.from({ length: 20 }, (_, n) => n + 10),
  );
  assert.deepEqual(await ids('--since', '30s'), []);
});

test('a broken chain is told, with exit code 1', async () => {
  const segments = await ledgerOf([intent(1), intent(2), intent(3)]);
  const [[name, bytes] = ['', Buffer.alloc(0)]] = segments.held;
  segments.held.set(name, Buffer.from(bytes.toString('latin1').replace('00000000002', '00000000007'), 'latin1'));
  const said = await show(segments);
  assert.equal(said.code, 1);
  assert.match(said.out, /the chain is broken in 000000000001\.log behind record 1: its hash does not fit/);
  const json = await show(segments, '--json');
  assert.equal(json.code, 1);
  assert.equal((JSON.parse(json.out) as { chain: { breaks: unknown[] } }).chain.breaks.length, 1);
});

test('hostile text in a record can not reach the terminal', async () => {
  const segments = await ledgerOf([intent(1, { method: '\x1b[31mGET\u202e\n', address: '\x07' })]);
  for (const more of [[], ['--json']]) {
    const { out } = await show(segments, ...more);
    assert.match(out, /^[\x20-\x7e\n→]*$/);
    assert.match(out, /\[31mGET/);
  }
});

test('no ledger, or one that can not be read, is exit code 2 and said', async () => {
  const none = await show(new MemorySegments());
  assert.deepEqual([none.code, none.out], [2, '']);
  assert.match(none.complaints, /there is no ledger in the data folder \.portcullis/);
  const segments = new MemorySegments();
  segments.list = () => Promise.resolve(err({ reason: 'forbidden', detail: 'not for you\x1b[0m' }));
  const unreadable = await show(segments);
  assert.equal(unreadable.code, 2);
  assert.match(unreadable.complaints, /the ledger can't be read: not for you\\u\{001b\}/);
});

test('arguments that make no sense are refused', async () => {
  const around = surroundings();
  for (const words of [
    ['prove'],
    [],
    ['show', '--last', '0'],
    ['show', '--last', '1e3'],
    ['show', '--last', '100001'],
    ['show', '--since', 'yesterday'],
    ['show', '--request', '7'],
    ['show', '--data', 'a', '--config', 'b'],
  ]) {
    const said = await runIn(around, 'audit', ...words);
    assert.deepEqual([said.code, said.out], [2, ''], words.join(' '));
    assert.match(said.complaints, /^portcullis: /);
  }
});

test('where the configuration is broken its data folder is found all the same', async () => {
  const segments = await ledgerOf([intent(1)]);
  const around = surroundings('version: 1\ndata: ./elsewhere\napis: nonsense\n');
  const folders: string[] = [];
  around.ledger = (folder) => (folders.push(folder), segments);
  assert.equal((await runIn(around, 'audit', 'show')).code, 0);
  assert.equal((await runIn(around, 'audit', 'show', '--data', '/srv/data')).code, 0);
  assert.deepEqual(folders, [`${FOLDER}/elsewhere`, '/srv/data']);
});
