import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFiledAs, outerName } from './outer-name.ts';

test('a field that is sent in parts is filed under the name before the first of them', () => {
  for (const name of [
    'role',
    'role[]',
    'role[0][name]',
    'role.name',
    'role[',
    ' role',
    '\u00a0role[]',
    '[role]',
    '[role][a]',
    '[role',
  ])
    assert.equal(outerName(name), 'role', name);
  for (const name of ['roles', 'role]', 'user[role]', 'user.role', '[user]role', '', '[]', '.role'])
    assert.notEqual(outerName(name), 'role', name);
});

test('only a field of another name makes one that nobody can tell', () => {
  assert.equal(isFiledAs('role', ['role', 'roles', 'user[role]']), false);
  assert.equal(isFiledAs('role', ['role', 'role[]']), true);
  assert.equal(isFiledAs('role[]', ['role[]', 'role']), false);
});
