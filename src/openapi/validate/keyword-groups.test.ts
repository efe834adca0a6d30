import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUP, groupsOf } from './keyword-groups.ts';
import { KEYWORDS } from './keyword-reader.ts';
import { compileValidator } from './validator.ts';

/** These are read from every schema. */
const ALWAYS_READ: ReadonlySet<string> = new Set(['type', 'pattern', 'required', 'nullable', 'readOnly', 'writeOnly']);

test('every keyword that is enforced belongs to a group, or is read from every schema', () => {
  for (const name of KEYWORDS) assert.equal(groupsOf({ [name]: 1 }) === 0, ALWAYS_READ.has(name), name);
});

test('a schema has the groups of all its keywords, and words that are none have no group', () => {
  assert.equal(groupsOf({ type: 'string', title: 'x', constructor: 1, 'x-minimum': 1 }), 0);
  assert.equal(groupsOf({ format: 'date', items: {} }), GROUP.number | GROUP.string | GROUP.inner);
  assert.equal(groupsOf({ dependencies: {} }), GROUP.object | GROUP.inner);
});

test('what is wrong with any keyword is told, also where it stands alone in its schema', () => {
  const takesText = new Set(['const', 'contentEncoding', 'format', 'pattern']);
  const others = new Set(['then', 'else', 'readOnly', 'writeOnly', 'additionalItems', 'nullable']);
  for (const name of KEYWORDS) {
    if (others.has(name)) continue;
    const document = { components: { schemas: { A: { [name]: 'x' } } } };
    const options = { direction: 'request', closed: true } as const;
    const found = compileValidator({ document, specification: '3.1' }, '/components/schemas/A', options);
    assert.equal(found.ok, takesText.has(name), name);
  }
});
