// No tests here: operations and requests for the tests of conditions. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../../../base/index.ts';
import { parseBody } from '../../../body/index.ts';
import { describeApi } from '../../../openapi/index.ts';
import { readExpression } from '../../../rules/text.ts';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import type { ConditionRule, ConditionsConfig } from './config.ts';
import orders from './golden/orders.openapi.json' with { type: 'json' };
import { createConditionsKind } from './kind.ts';

/** A request, of `putOrder` where nothing else is said. */
export interface Sent {
  readonly operation?: string;
  readonly anonymous?: boolean;
  readonly query?: string;
  readonly headers?: readonly (readonly string[])[];
  readonly type?: string;
  readonly body?: string;
}

const described = describeApi(orders, () => null);
assert.ok(described.ok);

/** The operations of the description beside this, by name, and a route that was written by hand. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ...described.value.operations.map((each): [string, Operation] => [each.id, operationOf(each.id, each.method, each)]),
  ['POST /plain/{id}', { ...operationOf('POST /plain/{id}', 'POST', null), template: '/plain/{id}' }],
]);

function operationOf(name: string, method: string, of: Operation['described']): Operation {
  return {
    id: `orders/${name}`,
    api: 'orders',
    name,
    method,
    template: of?.template ?? '',
    deprecated: false,
    described: of,
  };
}

/** Conditions as they are read. */
export function written(...texts: readonly (string | readonly [rule: string, message: string])[]): ConditionRule[] {
  return texts.map((given, index) => {
    const [text, message] = typeof given === 'string' ? [given, null] : given;
    const expression = readExpression(text);
    assert.ok(expression.ok, `${text}: ${expression.ok ? '' : expression.error.message}`);
    return { text, expression: expression.value, message, path: `rules[${index}]` };
  });
}

const SKUS = Buffer.from(JSON.stringify(['A1', 'A2']));
const VALUES: ConditionsConfig['values'] = {
  currencies: { kind: 'list', list: ['EUR', 'USD'] },
  sizes: { kind: 'list', list: [1, 2.5] },
  quantity: { kind: 'range', from: 1, to: 500 },
  skus: { kind: 'file', file: '/skus.txt', of: 'texts' },
};

function compiled(rules: readonly ConditionRule[], name: string, errors: 'plain' | 'helpful') {
  const operation = OPERATIONS.get(name) ?? assert.fail(name);
  const at = { name: 'orders/conditions', api: 'orders', operations: [operation] } as unknown as CompileAt;
  const got = {
    document: () => (operation.described === null ? null : orders),
    file: (path: string) => (path === '/skus.txt' ? SKUS : assert.fail(path)),
  } as unknown as Sources;
  return createConditionsKind().compile({ errors, operations: { [name]: rules }, values: VALUES }, at, got);
}

/** The steps of an operation with these conditions. */
export function stepsWith(
  rules: readonly ConditionRule[],
  name = 'putOrder',
  errors: 'plain' | 'helpful' = 'plain',
): Steps {
  const steps = compiled(rules, name, errors);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join('\n'));
  return [...steps.value.values()][0] ?? assert.fail('no steps');
}

/** What is wrong with these conditions, an issue a line. */
export function issuesWith(rules: readonly ConditionRule[], name = 'putOrder'): string {
  const steps = compiled(rules, name, 'plain');
  assert.ok(!steps.ok, 'nothing is wrong');
  return steps.error.map(formatIssue).join('\n');
}

/** A caller with the role `customer`, and a claim. */
const CALLER = {
  subject: 'ada',
  issuer: 'acme',
  roles: ['customer'],
  scopes: null,
  tenant: null,
  clientId: null,
  claims: { orders: [7, 8] },
};

/** How the gateway asks: the head first, then, where that passes, the rest. */
export function ask(steps: Steps, sent: Sent): Verdict {
  const step = steps.decide ?? assert.fail('no step');
  const exchange = exchangeOf(sent, step.reads.request);
  const said = step.head?.(exchange) ?? { kind: 'pass' };
  return said.kind === 'pass' ? (step.run(exchange) as Verdict) : said;
}

function exchangeOf(
  { anonymous, query, headers = [], type = 'application/json', body }: Sent,
  reads: string,
): Exchange {
  const all = (name: string): readonly string[] =>
    headers.flatMap(([given, value]) => (given === name ? [value as string] : []));
  const get = (name: string): string | null => (all(name).length === 0 ? null : all(name).join(', '));
  return {
    request: {
      method: 'POST',
      host: 'api.acme.example',
      path: '/orders/7',
      query: query ?? null,
      headers: { all, get },
    },
    params: { id: '7' },
    principal: anonymous === true ? null : CALLER,
    startedAtMs: Date.UTC(2026, 3, 1),
    body(use: string) {
      assert.equal(use, reads);
      const parsed = parseBody(type, Buffer.from(body ?? ''));
      assert.ok(parsed.ok);
      return parsed.value;
    },
  } as unknown as Exchange;
}
