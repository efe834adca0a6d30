import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemBody } from '../../../base/index.ts';
import { parseBody } from '../../../body/index.ts';
import { describeApi } from '../../../openapi/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import orders from './golden/orders.openapi.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createOpenapiRequestKind } from './kind.ts';

/** One request and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly operation: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: readonly (readonly string[])[];
  readonly body?: string;
  /** A body that is no text. */
  readonly base64?: string;
  readonly verdict: unknown;
}

const kind = createOpenapiRequestKind();

function operationsOf(document: unknown): readonly Operation[] {
  const described = describeApi(document, () => null);
  assert.ok(described.ok);
  return described.value.operations.map((operation) => ({
    id: `orders/${operation.id}`,
    api: 'orders',
    name: operation.id,
    method: operation.method,
    template: operation.template,
    deprecated: false,
    described: operation,
  }));
}

function compiled(
  document: unknown,
  errors: 'plain' | 'helpful' = 'plain',
  operations: readonly Operation[] = operationsOf(document),
): ReturnType<typeof kind.compile> {
  const at = { name: 'orders/openapi-request', api: 'orders', operations } as unknown as CompileAt;
  const got = { document: () => document } as unknown as Sources;
  return kind.compile({ errors }, at, got);
}

function stepsOf(document: unknown, errors: 'plain' | 'helpful' = 'plain'): ReadonlyMap<string, Steps> {
  const steps = compiled(document, errors);
  assert.ok(steps.ok, steps.ok ? '' : JSON.stringify(steps.error));
  return steps.value;
}

const plain = stepsOf(orders);
const helpful = stepsOf(orders, 'helpful');

/** How the gateway asks: the head first, then, where that passes, the rest. A body has a length unless it is in chunks. */
function ask(steps: ReadonlyMap<string, Steps>, sent: Omit<Golden, 'verdict' | 'name'>): Verdict {
  const step = steps.get(`orders/${sent.operation}`)?.inspect;
  assert.ok(step !== undefined);
  const exchange = exchangeOf(sent, step.reads.request);
  const said = step.head?.(exchange) ?? { kind: 'pass' };
  return said.kind === 'pass' ? (step.run(exchange) as Verdict) : said;
}

/** What the head alone is told. The body can't be read there. */
function askHead(sent: Omit<Golden, 'verdict' | 'name'>): unknown {
  const step = plain.get(`orders/${sent.operation}`)?.inspect;
  assert.ok(step?.head !== undefined);
  return shortOf(step.head(exchangeOf(sent, 'none')));
}

function exchangeOf(sent: Omit<Golden, 'verdict' | 'name'>, reads: string): Exchange {
  const given = (sent.headers ?? []) as readonly (readonly [string, string])[];
  const bytes = sent.base64 === undefined ? Buffer.from(sent.body ?? '') : Buffer.from(sent.base64, 'base64');
  const framed = (sent.body ?? sent.base64) === undefined || given.some(([name]) => name === 'transfer-encoding');
  const list = framed ? given : [...given, ['content-length', String(bytes.length)] as const];
  const all = (name: string): readonly string[] => list.filter(([given]) => given === name).map(([, value]) => value);
  const get = (name: string): string | null => (all(name).length === 0 ? null : all(name).join(', '));
  const body = (use: string): unknown => {
    assert.equal(use, reads);
    const parsed = parseBody(get('content-type') ?? undefined, bytes);
    assert.ok(parsed.ok);
    return parsed.value;
  };
  const request = { query: sent.query ?? null, headers: { all, get } };
  return { params: sent.params ?? {}, request, body } as unknown as Exchange;
}

function shortOf(verdict: Verdict): unknown {
  return verdict.kind === 'deny' ? { kind: 'deny', code: verdict.problem.code, rule: verdict.rule } : verdict;
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      assert.deepEqual(shortOf(ask(plain, golden)), golden.verdict);
      assert.deepEqual(shortOf(ask(helpful, golden)), golden.verdict);
    });
  }
}

test('plain refusals say no more than that the request differs', () => {
  for (const golden of [...refused, ...bypass] as readonly Golden[]) {
    const verdict = ask(plain, golden);
    assert.ok(verdict.kind === 'deny');
    assert.equal(verdict.problem.errors, undefined);
    assert.equal(verdict.problem.detail, undefined);
  }
});

test('helpful refusals name the parameter, or the place in the body', () => {
  const limit = ask(helpful, { operation: 'listOrders', query: 'limit=x&tags=old' });
  assert.ok(limit.kind === 'deny');
  assert.deepEqual(
    limit.problem.errors?.map(({ parameter }) => parameter),
    ['limit', 'tags'],
  );
  const headers = [['content-type', 'application/json']];
  const body = '{"item":"tea","lines":[{"sku":"AB"},{"sku":"x"}]}';
  const lines = ask(helpful, { operation: 'createOrder', headers, body });
  assert.ok(lines.kind === 'deny');
  assert.deepEqual(
    lines.problem.errors?.map(({ pointer }) => pointer),
    ['#/lines/1/sku'],
  );
  assert.match(problemBody(lines.problem, 'id'), /"pointer":"#\/lines\/1\/sku"/);
  const missing = ask(helpful, { operation: 'createOrder', headers });
  assert.ok(missing.kind === 'deny');
  assert.deepEqual(missing.problem.errors, [{ detail: 'a body is required', pointer: '#' }]);
});

test('no refusal repeats what was sent, neither to the client nor in the log', () => {
  const json = [['content-type', 'application/json']];
  const sent: readonly Omit<Golden, 'verdict' | 'name'>[] = [
    { operation: 'listOrders', query: 'limit=hunter2' },
    { operation: 'listOrders', query: 'hunter2=1' },
    { operation: 'listOrders', query: 'filter%5Bhunter2%5D=1' },
    { operation: 'listOrders', headers: [['cookie', 'theme=hunter2']] },
    { operation: 'listOrders', headers: [['x-depth', 'hunter2']] },
    { operation: 'deleteOrder', params: { id: 'hunter2' } },
    { operation: 'createOrder', headers: json, body: '{"item":"hunter2 hunter2 hunter2"}' },
    { operation: 'createOrder', headers: json, body: '{"item":"tea","hunter2":1}' },
    { operation: 'createOrder', headers: json, body: '{"item":"tea","labels":{"hunter2":"x"}}' },
    { operation: 'createOrder', headers: [['content-type', 'text/hunter2']], body: 'x' },
  ];
  for (const request of sent) {
    const verdict = ask(helpful, request);
    assert.equal(verdict.kind, 'deny');
    assert.equal(JSON.stringify(verdict).includes('hunter2'), false, JSON.stringify(verdict));
  }
});

test('a body is read only where there can be one', () => {
  assert.equal(plain.get('orders/listOrders')?.inspect?.reads.request, 'none');
  for (const name of ['createOrder', 'deleteOrder', 'putPhoto']) {
    assert.equal(plain.get(`orders/${name}`)?.inspect?.reads.request, 'parsed', name);
  }
});

test('a GET with a described body is held against it', () => {
  const requestBody = { required: true, content: { 'application/json': { schema: { type: 'integer' } } } };
  const get = { operationId: 'find', requestBody, responses: { 200: { description: 'fine' } } };
  const steps = stepsOf({ ...orders, paths: { '/a': { get } } });
  const headers = [['content-type', 'application/json']];
  assert.equal(ask(steps, { operation: 'find', headers, body: '5' }).kind, 'pass');
  assert.equal(ask(steps, { operation: 'find', headers, body: '"5"' }).kind, 'deny');
  assert.equal(ask(steps, { operation: 'find' }).kind, 'deny');
});

test('a pointer is written as a URI fragment', () => {
  const schema = { type: 'object', properties: { 'a#b c/%': { type: 'integer' } } };
  const post = { operationId: 'odd', requestBody: { content: { 'application/json': { schema } } } };
  const steps = stepsOf(
    { ...orders, paths: { '/a': { post: { ...post, responses: { 200: { description: '' } } } } } },
    'helpful',
  );
  const headers = [['content-type', 'application/json']];
  const verdict = ask(steps, { operation: 'odd', headers, body: '{"a#b c/%":"x"}' });
  assert.ok(verdict.kind === 'deny');
  assert.deepEqual(
    verdict.problem.errors?.map(({ pointer }) => pointer),
    ['#/a%23b%20c~1%25'],
  );
});

test('an operation without a description gets no step', () => {
  const operation = { ...(operationsOf(orders)[0] as Operation), described: null };
  const steps = compiled(null, 'plain', [operation]);
  assert.ok(steps.ok);
  assert.deepEqual(steps.value.get(operation.id), {});
});

test('many spellings of Accept are each judged the same', () => {
  for (let spelling = 0; spelling < 100; spelling++) {
    for (const [type, verdict] of [
      ['text/html', refusal('not-acceptable', 'accept')],
      ['application/json', { kind: 'pass' }],
    ] as const) {
      const headers = [['accept', `${type};level=1;q=0.${spelling % 10};v=${spelling}`]];
      const wanted = spelling % 10 === 0 ? refusal('not-acceptable', 'accept') : verdict;
      assert.deepEqual(shortOf(ask(plain, { operation: 'listOrders', headers })), wanted);
      assert.deepEqual(shortOf(ask(plain, { operation: 'listOrders', headers })), wanted);
    }
  }
});

test('all that cannot be enforced is told at once', () => {
  const bad = (): unknown => ({ type: 'string', pattern: '(?<=a)b' });
  const parameters = ['a', 'b'].map((name) => ({ name, in: 'query', schema: bad() }));
  const requestBody = { content: { 'application/json': { schema: bad() } } };
  const post = { parameters, requestBody, responses: { 200: { description: 'fine' } } };
  const steps = compiled({ ...orders, paths: { '/a': { post } } });
  assert.equal(steps.ok, false);
  assert.deepEqual(steps.ok ? [] : steps.error.map(({ path }) => path.replace(/\/pattern$/, '')), [
    '/paths/~1a/post/parameters/0/schema',
    '/paths/~1a/post/parameters/1/schema',
    '/paths/~1a/post/requestBody/content/application~1json/schema',
  ]);
});

test('many spellings of a content type are each read the same', () => {
  const body = '{"item":"tea"}';
  for (let spelling = 0; spelling < 100; spelling++) {
    const headers = [['content-type', `application/json; v=${spelling}`]];
    assert.equal(ask(plain, { operation: 'createOrder', headers, body }).kind, 'pass');
  }
});

const JSON_HEADERS = [['content-type', 'application/json']];
const refusal = (code: string, rule: string): unknown => ({ kind: 'deny', code, rule });

test('a head is enough to refuse a parameter, a content type, a coding, and a body where none is described', () => {
  const described = { operation: 'createOrder', headers: JSON_HEADERS, body: '{"item":"tea"}' };
  assert.deepEqual(askHead(described), { kind: 'pass' });
  assert.deepEqual(askHead({ ...described, query: 'debug=1' }), refusal('invalid-parameters', 'query.undescribed'));
  assert.deepEqual(
    askHead({ ...described, headers: [['content-type', 'text/plain']] }),
    refusal('unsupported-media-type', 'content-type'),
  );
  assert.deepEqual(askHead({ ...described, headers: [] }), refusal('unsupported-media-type', 'content-type'));
  assert.deepEqual(
    askHead({ ...described, headers: [...JSON_HEADERS, ['content-encoding', 'compress']] }),
    refusal('unsupported-media-type', 'content-encoding'),
  );
  // What it holds is known when it has been decoded.
  assert.deepEqual(askHead({ ...described, headers: [...JSON_HEADERS, ['content-encoding', 'gzip']] }), {
    kind: 'pass',
  });
});

test('a body in chunks is held to the type it names, and one without a type is waited for', () => {
  const chunked = [['transfer-encoding', 'chunked']];
  const odd = [...chunked, ['content-type', 'text/plain']];
  assert.deepEqual(
    askHead({ operation: 'createOrder', headers: odd, body: 'x' }),
    refusal('unsupported-media-type', 'content-type'),
  );
  assert.deepEqual(askHead({ operation: 'createOrder', headers: chunked }), { kind: 'pass' });
});

test('a body of no bytes is judged when that is known', () => {
  const none = { operation: 'createOrder', headers: [['content-type', 'text/plain']], body: '' };
  assert.deepEqual(askHead(none), { kind: 'pass' });
  assert.deepEqual(shortOf(ask(plain, none)), refusal('invalid-body', 'body.missing'));
});

test('what the head has judged is not judged again with the body', () => {
  const step = plain.get('orders/createOrder')?.inspect;
  const sent = { operation: 'createOrder', headers: JSON_HEADERS, body: '{"item":"tea"}', query: 'debug=1' };
  assert.ok(step !== undefined);
  assert.equal((step.run(exchangeOf(sent, 'parsed')) as Verdict).kind, 'pass');
});
