import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIssue } from '../../base/index.ts';
import type { FieldEntry, FieldRules } from '../field-rules.ts';
import type { Principal } from '../principal.ts';
import { createRoleTable } from '../role-table.ts';
import { ALL_FIELDS, compileFieldLists, type FieldLists, type FieldNode, NO_FIELDS, nodeAt } from './index.ts';

const TABLE = createRoleTable(
  [
    { name: 'support', can: [], includes: [] },
    { name: 'admin', can: [], includes: ['support'] },
    { name: 'auditor', can: [], includes: [] },
  ],
  [],
);

function entries(role: string, texts: readonly string[]): readonly FieldEntry[] {
  return texts.map((written, index) => {
    const text = written.replace(/^[+-]/, '');
    const change = written.startsWith('-') ? 'remove' : 'add';
    return { change, text, names: text === '*' ? [] : text.split('.'), path: `fields.${role}[${index}]` };
  });
}

function rulesOf({ default: common = [], ...roles }: Readonly<Record<string, readonly string[]>>): FieldRules {
  const byRole = Object.entries(roles).map(([role, texts]) => [role, entries(role, texts)] as const);
  return { id: 'a.b.fields', default: entries('default', common), roles: Object.fromEntries(byRole), path: 'fields' };
}

function listsOf(written: Readonly<Record<string, readonly string[]>>): FieldLists {
  const made = compileFieldLists(rulesOf(written), TABLE);
  assert.ok(made.ok, made.ok ? '' : made.error.map(formatIssue).join('\n'));
  return made.value;
}

function issuesOf(written: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const made = compileFieldLists(rulesOf(written), TABLE);
  return made.ok ? [] : made.error.map(formatIssue);
}

function caller(...roles: string[]): Principal {
  return { roles } as unknown as Principal;
}

/** Whether a value at this path passes, where it is no object. */
function passes(node: FieldNode, path: string): boolean {
  return nodeAt(node, path.split('.')).rest;
}

test('everybody has what `default` says, and each role adds its own, also one that is included', () => {
  const lists = listsOf({ default: ['id', 'status'], support: ['+customer.name'], admin: ['customer.mail'] });
  const of = (...roles: string[]): readonly string[] =>
    ['id', 'id.below', 'customer.name', 'customer.mail', 'other'].filter((path) =>
      passes(lists.of(caller(...roles)), path),
    );
  assert.deepEqual(of(), ['id', 'id.below']);
  assert.deepEqual(of('auditor', 'nobody'), ['id', 'id.below']);
  assert.deepEqual(of('support'), ['id', 'id.below', 'customer.name']);
  assert.deepEqual(of('admin'), ['id', 'id.below', 'customer.name', 'customer.mail']);
  assert.equal(lists.of(null), lists.everybody);
});

test('what a list takes away, it takes away of its own fields alone', () => {
  const lists = listsOf({ default: ['id'], support: ['*', '-customer.ssn'], auditor: ['customer.ssn'] });
  const support = lists.of(caller('support'));
  assert.ok(passes(support, 'customer.name') && passes(support, 'other') && passes(support, 'customer'));
  assert.ok(!passes(support, 'customer.ssn') && !passes(support, 'customer.ssn.last'));
  assert.equal(lists.of(caller('support', 'auditor')), ALL_FIELDS);
  assert.equal(listsOf({ default: [] }).of(caller('support')), NO_FIELDS);
});

test('a caller has the same node each time, and names that objects inherit are names like others', () => {
  const lists = listsOf({ default: ['id'], support: ['constructor.name'], admin: ['__proto__'] });
  assert.equal(lists.of(caller('support')), lists.of(caller('support')));
  assert.ok(!passes(lists.everybody, 'constructor.name'));
  assert.ok(passes(lists.of(caller('admin')), '__proto__') && !passes(lists.of(caller('support')), '__proto__'));
});

test('what can’t be meant is an issue', () => {
  assert.deepEqual(issuesOf({ default: ['id'], suport: ['name'] }), [
    'fields.suport: there is no role called "suport" (did you mean "support"?)',
  ]);
  assert.deepEqual(issuesOf({ default: ['customer'], support: ['customer.name', '*', '-customer.ssn'] }), [
    'fields.support[0]: everybody has it by `default` (take it out)',
    'fields.support[2]: everybody has it by `default`, and lists of roles only add to that (take it out)',
  ]);
  assert.deepEqual(issuesOf({ default: ['a', '-b', '-c.d', 'c.d.e'] }), [
    'fields.default[1]: the list adds nothing of it that could be taken away (take it out)',
    'fields.default[3]: the same list takes it away again (take it out)',
  ]);
});

const NAME = fc.constantFrom('a', 'b', 'c', '__proto__');
const PATH = fc.array(NAME, { minLength: 1, maxLength: 4 }).map((names) => names.join('.'));
const ENTRY = fc.tuple(fc.constantFrom('', '+', '-'), fc.oneof(PATH, fc.constant('*'))).map((parts) => parts.join(''));
const LIST = fc.array(ENTRY, { maxLength: 8 });

/** The meaning of a list, told for one path at a time. */
function naive(texts: readonly string[], path: string): boolean {
  const said = entries('x', texts).filter(({ names }) => names.every((name, at) => path.split('.')[at] === name));
  return said.length > 0 && said.every(({ change }) => change === 'add');
}

test('for all lists and paths a tree says what the lists say one by one', () => {
  fc.assert(
    fc.property(LIST, LIST, PATH, (common, support, path) => {
      const made = compileFieldLists(rulesOf({ default: common, support }), TABLE);
      if (!made.ok) return;
      assert.equal(passes(made.value.everybody, path), naive(common, path));
      assert.equal(passes(made.value.of(caller('admin')), path), naive(common, path) || naive(support, path));
    }),
    { numRuns: 3_000 },
  );
});
