import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeApi } from '../../../openapi/index.ts';
import type { Exchange, ReplyView, ResponseEditor, Slot } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { REPLACED_REPLY } from '../../replaced-reply.ts';
import type { ReplyVerdict } from '../../verdict.ts';
import type { ReplyRules } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import orders from './golden/orders.openapi.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createOpenapiResponseKind } from './kind.ts';
import { ToldDifferences } from './told-differences.ts';

/** One reply, what is said of it, and what is left of its body and its fields. */
interface Golden {
  readonly name: string;
  readonly operation?: string;
  readonly method?: string;
  readonly status?: number;
  readonly headers: readonly (readonly string[])[];
  readonly body?: string;
  readonly rules?: Partial<ReplyRules>;
  readonly verdict: string;
  readonly left?: string;
  readonly removed?: readonly string[];
}

interface Line {
  readonly message: string;
  readonly rule: unknown;
  readonly times: unknown;
}

const lines: Line[] = [];
let nowMs = 0;
const kind = createOpenapiResponseKind({
  clock: { now: () => nowMs, monotonic: () => nowMs },
  log: { write: (_level, _event, message, { rule, times } = {}) => void lines.push({ message, rule, times }) },
});

const USUAL: ReplyRules = { undescribed: 'drop', headers: 'pass' };

function stepsOf(rules: ReplyRules | null, document: unknown = orders): ReadonlyMap<string, Steps> {
  const described = describeApi(document, () => null);
  assert.ok(described.ok);
  const operations = described.value.operations.map(
    (operation) =>
      ({ id: `orders/${operation.id}`, api: 'orders', name: operation.id, described: operation }) as Operation,
  );
  const at = { name: 'orders/openapi-response', api: 'orders', operations } as unknown as CompileAt;
  const got = { document: () => document } as unknown as Sources;
  const steps = kind.compile({ rules, operations: {} }, at, got);
  assert.ok(steps.ok, steps.ok ? '' : JSON.stringify(steps.error));
  return steps.value;
}

/** How the gateway asks: the head first, then the body where that is wanted. */
function judged(golden: Omit<Golden, 'name' | 'verdict'>, replaced = false, document: unknown = orders) {
  const { operation = 'getOrder', status = 200, body = '', headers: given, rules = {} } = golden;
  const step = stepsOf({ ...USUAL, ...rules }, document).get(`orders/${operation}`)?.respond ?? assert.fail('no step');
  const framed = body === '' ? given : [...given, ['content-length', String(Buffer.byteLength(body))]];
  const all = (name: string) => framed.flatMap(([known, value]) => (known === name ? [value as string] : []));
  const get = (name: string) => (all(name).length === 0 ? null : all(name).join(', '));
  const headers = { all, get, has: (name: string) => get(name) !== null, entries: () => framed.values() };
  const slot = (wanted: Slot<unknown>) => (wanted === REPLACED_REPLY ? { value: replaced } : wanted.initial());
  const exchange = { id: 'r1', operation: { id: operation }, request: { method: golden.method ?? 'GET' }, slot };
  const left: { body: string; removed: string[] } = { body, removed: [] };
  const editor = {
    removeHeader: (name: string) => void left.removed.push(name),
    replaceBody: (bytes: Uint8Array) => void (left.body = Buffer.from(bytes).toString()),
  } as unknown as ResponseEditor;
  const reply = { status, headers, source: 'upstream', body: () => Buffer.from(body) } as unknown as ReplyView;
  const first = step.replyHead?.(exchange as unknown as Exchange, reply, editor) ?? assert.fail('no head');
  const reads = step.concerns?.(exchange as unknown as Exchange, reply) ?? assert.fail('it concerns all');
  if (first.kind !== 'pass' || !reads) return { verdict: first, left, reads };
  return { verdict: step.run(exchange as unknown as Exchange, reply, editor) as ReplyVerdict, left, reads };
}

function wordsOf(verdict: ReplyVerdict): string {
  if (verdict.kind !== 'deny' && verdict.kind !== 'note') return verdict.kind;
  const { problem, rule } = verdict;
  assert.deepEqual(Object.keys(problem).toSorted(), ['code', 'internal']);
  return `${verdict.kind === 'note' ? 'note ' : ''}${problem.code} ${rule}`;
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      const { verdict, left } = judged(golden);
      assert.equal(wordsOf(verdict), golden.verdict);
      assert.equal(left.body, golden.left ?? golden.body ?? '');
      if (golden.removed !== undefined) assert.deepEqual(left.removed, golden.removed);
    });
  }
}

const JSON_TYPE = ['content-type', 'application/json'] as const;
const TOTAL = ['x-total', '1'] as const;

test('a reply of XML may have more elements than a request', () => {
  const headers = [['content-type', 'application/xml'], TOTAL];
  const page = (count: number): string => `<Order><id>1</id><free>${'<a/>'.repeat(count)}</free></Order>`;
  assert.equal(wordsOf(judged({ headers, body: page(20_000) }).verdict), 'pass');
  assert.equal(wordsOf(judged({ headers, body: page(250_000) }).verdict), 'upstream-reply-invalid body.malformed');
});

test('only bodies of which the description asks something are collected', () => {
  const reads = (golden: Omit<Golden, 'name' | 'verdict'>): boolean => judged(golden).reads;
  assert.ok(reads({ headers: [JSON_TYPE, TOTAL], body: '{}' }));
  assert.ok(reads({ headers: [JSON_TYPE, TOTAL], method: 'HEAD' }));
  assert.ok(reads({ headers: [['content-type', 'image/png'], TOTAL], body: 'x' }));
  for (const more of [
    [],
    [['content-length', String(1024 * 1024 + 1)]],
    [
      ['content-length', '9'],
      ['content-encoding', 'gzip'],
    ],
    [
      ['content-length', '9'],
      ['content-range', 'bytes 0-8/10'],
    ],
  ]) {
    assert.ok(!reads({ headers: [['content-type', 'image/png'], TOTAL, ...more] }), JSON.stringify(more));
  }
  const head = [['content-type', 'image/png'], TOTAL, ['content-length', '9']] as const;
  assert.ok(!reads({ headers: head, method: 'HEAD' }));
  assert.ok(!reads({ headers: [['content-type', 'text/html'], TOTAL], body: 'x' }));
  assert.ok(!reads({ headers: [['content-type', 'application/yaml'], TOTAL], body: 'x' }));
  assert.ok(!reads({ headers: [['content-length', '0']], status: 404 }));
  assert.ok(reads({ headers: [], status: 404 }));
  assert.ok(!reads({ headers: [], status: 404, method: 'HEAD' }));
});

test('trailers stay behind, and early hints where header fields must be described', () => {
  const withheld = (rules: ReplyRules) => stepsOf(rules).get('orders/getOrder')?.respond?.withholds;
  assert.deepEqual(withheld(USUAL), ['trailers']);
  assert.deepEqual(withheld({ ...USUAL, headers: 'described' }), ['hints', 'trailers']);
});

test('what another policy has put in the place of a reply is not judged', () => {
  assert.equal(judged({ headers: [], status: 599, body: 'x' }, true).verdict.kind, 'pass');
});

test('what the gateway says itself is not looked at', () => {
  const step = stepsOf(USUAL).get('orders/getOrder')?.respond;
  const get = (name: string) => (name === 'content-type' ? 'application/json' : name === 'x-total' ? '1' : null);
  const headers = { get, all: (name: string) => get(name) ?? [], has: () => false };
  const exchange = { request: { method: 'GET' }, slot: (wanted: Slot<unknown>) => wanted.initial() };
  const isAbout = (source: string) =>
    step?.concerns?.(exchange as unknown as Exchange, { status: 200, headers, source } as unknown as ReplyView);
  assert.deepEqual([isAbout('upstream'), isAbout('gateway')], [true, false]);
});

test('where replies are not judged there is no step, and no description that holds', () => {
  assert.deepEqual(stepsOf(null).get('orders/getOrder'), {});
});

test('replies of which none is read are rare, so that parts and codings may be asked for', () => {
  const content = {
    'image/png': { schema: { type: 'string', format: 'binary' } },
    'text/csv': { schema: { type: 'string' } },
  };
  const document = (more: object) => ({
    ...{ openapi: '3.1.0', info: { title: 'a', version: '1' } },
    paths: { '/f': { get: { operationId: 'f', responses: { 200: { description: '', content }, ...more } } } },
  });
  assert.equal(stepsOf(USUAL, document({ 404: { description: '' } })).get('orders/f')?.respond?.rare, true);
  const problem = { 'application/problem+json': { schema: { type: 'object', properties: {} } } };
  const read = document({ 404: { description: '', content: problem } });
  assert.notEqual(stepsOf(USUAL, read).get('orders/f')?.respond?.rare, true);
});

test('what would not hold without what goes does not leave at all', () => {
  const schema = { type: 'object', properties: { a: {} }, minProperties: 2 };
  const responses = { 200: { description: '', content: { 'application/json': { schema } } } };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'a', version: '1' } },
    paths: { '/f': { get: { operationId: 'getOrder', responses } } },
  };
  const { verdict, left } = judged({ headers: [JSON_TYPE], body: '{"a":1,"x":1}' }, false, document);
  assert.equal(wordsOf(verdict), 'upstream-reply-invalid body');
  assert.equal(left.body, '{"a":1,"x":1}');
});

test('a list may have more properties than a request, and a long name makes no long rule', () => {
  const name = 'n'.repeat(300);
  const inner = { type: 'object', properties: { a: { type: 'integer' } } };
  const schema = { type: 'object', properties: { [name]: inner, list: { type: 'array', items: inner } } };
  const responses = { 200: { description: '', content: { 'application/json': { schema } } } };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'a', version: '1' } },
    paths: { '/f': { get: { operationId: 'getOrder', responses } } },
  };
  const list = (length: number): string => JSON.stringify({ list: Array.from({ length }, () => ({ a: 1 })) });
  assert.equal(judged({ headers: [JSON_TYPE], body: list(200_000) }, false, document).verdict.kind, 'pass');
  const more = judged({ headers: [JSON_TYPE], body: list(250_000) }, false, document);
  assert.equal(wordsOf(more.verdict), 'upstream-reply-invalid body.malformed');
  const { verdict } = judged({ headers: [JSON_TYPE], body: JSON.stringify({ [name]: { a: 'x' } }) }, false, document);
  assert.equal(
    wordsOf(verdict),
    `upstream-reply-invalid body#/${name}`.slice(0, 'upstream-reply-invalid '.length + 200),
  );
});

test('each difference is told once a minute, with how often it came', () => {
  nowMs += 120_000;
  lines.length = 0;
  const differs = { headers: [JSON_TYPE, TOTAL], body: '{"id":1,"x":1}', rules: { undescribed: 'refuse' } } as const;
  for (let times = 0; times < 5; times++) judged(differs);
  judged({ ...differs, body: '{"id":1,"owner":{"x":1}}' });
  nowMs += 60_000;
  judged(differs);
  const message = 'a reply is not as described, and was refused';
  assert.deepEqual(lines, [
    { message, rule: 'body.undescribed', times: 2 },
    { message, rule: 'body.undescribed#/owner', times: 1 },
    { message, rule: 'body.undescribed', times: 5 },
  ]);
});

test('of differences without number a thousand are told in a minute', () => {
  nowMs += 120_000;
  lines.length = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const log = {
    write: (_level: unknown, _event: unknown, message: string) => void lines.push({ message, rule: '', times: 1 }),
  };
  const differences = new ToldDifferences({ clock, log });
  const exchange = { id: 'r1', operation: { id: 'a/b' } } as unknown as Exchange;
  const tell = (index: number): void =>
    differences.tell(exchange, { problem: { code: 'upstream-reply-invalid' }, rule: `body#/${index}` }, 'refused');
  for (let index = 0; index < 2_000; index++) tell(index);
  assert.equal(lines.length, 1_000);
  nowMs += 60_000;
  for (let index = 1_500; index < 4_000; index++) tell(index);
  assert.equal(lines.length, 2_000);
});
