import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cidr, parseAddress } from '../base/index.ts';
import { AddressTree, AddressTreeBuilder, addressTreeOf } from './address-tree.ts';

function bytesOf(text: string): Uint8Array {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function blockOf(bytes: readonly number[], prefixBits: number): string {
  const masked = bytes.map((byte, at) => byte & ((0xff << (8 - Math.min(8, Math.max(0, prefixBits - at * 8)))) & 0xff));
  return `${textOf(masked)}/${prefixBits}`;
}

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}

/** Few different bytes, so that blocks lie in each other and addresses in blocks. */
const byte = fc.constantFrom(0, 1, 2, 127, 128, 192, 254, 255);
const four = fc.array(byte, { minLength: 4, maxLength: 4 });
const sixteen = fc.array(byte, { minLength: 16, maxLength: 16 });
const block = fc.oneof(
  fc.tuple(four, fc.integer({ min: 0, max: 32 })),
  fc.tuple(sixteen, fc.integer({ min: 0, max: 128 })),
);

test('the tree says of every address what a walk over all blocks says', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 40 }),
      fc.array(fc.oneof(four, sixteen), { minLength: 1, maxLength: 40 }),
      (blocks, addresses) => {
        const texts = blocks.map(([bytes, bits]) => blockOf(bytes, bits)).filter((text) => Cidr.parse(text).ok);
        const tree = addressTreeOf(texts);
        const naive = texts.map((text) => Cidr.parse(text)).flatMap((read) => (read.ok ? [read.value] : []));
        const edges = blocks.map(([bytes]) => bytes);
        for (const each of [...addresses, ...edges]) {
          const address = bytesOf(textOf(each));
          const held = naive.some((one) => one.contains(address));
          assert.equal(tree.has(address), held, `${textOf(each)} in ${texts.join(' ')}`);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('an IPv4-mapped address is the IPv4 address that it means, in lists and in questions', () => {
  const tree = addressTreeOf(['203.0.113.0/24', '::ffff:198.51.100.0/120']);
  for (const text of ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107', '198.51.100.9', '::ffff:198.51.100.9'])
    assert.equal(tree.has(bytesOf(text)), true, text);
  assert.equal(tree.has(bytesOf('203.0.114.0')), false);
  assert.equal(tree.has(bytesOf('::203.0.113.7')), false, 'compatible is not mapped');
});

test('everything and nothing can be listed', () => {
  assert.equal(addressTreeOf([]).has(bytesOf('192.0.2.1')), false);
  assert.equal(addressTreeOf([]).has(bytesOf('2001:db8::1')), false);
  const all = addressTreeOf(['0.0.0.0/0']);
  assert.equal(all.has(bytesOf('255.255.255.255')), true);
  assert.equal(all.has(bytesOf('2001:db8::1')), false);
  assert.equal(addressTreeOf(['::/0']).has(bytesOf('2001:db8::1')), true);
});

test('blocks inside others, and those that stand twice, are held once', () => {
  const tree = addressTreeOf(['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8', '2001:db8::/32', '2001:db8:1::/48']);
  assert.equal(tree.entries, 2);
});

/** So many different blocks of 24 bits, spread over all addresses. */
function manyBlocks(count: number): AddressTreeBuilder {
  const builder = new AddressTreeBuilder();
  for (let index = 0; index < count; index++) builder.addIpv4((((index * 2_654_435_761) >>> 0) & 0xffffff00) >>> 0, 24);
  return builder;
}

test('a hundred thousand blocks are looked up right through the table of first bits, and by whoever opens the memory', () => {
  const packed = manyBlocks(100_000).pack();
  const one = new AddressTree(packed);
  const other = new AddressTree(new Uint8Array(packed.buffer));
  const listed = new Set<number>();
  for (let index = 0; index < 100_000; index++) listed.add((((index * 2_654_435_761) >>> 0) & 0xffffff00) >>> 0);
  assert.equal(one.entries, listed.size);
  const address = new Uint8Array(4);
  const view = new DataView(address.buffer);
  for (let index = 0; index < 200_000; index++) {
    const number = (index * 40_503_127) >>> 0;
    view.setUint32(0, number);
    const held = listed.has((number & 0xffffff00) >>> 0);
    assert.equal(one.has(address), held);
    assert.equal(other.has(address), held);
  }
});

test('memory that holds no tree is not taken for one', () => {
  assert.throws(() => new AddressTree(new Uint8Array(64)), /no packed list/);
});
