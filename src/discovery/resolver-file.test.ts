import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readResolverFile, searchNames, singleResolver } from './resolver-file.ts';

test('servers, endings and options are read as others read them', () => {
  const text = `# a comment
nameserver 10.0.0.2   ; the first
nameserver 2001:db8::53
nameserver not-an-address
search shop.svc.cluster.local svc.cluster.local. CLUSTER.local
options ndots:5 timeout:1 attempts:3 rotate edns0
`;
  assert.deepEqual(readResolverFile(text), {
    servers: [
      { address: '10.0.0.2', port: 53 },
      { address: '2001:db8::53', port: 53 },
    ],
    search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    ndots: 5,
    timeoutMs: 1_000,
    attempts: 3,
  });
});

test('an empty file means the server on this machine, and all is bounded', () => {
  assert.deepEqual(readResolverFile(''), {
    servers: [{ address: '127.0.0.1', port: 53 }],
    search: [],
    ndots: 1,
    timeoutMs: 2_000,
    attempts: 2,
  });
  const lines = Array.from({ length: 9 }, (_, at) => `nameserver 10.0.0.${at}`);
  const wild = readResolverFile(
    `${lines.join('\n')}\nsearch ${'a '.repeat(20)}\noptions ndots:99 timeout:900 attempts:50\n`,
  );
  assert.deepEqual(
    [wild.servers.length, wild.search.length, wild.ndots, wild.timeoutMs, wild.attempts],
    [3, 6, 15, 5_000, 3],
  );
});

test('the last word on endings counts, and `domain` is one', () => {
  assert.deepEqual(readResolverFile('search a b\ndomain c').search, ['c']);
});

test('reading never throws, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = readResolverFile(text);
      assert.ok(read.servers.length >= 1 && read.servers.length <= 3);
    }),
  );
});

test('a name with enough dots is asked for as it is written first, another one last', () => {
  const settings = { search: ['a.local', 'local'], ndots: 2 };
  assert.deepEqual(searchNames('orders', settings), ['orders.a.local', 'orders.local', 'orders']);
  assert.deepEqual(searchNames('x.orders.shop', settings), [
    'x.orders.shop',
    'x.orders.shop.a.local',
    'x.orders.shop.local',
  ]);
  const long = `${'a'.repeat(60)}.`.repeat(4).slice(0, 245);
  assert.deepEqual(searchNames(long, { search: ['much.too.long.example'], ndots: 9 }), [long]);
});

test('one server alone is asked for names as they are written', () => {
  assert.deepEqual(singleResolver('[::1]:5353').servers, [{ address: '::1', port: 5353 }]);
  assert.deepEqual(singleResolver('10.0.0.2:53').servers, [{ address: '10.0.0.2', port: 53 }]);
  assert.deepEqual(searchNames('orders', singleResolver('10.0.0.2:53')), ['orders']);
});
