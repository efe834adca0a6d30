import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from '../../../src/wire/http2/hpack-decoder.ts';
import { encodeFields } from '../../../src/wire/http2/hpack-encoder.ts';
import { REPLY_RULES } from '../../../src/wire/http2/hpack-field.ts';
import { type Field, huffmanString, IndexingEncoder, integer, literals, readPlainBlock } from './hpack.ts';

// What the lane writes is read by the gateway's decoder, and the other way round: neither knows the other's code.

function newDecoder(): (block: Buffer) => Field[] {
  const decoder = new HpackDecoder(REPLY_RULES, 4_096, { fieldsPerBlock: 1_000 });
  return (block) => {
    const fields: Field[] = [];
    const into = { field: ({ name, value }: { name: string; value: string }) => fields.push([name, value]) };
    assert.equal(decoder.decode(block, 0, block.length, into), null);
    return fields;
  };
}

const text = fc.string({ unit: fc.nat({ max: 255 }).map((octet) => String.fromCharCode(octet)), maxLength: 40 });
const field: fc.Arbitrary<Field> = fc.tuple(
  fc.oneof(fc.constantFrom('x-a', ':path', 'cookie'), text),
  fc.oneof(text, fc.constantFrom('1', 'v'.repeat(300), 'w'.repeat(5_000))),
);

test('fields are the same behind all three ways of writing them', () => {
  fc.assert(
    fc.property(fc.array(fc.array(field, { maxLength: 6 }), { maxLength: 8 }), (blocks) => {
      const decode = newDecoder();
      const encoder = new IndexingEncoder();
      for (const fields of blocks) {
        assert.deepEqual(decode(literals(fields)), fields);
        assert.deepEqual(decode(literals(fields, huffmanString)), fields);
        assert.deepEqual(decode(encoder.block(fields)), fields);
      }
    }),
    { numRuns: 200 },
  );
});

test('a field that is sent again is one index', () => {
  const encoder = new IndexingEncoder();
  assert.ok(encoder.block([['x-a', 'some value']]).length > 10);
  assert.deepEqual(encoder.block([['x-a', 'some value']]), Buffer.of(0x80 | 62));
  assert.deepEqual(encoder.block([['x-a', 'v'.repeat(5_000)]]).subarray(0, 1), Buffer.of(0x40 | 62));
  assert.ok(encoder.block([['x-a', 'some value']]).length > 10, 'what is larger than the table empties it');
});

test('each entry of the static table is read as the gateway reads it', () => {
  const decode = newDecoder();
  for (let index = 1; index <= 61; index++)
    assert.deepEqual(readPlainBlock(integer(index, 7, 0x80)), decode(integer(index, 7, 0x80)));
  assert.throws(() => readPlainBlock(integer(62, 7, 0x80)), /no static entry/);
});

test('what the gateway writes is read, and what it never writes is not', () => {
  const pairs = [
    ':status',
    '200',
    'content-type',
    'text/plain',
    'x-long',
    'v'.repeat(2_000),
    'set-cookie',
    'a=1',
    'x',
    '',
  ];
  const fields = readPlainBlock(Buffer.from(encodeFields(pairs), 'latin1'));
  assert.deepEqual(fields.flat(), pairs);
  assert.throws(() => readPlainBlock(new IndexingEncoder().block([['x', '1']])), /dynamic table/);
  assert.throws(() => readPlainBlock(literals([['x', '1']], huffmanString)), /Huffman/);
  assert.throws(() => readPlainBlock(Buffer.of(0, 5, 0x78)), /beyond its block/);
  assert.throws(() => readPlainBlock(Buffer.of(0)), /too early/);
});
