import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Config } from './config.ts';
import { type Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';
import { proxyWarnings } from './trusted-proxies.ts';

const parse = (head: string, upstream = 'http://127.0.0.1:3001') =>
  parseConfig(`version: 1\n${head}apis:\n  a: { routes: ['GET /x'], upstream: ${upstream}, auth: public }\n`, {
    file: '/etc/portcullis.yaml',
    kinds: [],
  });

function configOf(head: string, upstream?: string): Config {
  const parsed = parse(head, upstream);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

test('where nothing is written nobody is believed', () => {
  const config = configOf('');
  assert.equal(config.trustedProxies, null);
  assert.deepEqual(config.server.proxyProtocol, []);
  assert.equal(config.apis[0]?.upstream.forwarded, 'x-forwarded');
});

test('a list of addresses means X-Forwarded-For, and a field may be named', () => {
  assert.deepEqual(configOf('trustedProxies: [10.0.0.0/8, 2001:db8::7]\n').trustedProxies, {
    addresses: ['10.0.0.0/8', '2001:db8::7'],
    field: 'x-forwarded-for',
  });
  const named = 'trustedProxies: { addresses: [10.0.0.0/8], field: forwarded }\n';
  assert.deepEqual(configOf(named).trustedProxies, { addresses: ['10.0.0.0/8'], field: 'forwarded' });
  assert.equal(configOf('trustedProxies: { addresses: [10.0.0.1] }\n').trustedProxies?.field, 'x-forwarded-for');
});

test('balancers and the spelling for an upstream are read', () => {
  assert.deepEqual(configOf('server: { proxyProtocol: [192.0.2.0/24] }\n').server.proxyProtocol, ['192.0.2.0/24']);
  for (const forwarded of ['x-forwarded', 'forwarded', 'both'])
    assert.equal(
      configOf('', `{ targets: ['http://127.0.0.1:3001'], forwarded: ${forwarded} }`).apis[0]?.upstream.forwarded,
      forwarded,
    );
});

const REFUSED: readonly (readonly [head: string, words: RegExp])[] = [
  ['trustedProxies: []\n', /at least one block is needed/],
  ['trustedProxies: [10.0.0.1/8]\n', /bits set behind the first 8/],
  ['trustedProxies: [10.0.0.0/33]\n', /prefix length/],
  ['trustedProxies: [proxy.example]\n', /expected a block such as/],
  ['trustedProxies: [10.0.0.0/8, 10.0.0.0/8]\n', /stands in the list already/],
  ['trustedProxies: ["${env:PROXIES}"]\n', /reference/],
  ['trustedProxies: 10.0.0.0/8\n', /expected a list of addresses/],
  ['trustedProxies: { field: forwarded }\n', /addresses/],
  ['trustedProxies: { addresses: [10.0.0.0/8], field: x-real-ip }\n', /field/],
  ['trustedProxies: { addresses: [10.0.0.0/8], fields: forwarded }\n', /did you mean "field"/],
  ['server: { proxyProtocol: [] }\n', /at least one block is needed/],
  ['server: { proxyProtocol: [1.2.3] }\n', /expected a block such as/],
  [
    `trustedProxies: [${Array.from({ length: 1_001 }, (_, at) => `10.0.${at >> 8}.${at & 255}`).join(', ')}]\n`,
    /at most 1000/,
  ],
];

for (const [head, words] of REFUSED) {
  test(`${head.slice(0, 60).trim()} is refused`, () => {
    const parsed = parse(head);
    assert.ok(!parsed.ok);
    assert.match(parsed.error.map(formatIssue).join('\n'), words);
  });
}

test('a list in which everybody stands is a warning, where it was written', () => {
  for (const [head, path] of [
    ['trustedProxies: [10.0.0.0/8, 0.0.0.0/0]\n', 'trustedProxies'],
    ["trustedProxies: { addresses: ['::/0'] }\n", 'trustedProxies'],
    ['server: { proxyProtocol: [0.0.0.0/0] }\n', 'server.proxyProtocol'],
  ] as const) {
    const parsed = parse(head);
    assert.ok(parsed.ok);
    const [warning, ...more] = proxyWarnings(parsed.value.config, parsed.value.places);
    assert.deepEqual([warning?.severity, warning?.path, warning?.place?.line, more], ['warning', path, 2, []]);
  }
  assert.deepEqual(proxyWarnings(configOf('trustedProxies: [10.0.0.0/8, 0.0.0.0/1]\n'), {}), []);
});

/** What is said of a change from one to the other. */
function changes(before: Config, after: Config): readonly string[] {
  const comparable = (config: Config): Comparable => ({
    config,
    descriptions: {},
    documents: {},
    files: {},
    secrets: {},
  });
  return diffConfigurations(comparable(before), comparable(after)).map(
    ({ effect, message }) => `${effect}: ${message}`,
  );
}

test('whoever is newly believed loosens, and whoever is not any more tightens', () => {
  const [none, one, two] = ['', 'trustedProxies: [10.0.0.1]\n', 'trustedProxies: [10.0.0.1, 10.0.0.2]\n'].map((head) =>
    configOf(head),
  ) as [Config, Config, Config];
  assert.deepEqual(changes(none, one), ['loosens: proxies at 10.0.0.1 are believed who the client is']);
  assert.deepEqual(changes(one, two), ['loosens: proxies at 10.0.0.2 are believed who the client is']);
  assert.deepEqual(changes(two, none), ['tightens: proxies at 10.0.0.1, 10.0.0.2 are no longer believed']);
  assert.deepEqual(changes(one, configOf('trustedProxies: { addresses: [10.0.0.1], field: forwarded }\n')), [
    'changes: proxies name the client in `forwarded` instead of `x-forwarded-for`',
  ]);
  assert.deepEqual(changes(none, configOf('server: { proxyProtocol: [10.0.0.1] }\n')), [
    'changes: `server` changes, which needs a restart',
  ]);
  assert.deepEqual(changes(none, configOf('', "{ targets: ['http://127.0.0.1:3001'], forwarded: both }")), [
    'changes: the upstream hears of clients by X-Forwarded-For and Forwarded',
  ]);
});
