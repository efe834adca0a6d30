import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Config } from './config.ts';
import { readDescription } from './description-document.ts';
import { ruleChanges, valuesChanges } from './diff-rules.ts';
import { parseConfig } from './parse.ts';
import { ruleWarnings, slipWarnings } from './rule-checks.ts';

const FILE = '/etc/portcullis/portcullis.yaml';

function text(rules: string, { values = '{}', auth = 'public', errors = 'plain' } = {}): string {
  return `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: a, algorithms: [ES256] } }
values: ${values}
apis:
  orders:
    routes: ['POST /orders']
    upstream: http://127.0.0.1:3001
    auth: ${auth}
    errors: ${errors}
    operations:
      POST /orders:
        rules: ${rules}
`;
}

function read(source: string): Config {
  const parsed = parseConfig(source, { file: FILE, kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

function complaints(source: string): string {
  const parsed = parseConfig(source, { file: FILE, kinds: [] });
  return parsed.ok ? 'none' : parsed.error.map(formatIssue).join('\n');
}

test('what can’t be read in a rule is told with the line of the rule and the place in it', () => {
  const told: readonly (readonly [string, RegExp])[] = [
    ["['request.body.a <']", /portcullis\.yaml:12:17 .*rules\[0\]: character 17: can't be read as CEL/],
    ["['a == 1', 'request.body.a == 5u']", /rules\[1\]: character 19: unsigned numbers/],
    ["['request.body.a == 9007199254740993']", /character 19: whole numbers go up to/],
    ['[\'request.body.a == b"x"\']', /bytes/],
    ['[\'request.body == {"a": 1}\']', /a map is written nowhere/],
    ["['request.body.?a == 1']", /can't be read/],
    ["['has(request)']", /`has` asks for a field/],
    ["['request.body.l.all(1, true)']", /macro|name of an element|can't be read/],
    ["['request.body.l.all(x)']", /takes the name of an element/],
    ["['request.body.l.all(a, a.all(b, b.all(c, c.all(d, d))))']", /more than 3 of all/],
    [`['${'('.repeat(100)}1${')'.repeat(100)} == 1']`, /too many/],
    [`['${'1 + '.repeat(600)}1 == 1']`, /too many/],
    [`['${'a'.repeat(5_000)} == 1']`, /longer than 4096/],
    ["['a == 1', 'a == 1']", /stands in the list already/],
    ['[]', /at least one condition/],
    ['request.body.a == 1', /expected a list/],
    ['[5]', /expected a condition/],
    ['[{ rule: a == 1 }]', /message: is missing/],
    ["[{ rule: a == 1, message: ' ' }]", /empty message/],
    ["['a == 1 ${env:X}']", /a reference is read only where/],
  ];
  for (const [rules, wanted] of told) assert.match(complaints(text(rules)), wanted, rules);
});

test('a rule is plain data, as it is sent to threads', () => {
  const config = read(text('[\'request.body.a.all(x, x.matches("a") || x in [1, 2.5, null])\']'));
  assert.deepEqual(structuredClone(config), config);
  const [use] = config.apis[0]?.policies.filter(({ kind }) => kind === 'conditions') ?? [];
  assert.deepEqual(JSON.parse(JSON.stringify(use?.config)), use?.config);
});

test('values are lists, files and ranges, and those of an API stand before those of the gateway', () => {
  const source = text("['request.body.a in values.a']", {
    values: '{ a: [1, x], b: ./b.txt, c: { file: c.json, of: numbers } }',
  });
  const config = read(source.replace('    errors:', '    values: { a: { from: 1, to: 2.5 } }\n    errors:'));
  const [use] = config.apis[0]?.policies.filter(({ kind }) => kind === 'conditions') ?? [];
  assert.ok(use !== undefined);
  assert.deepEqual((use.config as { readonly values: unknown }).values, {
    a: { kind: 'range', from: 1, to: 2.5 },
    b: { kind: 'file', file: '/etc/portcullis/b.txt', of: 'texts' },
    c: { kind: 'file', file: '/etc/portcullis/c.json', of: 'numbers' },
  });
  for (const [values, wanted] of [
    ['{ a: { from: 2, to: 1 } }', /ends before it begins/],
    ['{ a: [] }', /at least one value/],
    ['{ a: [9007199254740993] }', /stands for its neighbours too/],
    ['{ a: [.inf] }', /values\.a/],
    ['{ a: [1, 1] }', /stands in the list already/],
    ['{ a-b: [1] }', /letters, digits/],
    ['{ constructor: [1] }', /cannot be used/],
    ['{ a: 5 }', /expected a list, a file with one, or a range/],
    ['{ a: [[1]] }', /expected text or a number/],
  ] as const) {
    assert.match(complaints(text("['request.method in values.a']", { values })), wanted, values);
  }
});

test('messages are for clients of routes without a description too', () => {
  assert.equal(complaints(text('[{ rule: a == 1, message: m }]', { errors: 'helpful' })), 'none');
});

test('a rule on who calls is an issue where nobody is ever known', () => {
  assert.match(complaints(text('[\'principal.subject == "ada"\']')), /12:17 .*anybody may call, so nobody is known/);
  assert.match(complaints(text("['has(principal.tenant) || true']")), /nobody is known/);
  assert.equal(complaints(text('[\'principal.subject == "ada"\']', { auth: '[acme]' })), 'none');
});

test('a rule that reads a body which nothing is known of is a warning', () => {
  const warned = (rules: string): number => ruleWarnings(read(text(rules)), new Map(), {}).length;
  assert.equal(warned("['request.body.a == 1', 'request.params.id == 1', 'request.body.l.all(x, x > 0)']"), 2);
  assert.equal(warned('[\'request.query.a == "1"\']'), 0);
});

/** What is told of slips in rules on orders that have `currency` and, as a list, `lines` with a `price`. */
function slips(...rules: readonly string[]): readonly string[] {
  const lines = { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } };
  const schema = { type: 'object', properties: { currency: { type: 'string' }, lines } };
  const requestBody = { content: { 'application/json': { schema } } };
  const post = { operationId: 'putOrder', requestBody, responses: { default: { description: 'x' } } };
  const document = { openapi: '3.1.0', info: { title: 'Orders', version: '1' }, paths: { '/orders': { post } } };
  const described = readDescription(Buffer.from(JSON.stringify(document)), '/etc/portcullis/orders.json');
  assert.ok(described.ok);
  const source = text(JSON.stringify(rules))
    .replace("routes: ['POST /orders']", 'openapi: ./orders.json')
    .replace('POST /orders:', 'putOrder:');
  const parsed = parseConfig(source, { file: FILE, kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const warnings = slipWarnings(parsed.value.config, new Map([['orders', described.value]]), parsed.value.places);
  assert.ok(warnings.every(({ severity }) => severity === 'warning'));
  return warnings.map(formatIssue);
}

test('a name in a body that is close to one of the description, and is none, is a warning', () => {
  assert.deepEqual(slips("request.body.currncy == 'EUR'"), [
    `${FILE}:12:17 apis.orders.operations.putOrder.rules[0]: no schema of the description has a property "currncy" (did you mean "currency"?)`,
  ]);
  for (const rule of [
    "has(request['body'].curency)",
    "request.body['curency'] == 'EUR'",
    'request.body.lines[0].prise > 0',
    'request.body.lines.all(line, line.prise > 0)',
    'request.body.lines.filter(line, true).all(line, line.prise > 0)',
    'request.body.lines.all(line, [line].all(each, line.prise > 0))',
    "request.body.lines.exists(line, size(line.prise) > 0 || request.query.q == '1')",
  ])
    assert.equal(slips(rule).length, 1, rule);
});

test('names that are described, those that are close to none, and those of something else are no slips', () => {
  const fine = [
    "request.body.currency == 'EUR' && request.body.lines.all(line, line.price > 0)",
    "request.body.anything == 'EUR'",
    "request.headers.curency == 'EUR'",
    'request.body.lines.all(line, [line].all(line, line.prise > 0))',
    'request.body.lines.map(line, 1).all(line, line.prise > 0)',
    "request.body[request.body.currency + ''] == 1",
  ];
  assert.deepEqual(slips(...fine), []);
});

test('a rule that is gone loosens, a new one tightens, and other values are for a person to judge', () => {
  const tell = (_about: unknown, effect: string, message: string) => ({ effect, message }) as never;
  const rulesOf = (rules: string) => read(text(rules)).apis[0]?.operations['POST /orders']?.rules ?? [];
  const changes = (was: string, is: string): unknown =>
    ruleChanges(rulesOf(was), rulesOf(is), tell).map((each) => (each as { readonly effect: string }).effect);
  assert.deepEqual(changes("['a == 1', 'b == 1']", "['a == 1']"), ['loosens']);
  assert.deepEqual(changes("['a == 1']", "['a == 1', 'b == 1']"), ['tightens']);
  assert.deepEqual(changes("['a <= 5']", "['a <= 500']"), ['loosens', 'tightens']);
  assert.deepEqual(changes("['a == 1']", '[{ rule: a == 1, message: m }]'), ['changes']);
  assert.deepEqual(changes("['a == 1']", "['a == 1']"), []);
  const [one, other] = ['[EUR]', '[EUR, GBP]'].map((list) => read(text("['a == 1']", { values: `{ c: ${list} }` })));
  assert.deepEqual(
    valuesChanges(one as Config, other as Config).map(({ effect, message }) => [effect, message]),
    [['changes', 'the values c are others']],
  );
});
