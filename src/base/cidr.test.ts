import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cidr, parseAddress } from './cidr.ts';

function bytesOf(text: string): number[] | null {
  const parsed = parseAddress(text);
  return parsed.ok ? [...parsed.value] : null;
}

function block(text: string): Cidr {
  const parsed = Cidr.parse(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function within(blockText: string, address: string): boolean {
  const parsed = parseAddress(address);
  assert.ok(parsed.ok, address);
  return block(blockText).contains(parsed.value);
}

test('plain spellings of addresses are read', () => {
  assert.deepEqual(bytesOf('192.0.2.7'), [192, 0, 2, 7]);
  assert.deepEqual(bytesOf('::'), new Array(16).fill(0));
  assert.deepEqual(bytesOf('::1')?.at(-1), 1);
  assert.deepEqual(bytesOf('2001:DB8:0:0:1::7'), bytesOf('2001:db8::1:0:0:7'));
  assert.deepEqual(bytesOf('64:ff9b::192.0.2.1')?.slice(12), [192, 0, 2, 1]);
  assert.deepEqual(bytesOf('1:2:3:4:5:6:7::'), [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]);
});

test('an IPv4-mapped address is the IPv4 address it means', () => {
  for (const text of ['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:FFFF:7F00:0001']) {
    assert.deepEqual(bytesOf(text), [127, 0, 0, 1], text);
  }
});

test('every other spelling is refused', () => {
  const hostile = ['', ' ', '127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '1.2.3.4.', '1.2.3.256', '1.2.3.04'];
  const more = ['1.2.3', '1.2.3.4.5', '-1.2.3.4', '1.2.3.4 ', '１.2.3.4', 'localhost', '[::1]', 'fe80::1%eth0', ':::'];
  const groups = [
    '1::2::3',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
  ];
  const dotted = [
    '1.2.3.4::',
    '::1.2.3.4:1',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6:7:8::',
    '::1\0',
    '1'.repeat(64),
  ];
  for (const text of [...hostile, ...more, ...groups, ...dotted]) assert.equal(bytesOf(text), null, text);
});

test('what is read as an address, Node reads as one too', () => {
  const piece = fc.constantFrom('1', '0', '255', 'ff', 'abcd', '.', ':', '::', '%', 'x', '00', '127.0.0.1');
  const soup = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.oneof(soup, fc.ipV4(), fc.ipV6()), (text) => {
      if (text.includes('%')) assert.equal(bytesOf(text), null);
      else assert.equal(bytesOf(text) !== null, isIPv4(text) || isIPv6(text), text);
    }),
  );
});

test('a block holds what shares its prefix and nothing else', () => {
  assert.ok(within('10.0.0.0/8', '10.255.255.255'));
  assert.ok(!within('10.0.0.0/8', '11.0.0.0'));
  assert.ok(within('172.16.0.0/12', '172.31.255.255'));
  assert.ok(!within('172.16.0.0/12', '172.32.0.0'));
  assert.ok(within('0.0.0.0/0', '255.255.255.255'));
  assert.ok(within('192.0.2.7', '192.0.2.7') && !within('192.0.2.7', '192.0.2.6'));
  assert.ok(within('fe80::/10', 'febf::1') && !within('fe80::/10', 'fec0::1'));
});

test('a mapped block is the IPv4 block, and the families never mix', () => {
  assert.ok(within('::ffff:10.0.0.0/104', '10.1.2.3'));
  assert.ok(within('10.0.0.0/8', '::ffff:10.1.2.3'));
  assert.ok(!within('::/0', '10.1.2.3'));
  assert.ok(!within('0.0.0.0/0', '::1'));
});

test('a block that says something other than it means is refused', () => {
  for (const text of ['10.1.0.0/8', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/8/8', '/8', '10.0.0.0/-1']) {
    assert.equal(Cidr.parse(text).ok, false, text);
  }
  for (const text of ['::/129', '::1/127', '::ffff:0.0.0.0/90', '10/8', '10.0.0.0/1e1', '10.0.0.0/+8']) {
    assert.equal(Cidr.parse(text).ok, false, text);
  }
});

test('a block holds exactly the addresses whose leading bits agree', () => {
  fc.assert(
    fc.property(fc.nat(32), fc.nat(0xffffffff), fc.nat(0xffffffff), (bits, a, b) => {
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
      const text = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
      const network = (a & mask) >>> 0;
      assert.equal(within(`${text(network)}/${bits}`, text(b)), (b & mask) >>> 0 === network);
    }),
  );
});
