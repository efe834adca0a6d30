import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function read(operation: string, { top = '', api = '' } = {}): Comparable {
  const text = `version: 1
${top}
issuers: { acme: { issuer: https://id.example, audience: a } }
roles: { support: { can: ['a:b'] } }
apis:
  orders:
    routes: ['GET /orders/{id}']
    upstream: http://127.0.0.1:3001
    auth: [acme]
    ${api}
    operations: { 'GET /orders/{id}': { ${operation} } }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

function changes(before: Comparable, after: Comparable): readonly string[] {
  return diffConfigurations(before, after).map(({ effect, operation, about, message }) => {
    assert.equal(about, 'authorization');
    return `${effect} ${operation === null ? 'all' : 'one'}: ${message}`;
  });
}

/** The changes one way, and the effects the other way. */
function both(before: string, after: string): readonly [told: readonly string[], back: string] {
  const [was, is] = [read(before), read(after)];
  const back = changes(is, was).map((told) => told.slice(0, told.indexOf(' ')));
  return [changes(was, is), back.join(' ')];
}

test('what has not changed is not told, wherever it stands', () => {
  const all = `when: 'params.id == "1"', object: 'params.id == principal.subject', fields: { default: [id] }, accepts: { default: [id] }, observe: [fields]`;
  assert.deepEqual(changes(read(all), read(all, { top: '# moved\n' })), []);
});

test('a rule that denies tightens, one that is gone loosens, and one that only observes changes nothing that is reached', () => {
  const rule = (more: string): string => `deny: [{ id: late, when: 'now.getHours() > 18'${more} }]`;
  assert.deepEqual(both('', rule('')), [
    ['tightens one: the rule late (deny where now.getHours() > 18) holds'],
    'loosens',
  ]);
  assert.deepEqual(both('', rule(', mode: observe')), [
    ['changes one: the rule late (deny where now.getHours() > 18) is new, and only observes'],
    'changes',
  ]);
  assert.deepEqual(both(rule(''), rule(', mode: observe')), [
    ['loosens one: the rule late (deny where now.getHours() > 18) only observes'],
    'tightens',
  ]);
  assert.deepEqual(both(rule(''), rule('').replace('18', '20')), [
    ['changes one: the rule late (deny where now.getHours() > 20) stands in the place of now.getHours() > 18'],
    'changes',
  ]);
});

test('rules of the gateway and of an API are told of once', () => {
  const rule = "deny: [{ id: late, when: 'now.getHours() > 18' }]";
  const told = ['tightens all: the rule late (deny where now.getHours() > 18) holds'];
  assert.deepEqual(changes(read(''), read('', { top: rule })), told);
  assert.deepEqual(changes(read(''), read('', { api: rule })), told);
});

test('a condition that is added before another is the only one that is told', () => {
  const one = `when: ['params.id == "1"']`;
  const two = `when: ['params.id != "2"', 'params.id == "1"']`;
  assert.deepEqual(both(one, two), [['tightens one: the condition params.id != "2" holds'], 'loosens']);
});

test('rules on objects tighten as they come, and what they say is judged by a person', () => {
  const own = `object: 'params.id == principal.subject'`;
  assert.deepEqual(both('', own), [
    ['tightens one: objects are reached where params.id == principal.subject'],
    'loosens',
  ]);
  assert.deepEqual(both(own, own.replace('subject', 'tenant')), [
    [
      'changes one: objects are reached where params.id == principal.tenant, no longer where params.id == principal.subject',
    ],
    'changes',
  ]);
  const asked = (more: string): string =>
    `object: { allow: owner.id == principal.subject, lookup: { url: 'https://o.example/{params.id}'${more} } }`;
  assert.deepEqual(both(asked(''), asked(', cache: 1m')), [
    ['loosens one: what https://o.example/{params.id} says of an object counts 60000 ms, no longer 5000 ms'],
    'tightens',
  ]);
  assert.deepEqual(both(asked(''), asked(', timeout: 1s')), [
    ['changes one: how https://o.example/{params.id} is asked whose an object is is said in another way'],
    'changes',
  ]);
  const elsewhere = asked('').replace('o.example', 'p.example');
  assert.deepEqual(both(asked(''), elsewhere)[0], [
    'changes one: whose an object is is asked at https://p.example/{params.id}, no longer at https://o.example/{params.id}',
  ]);
  assert.match(both(own, asked(''))[0].join(), /changes one: whose an object is is asked at https:\/\/o\.example/);
  const forbidden = `object: { allow: 'params.id == principal.subject', else: 403 }`;
  assert.deepEqual(both(own, forbidden), [
    ['changes one: what becomes of objects of others is said in another way'],
    'changes',
  ]);
});

test('a field that is added to a list loosens, one that is taken away of it tightens', () => {
  const fields = (lists: string): string => `fields: { ${lists} }`;
  assert.deepEqual(both('', fields('default: [id]')), [
    ['tightens one: only listed fields of replies are given'],
    'loosens',
  ]);
  assert.deepEqual(both(fields('default: [id]'), fields('default: [id, total], support: [customer.name]')), [
    ['loosens one: total is given to everybody', 'loosens one: customer.name is given to support'],
    'tightens tightens',
  ]);
  assert.deepEqual(both(fields("default: ['*']"), fields("default: ['*', -ssn]")), [
    ['tightens one: ssn is no longer given to everybody'],
    'loosens',
  ]);
  // Whoever had all has less, and what is below a field came with it.
  assert.deepEqual(both(fields("default: ['*']"), fields('default: [id]')), [
    ['tightens one: * is no longer given to everybody'],
    'loosens',
  ]);
  assert.deepEqual(both(fields('default: [customer]'), fields('default: [customer, customer.name]')), [[], '']);
  assert.deepEqual(both(fields('default: [customer, -customer.ssn]'), fields('default: [customer, customer.ssn]')), [
    ['loosens one: customer.ssn is given to everybody', 'loosens one: customer.ssn is given to everybody'],
    'tightens tightens',
  ]);
  assert.deepEqual(both('accepts: { default: [id] }', 'accepts: { default: [id, role] }'), [
    ['loosens one: role may be set by everybody'],
    'tightens',
  ]);
});

test('what only observes loosens', () => {
  const own = `object: 'params.id == principal.subject'`;
  assert.deepEqual(both(own, `${own}, observe: [object]`), [
    ['loosens one: `object` refuses nothing any more, and only observes'],
    'tightens',
  ]);
});

test('a field that is taken away by a longer or a shorter name is told once, by what comes of it', () => {
  const fields = (list: string): string => `fields: { default: [id], support: [${list}] }`;
  assert.deepEqual(both(fields("'*', -customer.ssn"), fields("'*', -customer")), [
    ['tightens one: customer is no longer given to support'],
    'loosens',
  ]);
  assert.deepEqual(both(fields("'*', -customer.ssn"), fields('name')), [
    ['tightens one: * is no longer given to support'],
    'loosens',
  ]);
  assert.deepEqual(both(fields("'*', -customer"), fields("'*'")), [
    ['loosens one: customer is given to support'],
    'tightens',
  ]);
});

test('what only observes changes nothing of what is reached as it comes or goes', () => {
  for (const [rule, key] of [
    ["object: 'params.id == principal.subject'", 'object'],
    ['fields: { default: [id] }', 'fields'],
    ['accepts: { default: [id] }', 'accepts'],
  ] as const) {
    const [told, back] = both('', `${rule}, observe: [${key}]`);
    assert.match(told.join(), /^changes one: [^,]*, which only observes$/);
    assert.equal(back, 'changes');
    assert.match(both('', rule)[0].join(), /^tightens/);
    assert.match(both(`${rule}, observe: [${key}]`, rule)[0].join(), /^tightens/);
  }
});
