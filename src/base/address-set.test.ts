import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressSet, isEverything } from './address-set.ts';
import { Cidr, parseAddress } from './cidr.ts';

function has(blocks: readonly string[], address: string): boolean {
  const parsed = parseAddress(address);
  assert.ok(parsed.ok, address);
  return AddressSet.of(blocks).has(parsed.value);
}

test('an address is in the set where any of the blocks holds it', () => {
  const blocks = ['10.0.0.0/8', '192.0.2.7', '198.51.100.128/25', '2001:db8::/33', '2001:db8:8000::7'];
  for (const inside of ['10.255.0.1', '192.0.2.7', '198.51.100.129', '2001:db8:7fff::1', '2001:db8:8000::7'])
    assert.ok(has(blocks, inside), inside);
  for (const outside of ['11.0.0.1', '192.0.2.8', '198.51.100.127', '2001:db8:8000::8', '::1', '::10.0.0.1'])
    assert.ok(!has(blocks, outside), outside);
});

test('an empty set holds nobody, and one of everybody those of its family', () => {
  assert.ok(!has([], '127.0.0.1'));
  assert.ok(has(['0.0.0.0/0'], '127.0.0.1') && !has(['0.0.0.0/0'], '::1'));
  assert.ok(has(['::/0'], '::1') && !has(['::/0'], '127.0.0.1'));
});

test('a mapped address is the IPv4 address, in blocks and in questions', () => {
  assert.ok(has(['::ffff:10.0.0.0/104'], '10.1.2.3') && has(['10.0.0.0/8'], '::ffff:10.1.2.3'));
});

test('what is no block is an error, and a bug where it had been read', () => {
  for (const text of ['', 'x', '10.0.0.1/8', '10.0.0.0/33', '1.2.3', '::/129']) {
    assert.ok(!AddressSet.parse(['10.0.0.0/8', text]).ok, text);
    assert.throws(() => AddressSet.of([text]));
  }
});

test('only a block without a prefix is everybody', () => {
  for (const text of ['0.0.0.0/0', '::/0', '::ffff:0.0.0.0/96']) assert.ok(isEverything(text), text);
  for (const text of ['0.0.0.0/1', '0.0.0.0', '::', 'x']) assert.ok(!isEverything(text), text);
});

test('a set says what its blocks say one by one', () => {
  const near = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 });
  const wide = fc.array(fc.constantFrom(0, 1, 128, 255), { minLength: 16, maxLength: 16 });
  const bytes = fc.oneof(near, wide).map((values) => Uint8Array.from(values));
  const block = fc.tuple(bytes, fc.nat(128)).map(([address, length]) => {
    const prefix = Math.min(length, address.length * 8);
    const masked = address.map((byte, at) => byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - at * 8)))));
    return `${textOf(masked)}/${prefix}`;
  });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), bytes, (blocks, address) => {
      const each = blocks.some((text) => {
        const read = Cidr.parse(text);
        assert.ok(read.ok, text);
        return read.value.contains(address);
      });
      assert.equal(AddressSet.of(blocks).has(address), each);
    }),
  );
});

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number));
  return groups.map((group) => group.toString(16)).join(':');
}
