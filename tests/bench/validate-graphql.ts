/**
 * What a request of GraphQL costs to judge, CPU µs for a body of 1 KB: from the bytes to the verdict, of a document that is new
 * and of one that was sent before; beside parsing and validation by graphql-js alone. Prints one line of JSON, `who → µs`.
 */
import { parse, specifiedRules, validate } from 'graphql';
import { parseBody } from '../../src/body/index.ts';
import { GraphqlJudge, readSchema, readSent } from '../../src/graphql/index.ts';
import { SHOP_SCHEMA } from '../system/graphql-server.ts';
import { shopBodyOf } from './bodies/shop-document.ts';
import { type Course, leastCost } from './least-cost.ts';

const read = readSchema(SHOP_SCHEMA);
if (!read.ok) throw new Error(read.error.message);
const schema = read.value;
const judge = new GraphqlJudge(schema, {
  bounds: { tokens: 5_000, depth: 10, aliases: 15, fields: 200, directives: 50 },
  cost: { limit: 1_000, object: 1, scalar: 0, list: 10, fields: {} },
  allowList: null,
  others: true,
  subscriptions: false,
  named: schema.roots,
});

function ours(at: number): boolean {
  const body = parseBody('application/json', shopBodyOf(at));
  const sent = body.ok && body.value.kind === 'json' ? readSent(body.value.value, 1) : null;
  if (sent === null || !sent.ok) return false;
  return judge.judge(sent.value, { readsOnly: false, mayIntrospect: false }).ok;
}

function theirs(at: number): boolean {
  const { query } = JSON.parse(shopBodyOf(at).toString()) as { readonly query: string };
  return validate(schema.schema, parse(query), specifiedRules).length === 0;
}

function judged(judges: (at: number) => boolean, atOf: (count: number) => number): Course {
  return (from) => {
    if (!judges(atOf(from))) throw new Error('the document is refused');
    return 1;
  };
}

const each = (count: number): number => count;
const same = (): number => 0;
console.log(
  JSON.stringify({
    graphql: await leastCost(judged(ours, each)),
    graphql_known: await leastCost(judged(ours, same)),
    graphql_js: await leastCost(judged(theirs, each)),
  }),
);
