import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeptData } from './kept-data.ts';

/** Adds pieces of these lengths, each from memory that is used again behind it. */
function kept(lengths: readonly number[]): { readonly data: KeptData; readonly text: string } {
  const data = new KeptData();
  const lent = Buffer.alloc(20_000);
  let text = '';
  lengths.forEach((length, number) => {
    const octet = 97 + (number % 26);
    lent.fill(octet, 7, 7 + length);
    data.add(lent, 7, 7 + length);
    lent.fill('!');
    text += String.fromCharCode(octet).repeat(length);
  });
  return { data, text };
}

test('data come out as they went in, whatever their pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 18_000 }), { maxLength: 20 }), (lengths) => {
      const { data, text } = kept(lengths);
      assert.equal(data.bytes, text.length);
      assert.equal(Buffer.concat([...data.take()]).toString('latin1'), text);
    }),
  );
});

test('a window of single octets makes few blocks, and little more memory than octets', () => {
  const { data } = kept(Array.from({ length: 65_535 }, () => 1));
  const blocks = data.take();
  assert.ok(blocks.length < 12, `${blocks.length} blocks`);
  assert.ok(memoryOf(blocks) < 2 * 65_535);
});

test('no order of short and long pieces takes more than about twice its octets', () => {
  for (const lengths of [
    [1, 16_384],
    [1, 4_096],
    [16_384, 1],
    [9_000, 8_000, 1],
    [513, 1],
  ]) {
    const many = Array.from({ length: 60 }, () => lengths).flat();
    const { data, text } = kept(many);
    assert.ok(memoryOf(data.take()) < 2.2 * text.length, lengths.join());
  }
});

test('one piece takes exactly its memory', () => {
  const [block] = kept([300]).data.take();
  assert.equal(block?.buffer.byteLength, 300);
});

function memoryOf(blocks: readonly Buffer[]): number {
  return [...new Set(blocks.map(({ buffer }) => buffer))].reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}
