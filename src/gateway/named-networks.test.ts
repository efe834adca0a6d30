import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MANY_NETWORKS, NamedNetworks } from './named-networks.ts';

const TEN_MINUTES_MS = 600_000;

test('addresses of one network have one name', () => {
  const networks = new NamedNetworks();
  const names = ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'];
  assert.deepEqual(
    names.map((address) => networks.keyOf(address, 0)),
    ['192.0.2.1', '192.0.2.1', '2001:db8::/64', '2001:db8::/64', '2001:db8:0:1::/64'],
  );
});

test('a hundred networks are named, all others are many, and those that have a name keep it', () => {
  const networks = new NamedNetworks();
  const keys = new Set<string>();
  for (let at = 0; at < 10_000; at++) keys.add(networks.keyOf(`2001:db8:0:${at.toString(16)}::1`, at));
  assert.equal(keys.size, 101);
  assert.ok(keys.has(MANY_NETWORKS));
  assert.equal(networks.keyOf('2001:db8::7', 10_000), '2001:db8::/64');
  assert.equal(networks.keyOf('192.0.2.1', 10_000), MANY_NETWORKS);
});

test('ten minutes after it was named a network makes room', () => {
  const networks = new NamedNetworks();
  for (let at = 0; at < 100; at++) networks.keyOf(`192.0.2.${at}`, at * 1_000);
  assert.equal(networks.keyOf('198.51.100.1', TEN_MINUTES_MS - 1), MANY_NETWORKS);
  assert.equal(networks.keyOf('198.51.100.1', TEN_MINUTES_MS), '198.51.100.1');
  assert.equal(networks.keyOf('198.51.100.2', TEN_MINUTES_MS), MANY_NETWORKS);
  assert.equal(networks.keyOf('198.51.100.2', TEN_MINUTES_MS + 1_000), '198.51.100.2');
});
