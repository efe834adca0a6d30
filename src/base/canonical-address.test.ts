import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress } from './canonical-address.ts';
import { parseAddress } from './cidr.ts';

test('every spelling of an address gives the same text', () => {
  for (const [text, canonical] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:C000:0207', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['2001:0db8::0007', '2001:db8::7'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
  ] as const)
    assert.equal(canonicalAddress(text), canonical);
});

test('what is no plain address is none', () => {
  for (const text of ['', 'x', '1.2.3', '01.2.3.4', '[::1]', 'fe80::1%eth0', '1.2.3.4:5', ' ::1', '1'.repeat(99)])
    assert.equal(canonicalAddress(text), null, text);
});

test('the text means the same address, and is its own canonical form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const parsed = parseAddress(text);
      if (!parsed.ok) return;
      const canonical = canonicalAddress(text) as string;
      assert.deepEqual(parseAddress(canonical), parsed);
      assert.equal(canonicalAddress(canonical), canonical);
    }),
  );
});
