import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { conditionWarnings } from './lint-conditions.ts';
import { roleWarnings } from './lint-roles.ts';
import { parseConfig } from './parse.ts';

const FILE = '/p.yaml';

function warnings(text: string, issuer = 'acme: { issuer: https://id.example, audience: a }'): readonly string[] {
  const parsed = parseConfig(
    `version: 1
issuers: { ${issuer} }
${text}`,
    { file: FILE, kinds: [] },
  );
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { config, places } = parsed.value;
  return [...roleWarnings(config, new Map(), places), ...conditionWarnings(config, places)].map(
    ({ severity, place, message, fix }) => {
      assert.equal(severity, 'warning');
      assert.ok(place !== null && fix !== null && fix !== undefined, message);
      return `${place.line}: ${message}`;
    },
  );
}

const api = (operation: string, needs: readonly string[] = ['a:read']): string => `apis:
  a:
    routes: [${needs.map((_each, at) => `'GET /${at}/{id}'`).join(', ')}]
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations:
${needs.map((need, at) => `      GET /${at}/{id}: { needs: '${need}'${at === 0 && operation !== '' ? `, ${operation}` : ''} }`).join('\n')}
`;

const READER = "roles: { reader: { can: ['a:read'] } }\n";

test('a configuration in order is told nothing of', () => {
  const text = `roles:
  reader: { can: ['a:read'] }
  writer: { includes: [reader], can: ['a:write'] }
${api(`when: 'params.id != "0" || "writer" in principal.roles', object: 'params.id == principal.subject'`, ['a:read', 'a:write'])}`;
  assert.deepEqual(warnings(text), []);
});

test('a permission that nothing needs, and a role that nothing asks for', () => {
  assert.deepEqual(warnings(`roles: { reader: { can: ['a:read', 'a:never'] }, idle: {} }\n${api('')}`), [
    '3: no operation needs a:never',
    '3: the role idle permits nothing, and nothing asks for it',
  ]);
  // Who is named in a condition or a list is for that.
  const named = api(`when: '"idle" in principal.roles'`);
  assert.deepEqual(warnings(`roles: { reader: { can: ['a:read'] }, idle: {} }\n${named}`), []);
  // One that a mapping gives may be asked for by an upstream.
  const mapped = 'acme: { issuer: https://id.example, audience: a, claims: { roles: { from: r, map: { X: idle } } } }';
  assert.deepEqual(warnings(`roles: { reader: { can: ['a:read'] }, idle: {} }\n${api('')}`, mapped), []);
  // Where nothing needs any, permissions may be for somebody else.
  assert.deepEqual(warnings(`roles: { reader: { can: ['a:never'] } }\n${api('').replace("needs: 'a:read'", '')}`), []);
});

test('roles that permit the same, all that another does, or all there is', () => {
  const needs = ['p:1', 'p:2', 'p:3', 'p:4'];
  const roles = (all: string): string => `roles:\n${all}\n${api('', needs)}`;
  assert.deepEqual(warnings(roles("  one: { can: ['p:1', 'p:2'] }\n  two: { can: ['p:2', 'p:1'] }")), [
    '5: the role two permits just what one does',
  ]);
  assert.deepEqual(warnings(roles("  one: { can: ['p:1', 'p:2'] }\n  two: { can: ['p:1', 'p:2', 'p:3'] }")), [
    '5: the role two permits all that one does, and does not include it',
  ]);
  assert.deepEqual(warnings(roles("  one: { can: ['p:1', 'p:2'] }\n  two: { includes: [one], can: ['p:3'] }")), []);
  assert.deepEqual(warnings(roles("  one: { can: ['p:1', 'p:2'] }\n  two: { includes: [one] }")), []);
  const many = Array.from({ length: 10 }, (_, at) => `p:${at}`);
  const all = `  all: { can: [${many.map((each) => `'${each}'`).join(', ')}] }`;
  assert.deepEqual(warnings(`roles:\n${all}\n${api('', many)}`), [
    '4: the role all may do all that there is: 10 permissions',
  ]);
});

test('roles that are asked for by their names are more than their permissions', () => {
  const roles =
    "roles:\n  one: { can: ['p:1', 'p:2'] }\n  two: { can: ['p:2', 'p:1'] }\n  three: { can: ['p:1', 'p:2', 'p:3'] }\n";
  const needs = ['p:1', 'p:2', 'p:3'];
  assert.equal(warnings(roles + api('', needs)).length, 2);
  for (const by of [
    `fields: { default: [id], two: [name], one: [note] }`,
    `deny: [{ id: late, when: "'one' in principal.roles || 'two' in principal.roles" }]`,
  ])
    assert.deepEqual(warnings(roles + api(by, needs)), []);
});

test('the same rule on other values is another one', () => {
  const values = (list: string): string => `values: { blocked: [${list}] }`;
  const rule = (id: string): string => `deny: [{ id: ${id}, when: 'params.id in values.blocked' }]`;
  const text = (own: string): string =>
    `${READER}${values('a')}\n${rule('first')}\n${api('').replace('    auth:', `    ${own}${rule('second')}\n    auth:`)}`;
  assert.deepEqual(warnings(text('')), ['10: this says what first says already']);
  assert.deepEqual(warnings(text(`${values('b')}\n    `)), []);
});

test('lists that leave everybody everything', () => {
  const fields = (list: string): string =>
    `${READER}${api(`fields: { default: [${list}] }, accepts: { default: [id] }`)}`;
  assert.deepEqual(warnings(fields("'*'")), ['10: everybody gets every field of the reply here: `default` holds `*`']);
  assert.deepEqual(warnings(fields("'*', -ssn")), []);
});

test('conditions that nothing meets, and such that ask nothing', () => {
  const of = (operation: string): readonly string[] => warnings(`${READER}${api(operation)}`);
  assert.deepEqual(of(`when: 'params.id == "1" && params.id == "2"'`), [
    '10: this can’t be true: the operation is refused to everybody',
  ]);
  assert.deepEqual(of(`rules: [{ rule: 'params.id in []', message: no }]`), [
    '10: this can’t be true: the operation is refused to everybody',
  ]);
  assert.deepEqual(of(`object: 'params.id == principal.subject && params.id != principal.subject && false'`), [
    '10: this can’t be true: nobody reaches an object',
  ]);
  assert.deepEqual(of(`when: 'params.id == "1" || true'`), ['10: this is always true, so it asks nothing']);
  assert.deepEqual(of(`deny: [{ id: all, when: '1 < 2' }]`), [
    '10: this is always true: every request is refused, and no other rule matters',
  ]);
  assert.deepEqual(of(`deny: [{ id: none, when: 'params.id == "1" && params.id != "1"' }]`), [
    '10: this can’t be true: it refuses nobody but whoever it can’t be worked out for',
  ]);
  assert.match(
    of(`when: 'params.id == "1" || params.id == "2" && params.id == "3"'`).join(),
    /^10: an alternative of this/,
  );
});

test('a role that nobody has is told where it is close to one that somebody has', () => {
  const text = (name: string): readonly string[] => warnings(`${READER}${api(`when: '"${name}" in principal.roles'`)}`);
  assert.deepEqual(text('raeder'), ['10: no role is called "raeder"']);
  assert.deepEqual(text('reader'), []);
  assert.deepEqual(text('somebody-elses-word'), []);
});

test('rules that are said twice, and such that only observe', () => {
  const rule = (id: string, more = ''): string => `deny: [{ id: ${id}, when: 'params.id == "1"'${more} }]`;
  assert.deepEqual(warnings(`${READER}${rule('first')}\n${api(rule('second'))}`), [
    '11: this says what first says already',
  ]);
  assert.deepEqual(warnings(`${READER}${api(rule('first', ', mode: observe'))}`), [
    '10: first only observes, without an end: it refuses nobody',
  ]);
});

test('of very many the first are told, and roles by the hundred are compared at once', () => {
  const roles = Array.from({ length: 1_000 }, (_, at) => `  r${at}: { can: ['p:${at}', 'q:${at}'] }`).join('\n');
  const told = warnings(`roles:\n${roles}\n${api('')}`);
  assert.equal(told.filter((each) => each.includes('no operation needs')).length, 20);
  assert.equal(told.length, 20);
});

test('permissions by the ten thousand are looked for in all that is said at once', () => {
  const can = (at: number): string => Array.from({ length: 50 }, (_, n) => `'p${at}:${n}'`).join(', ');
  const roles = Array.from({ length: 600 }, (_, at) => `  r${at}: { can: [${can(at)}] }`).join('\n');
  const long = `when: 'principal.subject == "${'q'.repeat(3_000)}" || principal.subject in ["p0:0"]'`;
  const told = warnings(`roles:\n${roles}\n${api(long)}`);
  assert.equal(told.filter((each) => each.includes('no operation needs')).length, 20);
  assert.ok(!told.some((each) => each.endsWith('needs p0:0')));
});
