import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { UpstreamConfig } from './config.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

const OPTIONS = { file: '/etc/p.yaml', kinds: [] };
const ONE = 'targets: [http://a]';

function textOf(more: string, source = "routes: ['GET /x']"): string {
  return ['version: 1', 'apis:', '  orders:', `    ${source}`, `    upstream: { ${more} }`, '    auth: public'].join(
    '\n',
  );
}

function parse(more: string) {
  const result = parseConfig(textOf(more), OPTIONS);
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

function upstreamOf(more: string): UpstreamConfig {
  const [api] = parse(more).apis;
  assert.ok(api !== undefined);
  return api.upstream;
}

function toldOf(text: string): string {
  const result = parseConfig(text, OPTIONS);
  assert.ok(!result.ok);
  return result.error.map(formatIssue).join('\n');
}

test('a hash is of a header in lower case, of a claim, a cookie or the address', () => {
  const byOf = (hash: string): unknown => upstreamOf(`${ONE}, balance: { hash: ${hash} }`).balance;
  assert.deepEqual(byOf('{ header: X-User }'), { rule: 'hash', by: { kind: 'header', name: 'x-user' } });
  assert.deepEqual(byOf('{ claim: org.id }'), { rule: 'hash', by: { kind: 'claim', path: ['org', 'id'] } });
  assert.deepEqual(byOf('{ cookie: Sid }'), { rule: 'hash', by: { kind: 'cookie', name: 'Sid' } });
  assert.deepEqual(byOf('{ address: true }'), { rule: 'hash', by: { kind: 'address' } });
});

test('an upstream has no canary and no mirror where none is asked for', () => {
  assert.deepEqual([upstreamOf(ONE).canary, upstreamOf(ONE).mirror], [null, null]);
});

test('all that is said of a canary and a mirror is read, and what is not said has a value', () => {
  const b = { host: 'b', port: 80, weight: 1 };
  assert.deepEqual(upstreamOf(`${ONE}, canary: { targets: [http://b], percent: 2.5 }`).canary, {
    targets: [b],
    percent: 2.5,
    by: 'user',
    when: null,
  });
  const named =
    "canary: { targets: [{ url: 'http://b:81', weight: 3 }], by: request, when: { header: X-New, value: yes } }";
  assert.deepEqual(upstreamOf(`${ONE}, ${named}`).canary, {
    targets: [{ host: 'b', port: 81, weight: 3 }],
    percent: 0,
    by: 'request',
    when: { header: 'x-new', value: 'yes' },
  });
  assert.deepEqual(upstreamOf(`${ONE}, mirror: { url: http://b }`).mirror, {
    target: b,
    percent: 100,
    methods: ['GET', 'HEAD', 'OPTIONS'],
  });
  assert.deepEqual(upstreamOf(`${ONE}, mirror: { url: http://b, percent: 10, methods: [POST] }`).mirror, {
    target: b,
    percent: 10,
    methods: ['POST'],
  });
});

/** What stands behind the target, where it goes wrong, and how that is told. */
const BAD: readonly (readonly [more: string, key: string, words: string])[] = [
  ['balance: { hash: {} }', 'balance.hash', 'one thing is hashed (write one of header, claim, cookie, address)'],
  ['balance: { hash: { header: a, cookie: b } }', 'balance.hash', 'one thing is hashed'],
  ['balance: { hash: { header: a_b } }', 'balance.hash.header', 'this is no name of a header field'],
  ['balance: { hash: { header: "a: b" } }', 'balance.hash.header', 'this is no name of a header field'],
  ['balance: { hash: { cookie: "a b" } }', 'balance.hash.cookie', 'this is no name of a cookie'],
  ['balance: { hash: { claim: "" } }', 'balance.hash.claim', 'a claim has a name'],
  ['balance: { hash: { address: false } }', 'balance.hash.address', 'is true, or left out'],
  ['balance: { hash: { ip: true } }', 'balance.hash.ip', 'unknown key'],
  ['balance: hash', 'balance', 'expected a rule of balancing'],
  ['balance: { p2c: {} }', 'balance.p2c', 'unknown key'],
  ['canary: { percent: 5 }', 'canary.targets', 'is missing'],
  ['canary: { targets: [http://b] }', 'canary.percent', 'nobody would go there'],
  ['canary: { targets: [http://b], percent: 101 }', 'canary.percent', 'a percentage is a number from 0 to 100'],
  ['canary: { targets: [http://b], percent: -1 }', 'canary.percent', 'a percentage is a number from 0 to 100'],
  ['canary: { targets: [http://b], percent: 5% }', 'canary.percent', 'a percentage is a number from 0 to 100'],
  ['canary: { targets: [http://b], percent: 5, by: session }', 'canary.by', 'expected whom it sticks to'],
  ['canary: { targets: [http://a], percent: 5 }', 'canary.targets[0]', 'this is a target of the upstream already'],
  ['canary: { targets: [https://b], percent: 5 }', 'canary.targets[0]', 'all targets have one scheme'],
  ['canary: { targets: [http://b/v2], percent: 5 }', 'canary.targets[0]', 'all targets have one path'],
  ['canary: { targets: [http://b], when: { header: x-new } }', 'canary.when.value', 'a value is text'],
  ['canary: { targets: [http://b], when: { header: x-new, value: 1 } }', 'canary.when.value', 'a value is text'],
  ['canary: { targets: [http://b], when: { header: x-new, value: " 1" } }', 'canary.when.value', 'this is no value'],
  [
    'canary: { targets: [{ url: http://b, weight: 0 }], percent: 5 }',
    'canary.targets[0].weight',
    'a weight is 1 at least',
  ],
  ['canary: { targets: [b], percent: 5 }', 'canary.targets[0]', 'an upstream is an http or https URL'],
  ['mirror: { url: b }', 'mirror.url', 'an upstream is an http or https URL'],
  ['mirror: http://b', 'mirror', 'expected keys'],
  ['mirror: { url: http://a }', 'mirror.url', 'this is a target of the upstream already'],
  ['mirror: { url: https://b }', 'mirror.url', 'all targets have one scheme'],
  ['mirror: { url: http://b, percent: many }', 'mirror.percent', 'a percentage is a number from 0 to 100'],
  ['mirror: { url: http://b, methods: [get] }', 'mirror.methods[0]', 'methods are upper case'],
  ['mirror: { url: http://b, methods: [] }', 'mirror.methods', 'at least one method is needed'],
  ['mirror: { url: http://b, methods: [GET, GET] }', 'mirror.methods[1]', 'this method stands in the list already'],
];

for (const [more, key, words] of BAD) {
  test(`${more} is told with its place`, () => {
    const told = toldOf(textOf(`${ONE}, ${more}`));
    assert.ok(told.includes(`apis.orders.upstream.${key}: ${words}`), told);
    assert.match(told, /:5:/);
  });
}

test('a canary or a mirror is not the gateway itself', () => {
  const own = 'this is the https port of the gateway itself';
  for (const more of [
    'canary: { targets: [http://127.0.0.1:8443], percent: 5 }',
    'mirror: { url: http://localhost:8443 }',
  ])
    assert.ok(toldOf(textOf(`${ONE}, ${more}`)).includes(own));
});

test('calls of gRPC have no mirror', () => {
  const told = toldOf(textOf(`${ONE}, mirror: { url: http://b }`, 'descriptors: orders.binpb'));
  assert.ok(told.includes('apis.orders.upstream.mirror: calls of gRPC are not mirrored'), told);
});

test('what changes of it is told, and a new place for copies loosens', () => {
  const read = (more: string) => {
    return { config: parse(`${ONE}, ${more}`), descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  const told = (from: string, to: string): unknown =>
    diffConfigurations(read(from), read(to)).map(({ effect, message }) => [effect, message]);
  const hashed = 'balance: { hash: { claim: org.id } }';
  assert.deepEqual(told('balance: p2c', hashed), [
    ['changes', 'targets are chosen by a hash of the claim org.id, not p2c'],
  ]);
  assert.deepEqual(told(hashed, 'balance: { hash: { header: X-A } }'), [
    ['changes', 'targets are chosen by a hash of the header x-a, not a hash of the claim org.id'],
  ]);
  const canary = 'canary: { targets: [http://b], percent: 5';
  assert.deepEqual(told('balance: p2c', `${canary}, when: { header: X-New, value: yes } }`), [
    ['changes', '5 % go to b:80 by user, and all that have x-new: yes'],
  ]);
  assert.deepEqual(told(`${canary} }`, 'balance: p2c'), [['changes', 'no requests go to a canary any more']]);
  const mirror = 'mirror: { url: http://b';
  assert.deepEqual(told('balance: p2c', `${mirror} }`), [
    ['loosens', 'copies of 100 % of requests go to b:80 (GET, HEAD, OPTIONS)'],
  ]);
  assert.deepEqual(told(`${mirror} }`, `${mirror}, percent: 5 }`), [
    ['changes', 'copies of 5 % of requests go to b:80 (GET, HEAD, OPTIONS)'],
  ]);
  assert.deepEqual(told(`${mirror} }`, 'balance: p2c'), [['changes', 'no copies of requests are made any more']]);
});
