import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressSet } from './address-set.ts';
import { isLoopback } from './address-reach.ts';
import { parseAddress } from './cidr.ts';
import { internetAddressFault, upstreamAddressFault } from './upstream-address.ts';

test('upstreams are in private and public ranges, and not on this machine, on the link, or where clouds keep credentials', () => {
  for (const fine of [
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '192.0.2.1',
    '8.8.8.8',
    'fd00::1',
    '2001:db8::1',
  ]) {
    assert.equal(upstreamAddressFault(fine, null), null, fine);
  }
  for (const refused of [
    ...['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', '2002:7f00:1::', '::127.0.0.1'],
    ...['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', 'fe80::1', 'fd00:ec2::254', '168.63.129.16'],
    ...['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255'],
    ...['', 'localhost', '0x7f.1', '127.1', '2130706433', '010.0.0.1', 'fe80::1%eth0', '[::1]'],
  ]) {
    assert.notEqual(upstreamAddressFault(refused, null), null, refused);
  }
});

test('what is allowed passes as it is written, and only that', () => {
  const allowed = AddressSet.of(['127.0.0.2', '169.254.0.0/16']);
  assert.equal(upstreamAddressFault('127.0.0.2', allowed), null);
  assert.equal(upstreamAddressFault('::ffff:127.0.0.2', allowed), null, 'a mapped address is the address');
  assert.equal(upstreamAddressFault('169.254.169.254', allowed), null);
  for (const other of ['127.0.0.1', '64:ff9b::127.0.0.2', '::1'])
    assert.notEqual(upstreamAddressFault(other, allowed), null);
});

test('a name of this machine may mean it, and nothing else', () => {
  assert.equal(upstreamAddressFault('127.0.0.1', null, 'localhost'), null);
  assert.equal(upstreamAddressFault('::1', null, 'api.localhost'), null);
  assert.notEqual(upstreamAddressFault('127.0.0.1', null, 'notlocalhost'), null);
  assert.notEqual(upstreamAddressFault('127.0.0.1', null, 'localhost.evil.example'), null);
  assert.notEqual(upstreamAddressFault('169.254.169.254', null, 'localhost'), null);
});

test('loopback is seen through the forms of IPv6 that carry it', () => {
  const loopback = (text: string): boolean => {
    const parsed = parseAddress(text);
    return parsed.ok && isLoopback(parsed.value);
  };
  for (const text of ['127.9.9.9', '::1', '64:ff9b:1::127.0.0.1', '2002:7f01::']) assert.ok(loopback(text), text);
  // Teredo carries the address of its client complemented (RFC 4380 §4).
  assert.ok(loopback('2001::80ff:fffe'));
  for (const text of ['128.0.0.1', '::2', '64:ff9b::10.0.0.1', 'fd00::7f00:1']) assert.ok(!loopback(text), text);
});

test('third parties are on the open internet, and in no range of the special-purpose registries', () => {
  const fault = (address: string, ...allowed: readonly string[]) =>
    internetAddressFault(address, allowed.length === 0 ? null : AddressSet.of(allowed));
  for (const address of ['203.0.115.1', '8.8.8.8', '2606:4700::1111', '64:ff9b::808:808', '2002:808:808::1'])
    assert.equal(fault(address), null, address);
  for (const address of [
    ...['127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '192.0.0.8', '192.0.2.1'],
    ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1'],
    ...['255.255.255.255', '100.100.100.200', '168.63.129.16', '::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254'],
    ...['ff02::1', '2001:db8::1', '2001::1', '3fff::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::7f00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::808:808', '2002:a00:1::1', '2002:7f00:1::', 'fec0::1', '100::1', 'x', ''],
  ])
    assert.notEqual(fault(address), null, address);
});

test('a private network can be allowed to third parties, and never where clouds hand out credentials', () => {
  assert.equal(internetAddressFault('10.1.2.3', AddressSet.of(['10.0.0.0/8'])), null);
  assert.equal(internetAddressFault('127.0.0.1', AddressSet.of(['127.0.0.1'])), null);
  assert.notEqual(internetAddressFault('10.1.2.3', AddressSet.of(['10.0.0.0/16'])), null);
  for (const address of ['169.254.169.254', '100.100.100.200', '0.0.0.0', 'fd00:ec2::254'])
    assert.notEqual(internetAddressFault(address, AddressSet.of(['0.0.0.0/0', '::/0'])), null, address);
});
