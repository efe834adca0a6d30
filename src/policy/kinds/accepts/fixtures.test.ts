// No tests here: operations, lists and requests for the tests of `accepts`. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../../../base/index.ts';
import { parseBody } from '../../../body/index.ts';
import { describeApi } from '../../../openapi/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { FieldEntry, FieldRules } from '../../field-rules.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable } from '../../role-table.ts';
import type { Verdict } from '../../verdict.ts';
import orders from './golden/orders.openapi.json' with { type: 'json' };
import { createAcceptsKind } from './kind.ts';

/** Fields by role, as a configuration has them. */
export type Lists = Readonly<Record<string, readonly string[]>>;

/** A request with a body, of somebody with these roles; anonymous without any. */
export interface Sent {
  readonly roles?: readonly string[];
  readonly type?: string | null;
  readonly body: string;
}

const described = describeApi(orders, () => null);
assert.ok(described.ok);

function operationOf(name: string, method: string, of: Operation['described']): Operation {
  return { id: `orders/${name}`, api: 'orders', name, method, template: '/x', deprecated: false, described: of };
}

/** The operations of the description beside this, and some that were written by hand. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ...described.value.operations.map((each): [string, Operation] => [each.id, operationOf(each.id, each.method, each)]),
  ['PATCH /x', operationOf('PATCH /x', 'PATCH', null)],
  ['GET /x', operationOf('GET /x', 'GET', null)],
  ['query.x', { ...operationOf('query.x', 'POST', null), inBody: true }],
]);

const ROLES = createRoleTable(
  ['support', 'admin'].map((name) => ({ name, can: [], includes: name === 'admin' ? ['support'] : [] })),
  [],
);

/** Lists as they are read. */
export function rulesOf({ default: common = [], ...roles }: Lists): FieldRules {
  const entries = (role: string, texts: readonly string[]): readonly FieldEntry[] =>
    texts.map((written, index) => {
      const text = written.replace(/^[+-]/, '');
      const names = text.startsWith('/') ? text.slice(1).split('/') : text === '*' ? [] : text.split('.');
      const change = written.startsWith('-') ? 'remove' : 'add';
      return { change, text, names, path: `accepts.${role}[${index}]` };
    });
  const byRole = Object.entries(roles).map(([role, texts]) => [role, entries(role, texts)] as const);
  return {
    ...{ id: 'orders.x.accepts', default: entries('default', common), path: 'accepts' },
    roles: Object.fromEntries(byRole),
  };
}

function compiled(lists: Lists, name: string, errors: 'plain' | 'helpful') {
  const operation = OPERATIONS.get(name);
  assert.ok(operation !== undefined, name);
  const at = { name: 'accepts', api: 'orders', operations: [operation], roles: ROLES } as unknown as CompileAt;
  const got = { document: () => orders } as unknown as Sources;
  return createAcceptsKind().compile({ errors, operations: { [name]: rulesOf(lists) } }, at, got);
}

/** The steps of an operation, that without a description where none is named. */
export function stepsWith(lists: Lists, name = 'PATCH /x', errors: 'plain' | 'helpful' = 'plain'): Steps {
  const made = compiled(lists, name, errors);
  assert.ok(made.ok, made.ok ? '' : made.error.map(formatIssue).join('\n'));
  return made.value.get(`orders/${name}`) ?? assert.fail('no steps');
}

/** What is wrong with lists of an operation. */
export function issuesWith(lists: Lists, name: string): readonly string[] {
  const made = compiled(lists, name, 'plain');
  return made.ok ? [] : made.error.map(formatIssue);
}

/** How the gateway asks: the head first, then, where that passes, the rest. A body that can't be read never comes here. */
export function ask(steps: Steps, { roles, type = 'application/json', body }: Sent): Verdict {
  const step = steps.decide ?? assert.fail('no step');
  const headers = new Map([
    ['content-length', String(Buffer.byteLength(body))],
    ...(type === null ? [] : [['content-type', type] as const]),
  ]);
  const exchange = {
    request: { headers: { get: (name: string) => headers.get(name) ?? null } },
    principal: roles === undefined ? null : { roles },
    body(use: string) {
      assert.equal(use, step.reads.request);
      const parsed = parseBody(type ?? undefined, Buffer.from(body));
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.internal);
      return parsed.value;
    },
  } as unknown as Exchange;
  const said = step.head?.(exchange) ?? { kind: 'pass' };
  return said.kind === 'pass' ? (step.run(exchange) as Verdict) : said;
}
