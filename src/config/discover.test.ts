import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { UpstreamConfig } from './config.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/portcullis/portcullis.yaml';

const textOf = (upstream: string): string =>
  `version: 1\napis:\n  orders:\n    routes: ['GET /']\n    auth: public\n    upstream: ${upstream}\n`;

function upstreamOf(written: string): UpstreamConfig {
  const parsed = parseConfig(textOf(written), { file: FILE, kinds: [] });
  if (!parsed.ok) assert.fail(parsed.error.map(formatIssue).join('\n'));
  const [api] = parsed.value.config.apis;
  assert.ok(api !== undefined);
  return api.upstream;
}

function issuesOf(written: string): readonly string[] {
  const parsed = parseConfig(textOf(written), { file: FILE, kinds: [] });
  return parsed.ok ? [] : parsed.error.map((issue) => formatIssue(issue).replace(`${FILE}:`, ''));
}

test('addresses of a name: the port and path of the URL, the name for certificates and Host', () => {
  const upstream = upstreamOf(
    `{ discover: { dns: 'https://orders.internal:8443/in' }, allowAddresses: [127.0.0.0/8] }`,
  );
  assert.deepEqual(upstream.discover, {
    source: {
      kind: 'dns',
      name: 'orders.internal',
      port: 8443,
      family: 'any',
      resolver: null,
      allowed: ['127.0.0.0/8'],
    },
    name: 'orders.internal',
    authority: 'orders.internal:8443',
  });
  const { scheme, pathPrefix, targets, serverName, allowedAddresses } = upstream;
  assert.deepEqual(
    { scheme, pathPrefix, targets, serverName, allowedAddresses },
    {
      scheme: 'https',
      pathPrefix: '/in',
      targets: [],
      serverName: 'orders.internal',
      allowedAddresses: ['127.0.0.0/8'],
    },
  );
});

test('a name for certificates that is written down goes before the one that is looked up; over http there is none', () => {
  assert.equal(
    upstreamOf(`{ discover: { dns: 'https://a.internal' }, serverName: b.internal }`).serverName,
    'b.internal',
  );
  assert.equal(upstreamOf(`{ discover: { dns: 'http://a.internal' } }`).serverName, null);
});

test('a service by SRV has the name of its domain', () => {
  const { discover, serverName } = upstreamOf(
    `{ discover: { srv: 'https://_https._tcp.orders.internal', family: ipv6, resolver: '[::1]:5353' } }`,
  );
  assert.deepEqual(discover, {
    source: {
      kind: 'srv',
      name: '_https._tcp.orders.internal',
      family: 'ipv6',
      resolver: '[::1]:5353',
      allowed: [],
    },
    name: 'orders.internal',
    authority: 'orders.internal',
  });
  assert.equal(serverName, 'orders.internal');
});

test('a file, with what its targets are spoken to over', () => {
  const upstream = upstreamOf(`{ discover: { file: targets.yaml, scheme: https, path: /v2 }, serverName: a.internal }`);
  assert.deepEqual(upstream.discover?.source, { kind: 'file', path: '/etc/portcullis/targets.yaml' });
  assert.deepEqual([upstream.scheme, upstream.pathPrefix], ['https', '/v2']);
});

test('a service of Consul, with a token that is a reference', () => {
  const { discover } = upstreamOf(
    `{ discover: { consul: { url: 'https://consul.internal:8501/', service: orders, tag: v2, datacenter: east, token: '\${env:CONSUL}', ca: ca.pem } } }`,
  );
  assert.deepEqual(discover?.source, {
    kind: 'consul',
    url: 'https://consul.internal:8501',
    service: 'orders',
    tag: 'v2',
    datacenter: 'east',
    token: '${env:CONSUL}',
    caFile: '/etc/portcullis/ca.pem',
    allowed: [],
  });
});

test('a service of Kubernetes: that of the cluster with its account, or another API with what is said', () => {
  const inside = upstreamOf(`{ discover: { kubernetes: { service: orders, namespace: shop, port: http } } }`);
  assert.deepEqual(inside.discover?.source, {
    kind: 'kubernetes',
    api: null,
    service: 'orders',
    namespace: 'shop',
    port: 'http',
    tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
    allowed: [],
  });
  const outside = upstreamOf(
    `{ discover: { kubernetes: { service: orders, namespace: shop, port: 8080, api: 'http://127.0.0.1:8001' } } }`,
  );
  assert.deepEqual(outside.discover?.source, {
    kind: 'kubernetes',
    api: 'http://127.0.0.1:8001',
    service: 'orders',
    namespace: 'shop',
    port: 8080,
    tokenFile: null,
    caFile: null,
    allowed: [],
  });
});

test('what is wrong is told at its place, with what to write', () => {
  const cases: readonly (readonly [upstream: string, ...words: string[]])[] = [
    [
      `{}`,
      '6:15 apis.orders.upstream: an upstream needs its `targets` (write targets: [URL], or `discover` where they are found)',
    ],
    [
      `{ targets: ['http://127.0.0.1:1'], discover: { file: a.yaml } }`,
      '6:60 apis.orders.upstream.discover: targets are written down already (keep `targets` or `discover`)',
    ],
    [
      `{ discover: {} }`,
      '6:27 apis.orders.upstream.discover: this does not say where targets are found (give one of dns, srv, file, consul, kubernetes)',
    ],
    [
      `{ discover: { dns: 'http://a.internal', file: a.yaml } }`,
      '6:61 apis.orders.upstream.discover.file: targets are found by `dns` already (keep one of the two)',
    ],
    [
      `{ discover: { file: a.yaml, family: ipv4 } }`,
      '6:51 apis.orders.upstream.discover.family: this says nothing of `file` (take it away)',
    ],
    [
      `{ discover: { dns: 'http://a.internal', path: /a } }`,
      '6:61 apis.orders.upstream.discover.path: this says nothing of `dns` (take it away)',
    ],
    [
      `{ discover: { dns: 'http://10.0.0.1' } }`,
      '6:34 apis.orders.upstream.discover.dns: this is an address already (write it into `targets`)',
    ],
    [
      `{ discover: { dns: 'http://api.localhost:1' } }`,
      '6:34 apis.orders.upstream.discover.dns: this machine is not asked for by name (write http://127.0.0.1:PORT into `targets`)',
    ],
    [
      `{ discover: { srv: 'http://a.internal:80' } }`,
      '6:34 apis.orders.upstream.discover.srv: the SRV records say the port (take it away)',
    ],
    [
      `{ discover: { dns: 'http://a.internal', resolver: dns.internal } }`,
      '6:65 apis.orders.upstream.discover.resolver: a server of names is an address with its port (such as 127.0.0.1:53 or [::1]:53)',
    ],
    [
      `{ discover: { consul: { url: 'http://127.0.0.1:8500', service: orders, token: geheim } } }`,
      '6:93 apis.orders.upstream.discover.consul.token: must be a reference, ${env:NAME}, ${file:PATH} or ${vault:PATH#FIELD}; a secret is never written here itself',
    ],
    [
      `{ discover: { consul: { url: 'http://consul.internal:8500', service: orders, token: '\${env:A}' } } }`,
      '6:99 apis.orders.upstream.discover.consul.token: a token is sent over plain http on loopback only: others could read it (use https)',
    ],
    [
      `{ discover: { consul: { url: 'http://127.0.0.1:8500', service: 'a/../b' } } }`,
      '6:78 apis.orders.upstream.discover.consul.service: a name here is of letters, digits, `-`, `_`, `.` and `:` (128 characters at most)',
    ],
    [
      `{ discover: { kubernetes: { service: Orders, namespace: shop, port: 0 } } }`,
      '6:52 apis.orders.upstream.discover.kubernetes.service: a name here is of a-z, 0-9 and `-` (63 characters at most)',
      '6:83 apis.orders.upstream.discover.kubernetes.port: a port is a whole number from 1 to 65535',
    ],
    [
      `{ targets: ['http://127.0.0.1:1'], allowAddresses: [10.1.0.0/8] }`,
      '6:67 apis.orders.upstream.allowAddresses[0]: has bits set behind the first 8',
    ],
    [
      `{ discover: { dns: 'https://a.internal' }, canary: { targets: ['http://10.0.0.1'], percent: 5 } }`,
      '6:78 apis.orders.upstream.canary.targets[0]: all targets have one scheme (write https://)',
    ],
  ];
  for (const [upstream, ...words] of cases) assert.deepEqual(issuesOf(upstream), words, upstream);
});
