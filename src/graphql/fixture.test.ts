// No tests here: what the tests of this room judge with. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import type { DocumentBounds } from './bounds.ts';
import { GraphqlJudge, type GraphqlRules } from './judge.ts';
import { type ReadSchema, readSchema } from './schema.ts';

/** A schema, which must be one. */
export function schemaOf(text: string): ReadSchema {
  const read = readSchema(text);
  assert.ok(read.ok, read.ok ? '' : JSON.stringify(read.error));
  return read.value;
}

/** Bounds that hardly any test meets. */
export const WIDE: DocumentBounds = { tokens: 5_000, depth: 50, aliases: 500, fields: 500, directives: 50 };

/** A judge that counts nothing but what is said. */
export function judgeOf(schema: ReadSchema, rules: Partial<GraphqlRules> = {}): GraphqlJudge {
  return new GraphqlJudge(schema, {
    bounds: WIDE,
    cost: null,
    allowList: null,
    others: true,
    subscriptions: true,
    named: schema.roots,
    ...rules,
  });
}

/** What it says of a document: `ok` with what is asked for, or the rule that refuses. */
export function saidOf(judge: GraphqlJudge, query: string, variables: object = {}): string {
  const sent = { query, operationName: null, variables: variables as Record<string, never>, hash: null };
  const asked = judge.judge([sent], { readsOnly: false, mayIntrospect: true });
  if (!asked.ok) return asked.error.rule;
  return ['ok', ...[...asked.value.fields].map(([name, count]) => (count === 1 ? name : `${name} x${count}`))].join(
    ' ',
  );
}
