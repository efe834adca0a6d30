import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { networkOf } from './address-network.ts';
import { Cidr, parseAddress } from './cidr.ts';

test('an IPv4 address is a network of its own, also where IPv6 carries it', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:c000:207'), '192.0.2.7');
  assert.notEqual(networkOf('192.0.2.8'), networkOf('192.0.2.7'));
});

test('of an IPv6 address the first 64 bits count, however it is written', () => {
  const same = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:0db8:0000:0001:0:0:0:9', '2001:db8:0:1::'];
  for (const address of same) assert.equal(networkOf(address), '2001:db8:0:1::/64', address);
  assert.equal(networkOf('2001:db8:0:2::1'), '2001:db8:0:2::/64');
  assert.equal(networkOf('2001:db8::1'), '2001:db8::/64');
  assert.equal(networkOf('::1'), '::/64');
});

test('a zone does not make another network', () => {
  assert.equal(networkOf('fe80::1%eth0'), 'fe80::/64');
  assert.equal(networkOf('fe80::2%eth1'), 'fe80::/64');
});

test('text that is no address stands for itself', () => {
  for (const text of ['', 'localhost', '192.0.2.07', '1.2.3', '2001:db8::1::2', 'x%y']) {
    assert.equal(networkOf(text), text);
  }
});

test('the text is a block that the address lies in, and all addresses of that block have it', () => {
  const half = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
  const text = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(':');
  fc.assert(
    fc.property(half, half, half, (network, one, other) => {
      const named = networkOf(text([...network, ...one]));
      // An IPv4-mapped address is no IPv6 network.
      if (!named.endsWith('/64')) return;
      const block = Cidr.parse(named);
      const address = parseAddress(text([...network, ...other]));
      assert.ok(block.ok && address.ok, named);
      if (address.value.length === 4) return;
      assert.ok(block.value.contains(address.value), named);
      assert.equal(networkOf(text([...network, ...other])), named);
    }),
  );
});
