import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { problemBody } from '../../../base/index.ts';
import type { Verdict } from '../../verdict.ts';
import { ask, issuesWith, type Lists, stepsWith } from './fixtures.test.ts';

const LISTS: Lists = { default: ['amount', 'customer.name'], support: ['status'] };

function denied(verdict: Verdict): Extract<Verdict, { kind: 'deny' }> {
  assert.ok(verdict.kind === 'deny');
  return verdict;
}

test('a helpful refusal names the places of up to ten fields, and no value', () => {
  const body = JSON.stringify({ amount: 1, role: 'hunter2', customer: { 'a/b': 'hunter2' }, 'ü"#': 'hunter2' });
  const { problem } = denied(ask(stepsWith(LISTS, 'PATCH /x', 'helpful'), { body }));
  assert.deepEqual(
    problem.errors?.map(({ pointer }) => pointer),
    ['#/role', '#/customer/a~1b', '#/%C3%BC%22%23'],
  );
  assert.doesNotMatch(problemBody(problem, 'id'), /hunter2/);
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`x${at}`, 1])));
  const told = denied(ask(stepsWith(LISTS, 'PATCH /x', 'helpful'), { body: many })).problem.errors;
  assert.equal(told?.length, 10);
});

test('a plain refusal names nothing, and a record nothing that a client made up', () => {
  const { problem, rule } = denied(ask(stepsWith(LISTS), { body: '{"customer":{"hunter2":1}}' }));
  assert.equal(problem.errors, undefined);
  assert.equal(problem.code, 'field-not-allowed');
  assert.equal(rule, 'orders.x.accepts#/customer');
  assert.doesNotMatch(`${rule} ${problem.internal}`, /hunter2/);
});

test('a body of a type without fields is refused before it is collected, but of whom all is taken', () => {
  const lists = { default: ['amount'], admin: ['*'] };
  const step = stepsWith(lists).decide ?? assert.fail();
  const exchange = (type: string, roles: readonly string[]) =>
    ({
      principal: { roles },
      request: { headers: { get: (name: string) => (name === 'content-type' ? type : '5') } },
    }) as never;
  assert.equal(step.head?.(exchange('text/plain', [])).kind, 'deny');
  assert.equal(step.head?.(exchange('text/plain', ['admin'])).kind, 'pass');
  assert.equal(step.head?.(exchange('application/json', [])).kind, 'pass');
});

test('a field that the description does not have is an issue with a suggestion', () => {
  assert.deepEqual(issuesWith({ default: ['amont'], support: ['customer.nme', 'items.sku'] }, 'createOrder'), [
    'accepts.default[0]: the description has no field "amont" (did you mean "amount"?)',
    'accepts.support[0]: the description has no field "nme" below "customer" (did you mean "name"?)',
  ]);
  assert.deepEqual(issuesWith({ default: ['amount', 'items.sku'] }, 'patchOrder'), []);
  assert.match(issuesWith({ default: ['op'] }, 'patchOrder')[0] ?? '', /no field "op"/);
});

test('lists of what has no body, or none with fields, do not compile', () => {
  const lists = { default: ['amount'] };
  assert.match(issuesWith(lists, 'GET /x')[0] ?? '', /^accepts: a GET has no body here/);
  assert.match(issuesWith(lists, 'listOrders')[0] ?? '', /^accepts: a GET has no body here/);
  assert.match(issuesWith(lists, 'query.x')[0] ?? '', /GraphQL has no body of its own/);
  assert.match(issuesWith(lists, 'uploadOrder')[0] ?? '', /can’t be told from application\/pdf, text\/plain/);
  assert.match(issuesWith({ default: [], nobody: ['amount'] }, 'PATCH /x')[0] ?? '', /no role called "nobody"/);
});

const NAME = fc.constantFrom('amount', 'customer', 'name', 'status', 'role', '__proto__', '0');
const { value: VALUE } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(1, null, 'x', true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(NAME, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}));

/** Every path to something that is no object or list, with lists gone through. */
function leaves(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (typeof value !== 'object' || value === null) return [''];
  return Object.entries(value).flatMap(([name, below]) => leaves(below).map((path) => `${name}.${path}`));
}

test('for all bodies those pass whose every value lies below a listed field', () => {
  const steps = stepsWith(LISTS);
  fc.assert(
    fc.property(VALUE, fc.constantFrom([], ['support']), (value, roles) => {
      const listed = ['amount.', 'customer.name.', ...(roles.length > 0 ? ['status.'] : [])];
      const expected = leaves(value).every((path) => listed.some((field) => path.startsWith(field)));
      const empty = deepEmpty(value, listed);
      const verdict = ask(steps, { body: JSON.stringify(value), roles });
      if (expected && empty) assert.equal(verdict.kind, 'pass', JSON.stringify(value));
      if (!expected) assert.equal(verdict.kind, 'deny', JSON.stringify(value));
    }),
    { numRuns: 2_000 },
  );
});

/** Whether no object without members stands where nothing is listed: it sets nothing, and is refused by its name. */
function deepEmpty(value: unknown, listed: readonly string[], at = ''): boolean {
  if (Array.isArray(value)) return value.every((each) => deepEmpty(each, listed, at));
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, below]) => {
    const path = `${at}${name}.`;
    return listed.some((field) => field.startsWith(path) || path.startsWith(field)) && deepEmpty(below, listed, path);
  });
}

test('where all but some may be set, a name that is too long to be compared is refused', () => {
  const lists = { default: ['*', '-role'] };
  const named = (name: string): string => ask(stepsWith(lists), { body: JSON.stringify({ [name]: 1 }) }).kind;
  assert.equal(named('a'.repeat(128)), 'pass');
  assert.equal(named('a'.repeat(129)), 'deny');
  assert.equal(named(`a${'\u0301'.repeat(30)}`), 'pass');
  assert.equal(named(`a${'\u0301'.repeat(31)}`), 'deny');
  assert.equal(named(`a${'\u0301\u0323'.repeat(100_000)}`), 'deny');
});
