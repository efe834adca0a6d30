import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseBody } from '../../../body/index.ts';
import { ASKED_OPERATIONS } from '../../asked-operations.ts';
import type { Exchange, Slot } from '../../exchange.ts';
import type { CompileAt, Sources, Step } from '../../kind.ts';
import type { Verdict } from '../../verdict.ts';
import type { GraphqlConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { SHOP_SCHEMA } from './fixture.test.ts';
import { createGraphqlKind } from './kind.ts';

/** One request, and what becomes of it: `pass` with what it asks for, or the code and rule of its refusal. */
interface Golden {
  readonly name: string;
  readonly method?: string;
  /** The query of its URL. */
  readonly target?: string;
  readonly type?: string;
  readonly body?: string;
  readonly roles?: readonly string[];
  readonly verdict: string;
}

const LISTED = 'query Listed { me { name } }';
const HASH = createHash('sha256').update(LISTED).digest('hex');

const CONFIG: GraphqlConfig = {
  rules: {
    schema: '/schema.graphql',
    bounds: { tokens: 5_000, depth: 10, aliases: 15, fields: 200, directives: 50 },
    cost: { limit: 1_000, object: 1, scalar: 0, list: 10, fields: {} },
    batch: 1,
    introspection: ['developer'],
    operations: '/operations.json',
    only: null,
    subscriptions: 'refuse',
    errors: 'mask',
  },
  errors: 'plain',
  named: ['User.email'],
};

const FILES: Readonly<Record<string, Uint8Array>> = {
  '/schema.graphql': Buffer.from(SHOP_SCHEMA),
  '/operations.json': Buffer.from(JSON.stringify({ operations: [{ id: 'listed', body: LISTED }] })),
};

function stepFor(config: GraphqlConfig, method: string, files: typeof FILES): Step<'inspect'> {
  const operation = { id: `shop/${method}`, api: 'shop', name: `${method} /graphql`, method };
  const at = { name: 'shop/graphql', api: 'shop', operations: [operation] } as unknown as CompileAt;
  const got = { file: (path: string) => files[path] } as unknown as Sources;
  const compiled = createGraphqlKind().compile(config, at, got);
  assert.ok(compiled.ok);
  return compiled.value.get(operation.id)?.inspect ?? assert.fail('no step');
}

function ask(config: GraphqlConfig, sent: Golden, files = FILES): { readonly said: string; readonly verdict: Verdict } {
  const { method = 'POST', target = null, type = 'application/json', body = '', roles = [] } = sent;
  const step = stepFor(config, method, files);
  const bytes = Buffer.from(body.replace('LISTED', HASH));
  const slots = new Map<unknown, unknown>();
  const exchange = {
    request: { method, query: target, headers: { get: (name: string) => (name === 'content-type' ? type : null) } },
    principal: { roles },
    slot<T>(slot: Slot<T>): T {
      slots.set(slot, slots.get(slot) ?? slot.initial());
      return slots.get(slot) as T;
    },
    body: () => {
      const parsed = parseBody(type, bytes);
      assert.ok(parsed.ok);
      return parsed.value;
    },
  } as unknown as Exchange;
  const head = step.head?.(exchange) ?? { kind: 'pass' };
  const verdict = (head.kind === 'pass' ? step.run(exchange) : head) as Verdict;
  if (verdict.kind === 'deny') return { said: `${verdict.problem.code} ${verdict.rule}`, verdict };
  const asked = exchange.slot(ASKED_OPERATIONS).value ?? [];
  const words = asked.map(({ name, count }) => (count === 1 ? name : `${name} x${count}`));
  return { said: ['pass', ...words].join(' '), verdict };
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      assert.equal(ask(CONFIG, golden).said, golden.verdict);
    });
  }
}

const one = (query: string): Golden => ({ name: '', verdict: '', body: JSON.stringify({ query }) });

test('plain refusals say no more than that it is refused, helpful ones what is wrong, and none a guess', () => {
  const sent = one('{ me { nam } }');
  const plain = ask(CONFIG, sent).verdict;
  assert.ok(plain.kind === 'deny' && plain.problem.errors === undefined && plain.problem.detail === undefined);
  const helpful = ask({ ...CONFIG, errors: 'helpful' }, sent).verdict;
  assert.ok(helpful.kind === 'deny');
  assert.deepEqual(helpful.problem.errors, [{ detail: 'Cannot query field "nam" on type "User".' }]);
});

test('helpful words repeat of long names only the beginning', () => {
  const saidOf = (name: string): string => {
    const { verdict } = ask({ ...CONFIG, errors: 'helpful' }, one(`{ me { ${name} } }`));
    return verdict.kind === 'deny' ? (verdict.problem.errors?.[0]?.detail ?? '') : '';
  };
  assert.equal(saidOf('n'.repeat(200)).length, 237);
  assert.equal(saidOf('n'.repeat(100_000)).length, 300);
});

test('where only known documents are taken, others are refused, with and without their hash', () => {
  const config: GraphqlConfig = { ...CONFIG, rules: { ...CONFIG.rules, only: 'persisted' } };
  assert.equal(ask(config, one(LISTED)).said, 'pass Query.me');
  assert.equal(ask(config, one(`${LISTED} `)).said, 'graphql-forbidden operations');
  const body = JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } });
  assert.equal(ask(config, { ...one(''), body }).said, 'pass Query.me');
});

test('documents that are known are those of the files that are there now', () => {
  const config: GraphqlConfig = { ...CONFIG, rules: { ...CONFIG.rules, only: 'persisted' } };
  const later = { ...FILES, '/operations.json': Buffer.from(JSON.stringify({ one: '{ me { id } }' })) };
  assert.equal(ask(config, one(LISTED)).said, 'pass Query.me');
  assert.equal(ask(config, one(LISTED), later).said, 'graphql-forbidden operations');
  assert.equal(ask(config, one('{ me { id } }'), later).said, 'pass Query.me');
});

test('operations that are sent together are weighed together', () => {
  const config: GraphqlConfig = { ...CONFIG, rules: { ...CONFIG.rules, batch: 3 } };
  const asked = { query: '{ orders(first: 200) { edges { node { id } } } }' };
  const many = (count: number): Golden => ({ ...one(''), body: JSON.stringify(Array(count).fill(asked)) });
  assert.equal(ask(config, many(2)).said, 'pass Query.orders x2');
  assert.equal(ask(config, many(3)).said, 'graphql-too-complex cost');
  assert.equal(ask(config, many(4)).said, 'graphql-too-complex batch');
});
