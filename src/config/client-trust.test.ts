import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { clientChanges, fixedServer } from './client-changes.ts';
import { clientTrusts } from './client-trust.ts';
import { hostWarnings } from './https-hosts.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';

const parse = (https: string, api = '') =>
  parseConfig(
    `version: 1\nserver: { https: ${https} }\napis:\n  a: { ${api}routes: ['GET /x'], upstream: http://127.0.0.1:3001, auth: public }\n`,
    { file: '/etc/portcullis.yaml', kinds: [] },
  );

function configOf(https: string): Config {
  const parsed = parse(https);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

test('where nothing is written clients are asked for nothing', () => {
  const { clients, hosts, acceptNodeBelowFloor } = configOf('{}').server.https;
  assert.deepEqual([clients, hosts, acceptNodeBelowFloor], [null, [], false]);
  assert.deepEqual(clientTrusts(configOf('{}')), []);
});

test('what is said for all hosts holds for each that says nothing of its own', () => {
  const { server } = configOf(
    `{ clientCa: ./all.pem, clientCrl: /etc/all.crl, clientNames: ['dns:a.test'], hosts: {
      b2b.test: { clientCa: ./b2b.pem }, open.test: { clientCa: off }, like.test: {} } }`,
  );
  const { clients, hosts } = server.https;
  assert.deepEqual(clients, {
    caFile: '/etc/all.pem',
    crlFile: '/etc/all.crl',
    names: ['dns:a.test'],
    path: 'server.https',
  });
  const own = { caFile: '/etc/b2b.pem', crlFile: null, names: null, path: 'server.https.hosts["b2b.test"]' };
  assert.deepEqual(hosts, [
    { name: 'b2b.test', clients: own, certificate: null, path: 'server.https.hosts["b2b.test"]' },
    { name: 'open.test', clients: null, certificate: null, path: 'server.https.hosts["open.test"]' },
    { name: 'like.test', clients, certificate: null, path: 'server.https.hosts["like.test"]' },
  ]);
});

test('each trust is read once, however many hosts have it', () => {
  const config = configOf('{ clientCa: ./all.pem, hosts: { a.test: {}, b.test: {}, c.test: { clientCa: ./c.pem } } }');
  assert.deepEqual(
    clientTrusts(config).map(({ caFile }) => caFile),
    ['/etc/all.pem', '/etc/c.pem'],
  );
});

test('names of certificates are read into the form in which they are compared', () => {
  const names = [
    ['dns:A.Partner.test', 'dns:a.partner.test'],
    ['dns:*.partner.test', 'dns:*.partner.test'],
    ['uri:spiffe://acme/Billing', 'uri:spiffe://acme/Billing'],
    ['email:Ops@partner.test', 'email:Ops@partner.test'],
    ['ip:2001:DB8:0::1', 'ip:2001:db8::1'],
    ['ip:::ffff:192.0.2.1', 'ip:192.0.2.1'],
    ['subject:O=Partner, CN=batch', 'subject:O=Partner,CN=batch'],
    ['subject:O=Partner\\, Ltd,  CN=a=b', 'subject:O=Partner\\, Ltd,CN=a=b'],
    ['subject:OU=a + UID=7, CN=b', 'subject:OU=a+UID=7,CN=b'],
    ['subject:OU=a\\ + UID=7\\ \\+ 8,CN=b', 'subject:OU=a\\ +UID=7\\ \\+ 8,CN=b'],
  ] as const;
  const text = names.map(([written]) => JSON.stringify(written)).join(', ');
  const { clients } = configOf(`{ clientCa: x.pem, clientNames: [${text}] }`).server.https;
  assert.deepEqual(
    clients?.names,
    names.map(([, read]) => read),
  );
});

const REFUSED: readonly (readonly [https: string, words: RegExp])[] = [
  ['{ clientNames: [dns:a.test] }', /clientNames: this says nothing without a `clientCa`/],
  ['{ clientCrl: a.crl }', /clientCrl: this says nothing without a `clientCa`/],
  ['{ clientCa: off, clientNames: [dns:a.test] }', /clientNames: this says nothing without/],
  ['{ clientCa: a.pem, hosts: { a.test: { clientCrl: a.crl } } }', /\["a\.test"\]\.clientCrl: this says nothing/],
  ['{ clientCa: a.pem, hosts: { a.test: { clientCa: off, clientCrl: a.crl } } }', /clientCrl: this says nothing/],
  ['{ clientCa: "${env:CA}" }', /clientCa/],
  ['{ clientCa: [a.pem] }', /clientCa/],
  ['{ clientCa: a.pem, clientNames: [] }', /at least one name is needed/],
  ['{ clientCa: a.pem, clientNames: [dns:a.test, dns:A.test] }', /this name stands in the list already/],
  ['{ clientCa: a.pem, hosts: { "*.test": {} } }', /one full name/],
  ['{ clientCa: a.pem, hosts: { A.test: {} } }', /canonical/],
  ['{ clientCa: a.pem, hosts: { "a.test:443": {} } }', /without a port/],
  ['{ clientCa: a.pem, hosts: { a.test: { clientca: x } } }', /clientCa/],
  ['{ acceptNodeBelowFloor: yes }', /acceptNodeBelowFloor/],
];

test('what would hold for nobody, or means nothing, is refused', () => {
  for (const [https, words] of REFUSED) {
    const parsed = parse(https);
    assert.ok(!parsed.ok, https);
    assert.match(parsed.error.map(formatIssue).join('\n'), words);
  }
});

test('a name that could be taken for another is refused', () => {
  const names = [
    'a.test',
    'DNS:a.test',
    'cn:a',
    'dns:',
    'dns:*',
    'dns:*.test.*',
    'dns:a*.test',
    'dns:*.*.test',
    'dns:a..test',
    'dns:a.test.',
    'dns:a b.test',
    'uri:/x',
    'uri:spiffe://a b',
    'email:ops',
    'ip:1.2.3',
    'ip:10.0.0.0/8',
    'subject:batch',
    'subject:CN=a,',
    'subject:CN=a,,O=b',
    'subject:CN=a\\',
    `uri:x:${'a'.repeat(1_024)}`,
  ];
  for (const name of names) {
    const parsed = parse(`{ clientCa: a.pem, clientNames: [${JSON.stringify(name)}] }`);
    assert.ok(!parsed.ok, name);
  }
});

test('more hosts than there may be contexts are refused', () => {
  const hosts = (count: number): string => Array.from({ length: count }, (_, at) => `h${at}.test: {}`).join(', ');
  assert.ok(parse(`{ hosts: { ${hosts(500)} } }`).ok);
  assert.ok(!parse(`{ hosts: { ${hosts(501)} } }`).ok);
});

test('a host that no API names is warned of, unless an API answers for all', () => {
  const named = parse('{ hosts: { a.test: {}, b.test: {} } }', 'host: a.test, ');
  assert.ok(named.ok);
  const warnings = hostWarnings(named.value.config, named.value.places);
  assert.deepEqual(
    warnings.map(({ path, severity, place }) => [path, severity, place?.line]),
    [['server.https.hosts["b.test"]', 'warning', 2]],
  );
  assert.deepEqual(hostWarnings(configOf('{ hosts: { b.test: {} } }'), {}), []);
});

test('an API that answers for all hosts is warned of where clients of some need no certificate', () => {
  const pathsOf = (https: string, api = ''): string[] => {
    const read = parse(https, api);
    assert.ok(read.ok);
    return hostWarnings(read.value.config, read.value.places).map(({ path, severity }) => `${severity} ${path}`);
  };
  assert.deepEqual(pathsOf('{ hosts: { b.test: { clientCa: b.pem } } }'), ['warning apis.a']);
  assert.deepEqual(pathsOf('{ clientCa: a.pem, hosts: { b.test: { clientCa: off } } }'), ['warning apis.a']);
  assert.deepEqual(pathsOf('{ clientCa: a.pem, hosts: { b.test: { clientCa: b.pem } } }'), []);
  assert.deepEqual(pathsOf('{ hosts: { b.test: { clientCa: b.pem } } }', 'host: b.test, '), []);
});

test('an address is no host of its own, since no client names one in the handshake', () => {
  for (const host of ['10.0.0.1', '"[2001:db8::1]"', '127.0.0.1'])
    assert.match(refusalOf(`{ hosts: { ${host}: { clientCa: b.pem } } }`), /clients name no address/, host);
  assert.ok(parse('{ hosts: { v1.test: {}, a1: {} } }').ok);
});

function refusalOf(https: string): string {
  const read = parse(https);
  assert.ok(!read.ok, 'it was taken');
  return read.error.map(formatIssue).join('\n');
}

const CHANGES: readonly (readonly [before: string, after: string, ...changes: string[]])[] = [
  ['{ clientCa: a.pem }', '{ clientCa: a.pem }'],
  ['{ clientCa: a.pem }', '{}', 'loosens all hosts that are not named: clients need no certificate any more'],
  [
    '{ clientCa: a.pem }',
    '{ clientCa: a.pem, acceptNodeBelowFloor: true }',
    'loosens clients are judged by certificates though Node lacks a security release',
  ],
  [
    '{ clientCa: a.pem, acceptNodeBelowFloor: true }',
    '{ clientCa: a.pem }',
    'tightens clients are judged by certificates only by a Node with its security releases',
  ],
  ['{}', '{ clientCa: a.pem }', 'tightens all hosts that are not named: clients need a certificate'],
  ['{ clientCa: a.pem }', '{ clientCa: b.pem }', 'loosens all hosts that are not named: other CAs vouch for clients'],
  [
    '{ clientCa: a.pem, hosts: { x.test: {} } }',
    '{ clientCa: a.pem, hosts: { x.test: { clientCa: off } } }',
    'loosens x.test: clients need no certificate any more',
  ],
  [
    '{ clientCa: a.pem, hosts: { x.test: { clientCa: off } } }',
    '{ clientCa: a.pem }',
    'tightens x.test: clients need a certificate',
  ],
  [
    '{ hosts: { x.test: { clientCa: a.pem, clientCrl: a.crl } } }',
    '{ hosts: { x.test: { clientCa: a.pem } } }',
    'loosens x.test: certificates that were revoked count again',
  ],
  [
    '{ hosts: { x.test: { clientCa: a.pem } } }',
    '{ hosts: { x.test: { clientCa: a.pem, clientCrl: a.crl } } }',
    'tightens x.test: other lists say what is revoked',
  ],
  [
    '{ hosts: { x.test: { clientCa: a.pem, clientNames: [dns:a.test, dns:b.test] } } }',
    '{ hosts: { x.test: { clientCa: a.pem, clientNames: [dns:c.test, dns:b.test] } } }',
    'loosens x.test: certificates of dns:c.test count too',
    'tightens x.test: certificates of dns:a.test no longer count',
  ],
  [
    '{ hosts: { x.test: { clientCa: a.pem, clientNames: [dns:a.test] } } }',
    '{ hosts: { x.test: { clientCa: a.pem } } }',
    'loosens x.test: every name in a certificate counts',
  ],
  [
    '{ hosts: { x.test: { clientCa: a.pem } } }',
    '{ hosts: { x.test: { clientCa: a.pem, clientNames: [dns:a.test] } } }',
    'tightens x.test: only certificates of dns:a.test count',
  ],
];

test('who comes in by a change is told as what it loosens or tightens', () => {
  for (const [before, after, ...told] of CHANGES) {
    const changes = clientChanges(configOf(before).server.https, configOf(after).server.https);
    assert.deepEqual(
      changes.map(({ effect, message }) => `${effect} ${message}`),
      told,
    );
  }
});

test('who may open a session changes while the gateway runs, ports and certificate do not', () => {
  const fixed = (https: string): string => JSON.stringify(fixedServer(configOf(https).server));
  assert.equal(fixed('{ clientCa: a.pem, hosts: { a.test: {} }, acceptNodeBelowFloor: true }'), fixed('{}'));
  assert.notEqual(fixed('{ port: 1 }'), fixed('{}'));
  assert.notEqual(fixed('{ certificate: { cert: a, key: b } }'), fixed('{}'));
});
