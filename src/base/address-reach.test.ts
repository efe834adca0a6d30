import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AddressReach, addressReach } from './address-reach.ts';
import { parseAddress } from './cidr.ts';

function reach(text: string): AddressReach {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return addressReach(parsed.value);
}

function allAre(expected: AddressReach, list: string): void {
  for (const text of list.trim().split(/\s+/)) assert.equal(reach(text), expected, text);
}

test('addresses of the open internet are public', () => {
  allAre('public', '1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 11.0.0.0 223.255.255.255');
  allAre('public', '126.255.255.255 128.0.0.1 2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 198.17.0.1');
});

test('loopback, private, shared, reserved and documentation ranges are private', () => {
  allAre('private', '127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1');
  allAre('private', '192.0.0.8 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 240.0.0.1 192.88.99.1');
  allAre(
    'private',
    '::1 fc00::1 fd12:3456::1 2001:db8::1 3fff::1 100::1 fec0::1 5f00::1 2001:2::1 4000::1 64:ff9b:1::1.1.1.1',
  );
});

test('link-local, metadata, unspecified, multicast and broadcast addresses are never reached', () => {
  allAre('never', '169.254.169.254 169.254.170.2 169.254.0.1 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 255.255.255.255');
  allAre('never', 'fe80::1 febf::1 :: ff02::1 fd00:ec2::254 fd20:ce::254 100.100.100.200 192.0.0.192 168.63.129.16');
});

test('an IPv4 address inside an IPv6 one is seen, in whichever form it travels', () => {
  allAre(
    'private',
    '::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 2002:7f00:1:: 2002:c0a8:101::1',
  );
  allAre('never', '::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe::1 ::169.254.169.254');
  // Teredo carries the client's address with every bit turned: 169.254.169.254 is 5601:5601.
  allAre('never', '2001:0:4136:e378:8000:63bf:5601:5601');
  allAre('public', '64:ff9b::8.8.8.8 2002:808:808::1 ::ffff:8.8.8.8');
});

test('carrying an address never widens its reach', () => {
  const order = ['public', 'private', 'never'];
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '64:ff9b::', '64:ff9b:1::', '::'), (v4, prefix) => {
      assert.ok(order.indexOf(reach(prefix + v4)) >= order.indexOf(reach(v4)), prefix + v4);
    }),
  );
});
