import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { CODES, codeOf, huffman, octetsOf } from './hpack-fixture.test.ts';
import { DECODED, decodeHuffman } from './hpack-huffman.ts';

const EOS = 256;

/** What octets say, or null where they are refused. */
function decoded(octets: Buffer): string | null {
  const end = decodeHuffman(octets, 0, octets.length, 0);
  return end < 0 ? null : DECODED.toString('latin1', 0, end);
}

/** Zeros and ones, filled up to whole octets with ones. */
function padded(bits: string): Buffer {
  return octetsOf(bits + '1'.repeat((8 - (bits.length % 8)) % 8));
}

test('every octet has the code of appendix B, wherever in an octet it begins', () => {
  assert.equal(CODES.length, 257);
  for (let octet = 0; octet < 256; octet++) {
    const character = String.fromCharCode(octet);
    // A zero has five bits, so eight of them begin at each place there is.
    for (let before = 0; before < 8; before++) {
      const zeros = '0'.repeat(before);
      assert.equal(decoded(huffman(`${zeros}${character}0`)), `${zeros}${character}0`, `${octet} behind ${before}`);
    }
  }
});

test('the examples of the RFC are read (RFC 7541 appendix C)', () => {
  for (const [octets, text] of [
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['6402', '302'],
    ['aec3771a4b', 'private'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
    ['640eff', '307'],
    ['9bd9ab', 'gzip'],
    [
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ] as const)
    assert.equal(decoded(Buffer.from(octets, 'hex')), text);
});

test('any octets come out as they went in', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = Buffer.from(octets).toString('latin1');
      assert.equal(decoded(huffman(text)), text);
    }),
    { numRuns: 1_000 },
  );
});

test('text is written where it is wanted, and only what lies between the two ends is read', () => {
  const octets = Buffer.concat([Buffer.of(0x00), huffman('no-cache'), Buffer.of(0x00)]);
  DECODED.fill('.', 0, 16);
  assert.equal(decodeHuffman(octets, 1, octets.length - 1, 3), 11);
  assert.equal(DECODED.toString('latin1', 0, 13), '...no-cache..');
  assert.equal(decodeHuffman(octets, 1, 1, 3), 3);
});

test('padding is ones, and fewer than eight (RFC 7541 §5.2)', () => {
  // The code of the zero has five bits, that of the semicolon eight.
  assert.equal(decoded(octetsOf('00000111')), '0');
  assert.equal(decoded(octetsOf('00000110')), null);
  assert.equal(decoded(octetsOf('00000011')), null);
  assert.equal(decoded(octetsOf('0000011111111111')), null);
  assert.equal(decoded(Buffer.concat([octetsOf(codeOf(0x3b)), Buffer.of(0xff)])), null);
  assert.equal(decoded(Buffer.of(0xff)), null);
  assert.equal(decoded(Buffer.of(0xfe)), null, 'a code cut short');
  for (let ones = 1; ones < 8; ones++) {
    // So many zeros end so many bits before the end of an octet.
    const zeros = '0'.repeat(Array.from(Array(8).keys()).find((count) => (count * 5 + ones) % 8 === 0) ?? 0);
    const bits = zeros.replaceAll('0', '00000');
    assert.equal(decoded(octetsOf(bits + '1'.repeat(ones))), zeros, `${ones}`);
    assert.equal(decoded(octetsOf(`${bits}${'1'.repeat(ones - 1)}0`)), null, `${ones}, the last one a zero`);
    assert.equal(decoded(octetsOf(bits + '1'.repeat(ones + 8))), null, `${ones + 8}`);
  }
});

test('EOS is refused wherever it stands', () => {
  const eos = codeOf(EOS);
  assert.equal(eos, '1'.repeat(30));
  for (const before of ['', '0', '00', '000', 'a;b', '\u0016'])
    for (const behind of ['', '0', 'www'])
      assert.equal(
        decoded(padded([...before].map(charCode).join('') + eos + [...behind].map(charCode).join(''))),
        null,
      );
});

function charCode(character: string): string {
  return codeOf(character.charCodeAt(0));
}

test('whatever the octets are, their text is what codes to them, or they are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
      const text = decoded(Buffer.from(octets));
      if (text !== null) assert.deepEqual(huffman(text), Buffer.from(octets));
    }),
    { numRuns: 3_000 },
  );
});

test('the longest string of a block has room behind the longest name; what has none is refused unread', () => {
  const zeros = huffman('0'.repeat(52_424));
  assert.equal(zeros.length, 32_765);
  assert.equal(decodeHuffman(zeros, 0, zeros.length, 16_354), 16_354 + 52_424);
  DECODED.fill('.', DECODED.length - 8);
  assert.equal(decodeHuffman(zeros, 0, zeros.length, DECODED.length - 8), -1);
  assert.equal(DECODED.toString('latin1', DECODED.length - 8), '........');
});
