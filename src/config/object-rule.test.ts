import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ObjectConfig, ObjectRule } from '../policy/index.ts';
import type { Config } from './config.ts';
import { objectWarnings } from './object-checks.ts';
import { parseConfig } from './parse.ts';

const OWN = 'response.ownerId == principal.subject';

function text(operation: string, auth = '[acme]'): string {
  return `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: a, algorithms: [ES256] } }
apis:
  shop:
    routes: ['GET /orders/{id}']
    upstream: http://127.0.0.1:3001
    auth: ${auth}
    operations:
      GET /orders/{id}:
        ${operation}
`;
}

function parse(operation: string, auth?: string) {
  return parseConfig(text(operation, auth), { file: '/etc/portcullis.yaml', kinds: [] });
}

function read(operation: string, auth?: string): Config {
  const parsed = parse(operation, auth);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

function complaints(operation: string, auth?: string): string {
  const parsed = parse(operation, auth);
  return parsed.ok ? 'none' : parsed.error.map(formatIssue).join('\n');
}

/** The rule, and how its policy is judged there. */
function ruleOf(operation: string): { readonly rule: ObjectRule; readonly mode: string | undefined } {
  const use = read(operation).apis[0]?.policies.find(({ kind }) => kind === 'object') ?? assert.fail('no policy');
  const rule = (use.config as ObjectConfig).operations['GET /orders/{id}'] ?? assert.fail('no rule');
  return { rule, mode: use.modes['GET /orders/{id}'] };
}

test('a rule is a condition, or says more: its list, its id, and what callers are told', () => {
  const { rule: plain } = ruleOf(`object: '${OWN}'`);
  assert.equal(plain.id, 'shop.GET /orders/{id}.object');
  assert.equal(plain.otherwise, 'not-found');
  assert.equal(plain.each, null);
  assert.equal(plain.observed, false);
  const { rule } = ruleOf(
    `object: { allow: 'item.a == principal.subject', id: own, else: 403, each: data.items, drop: [total, /page/next~1last] }`,
  );
  assert.equal(rule.id, 'own');
  assert.equal(rule.otherwise, 'forbidden');
  assert.deepEqual(rule.each, { names: ['data', 'items'], drop: [['total'], ['page', 'next/last']] });
  for (const whole of ["''", '/'])
    assert.deepEqual(ruleOf(`object: { allow: 'item.a == tenant', each: ${whole} }`).rule.each, {
      names: [],
      drop: [],
    });
});

test('a rule that observes says so to all who judge by it', () => {
  const { rule, mode } = ruleOf(`{ object: '${OWN}', observe: [object] }`);
  assert.equal(rule.observed, true);
  assert.equal(mode, 'observe');
});

test('what can’t be a rule is told with its place', () => {
  const told: readonly (readonly [string, RegExp, string?])[] = [
    ["object: 'a =='", /portcullis\.yaml:10:17 .*object: character 5: can't be read as CEL/],
    ['object: { each: items }', /object\.allow: expected a condition/],
    [`object: { allow: '${OWN}', else: 401 }`, /else/],
    [`object: { allow: '${OWN}', each: 'a..b' }`, /object\.each: expected the name of a field/],
    [`object: { allow: '${OWN}', each: '/a~2' }`, /object\.each: expected the name of a field/],
    [`object: { allow: '${OWN}', drop: [total] }`, /object\.drop: fields are dropped beside a list.*each: items/],
    [`object: { allow: '${OWN}', each: a.items, drop: [a] }`, /object\.drop: the list itself would be dropped/],
    [`object: { allow: '${OWN}', each: items, drop: [items] }`, /object\.drop: the list itself would be dropped/],
    [`object: { allow: '${OWN}', each: items, drop: [] }`, /at least one field/],
    [`object: { allow: '${OWN}', each: items, drop: [a, a] }`, /stands in the list already/],
    ['observe: [object]', /observe: there is no `object` here to observe/],
    [`object: '${OWN}'`, /anybody may call, so nobody is known here whose objects these are/, 'public'],
  ];
  for (const [operation, wanted, auth] of told) assert.match(complaints(operation, auth), wanted, operation);
});

test('a rule that names nothing of the caller is warned of, unless anybody may call', () => {
  const warned = (operation: string, auth?: string): string =>
    objectWarnings(read(operation, auth), {}).map(formatIssue).join('\n');
  assert.match(warned("object: 'response.isPublic'"), /names nothing of the caller, so it says the same for everybody/);
  assert.equal(warned("object: 'response.isPublic'", 'public'), '');
  assert.equal(warned(`object: '${OWN}'`), '');
  assert.equal(warned("object: 'response.tenant == tenant'"), '');
});
