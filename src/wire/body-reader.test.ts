import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from './body-reader.ts';
import type { BodyFraming } from './message.ts';

const read = (reader: BodyReader, text: string): { used: number; data: string | null } => {
  const { used, data } = reader.read(Buffer.from(text, 'latin1'));
  return { used, data: data === null ? null : data.toString('latin1') };
};

test('a body by length takes what belongs to it and leaves the rest', () => {
  const reader = new BodyReader({ kind: 'length', bytes: 8 });
  assert.equal(reader.announced, 8);
  assert.deepEqual(read(reader, 'hello'), { used: 5, data: 'hello' });
  assert.equal(reader.done, false);
  assert.deepEqual(read(reader, 'you GET'), { used: 3, data: 'you' });
  assert.equal(reader.done, true);
  assert.equal(reader.received, 8);
  assert.deepEqual(read(reader, ' GET'), { used: 0, data: null });
});

test('no body takes nothing', () => {
  const reader = new BodyReader({ kind: 'none' });
  assert.equal(reader.done, true);
  assert.deepEqual(read(reader, 'GET'), { used: 0, data: null });
});

test('a body until the close takes everything and is never done', () => {
  const reader = new BodyReader({ kind: 'until-close' });
  assert.equal(reader.endsByClose, true);
  assert.deepEqual(read(reader, 'hello'), { used: 5, data: 'hello' });
  assert.equal(reader.done, false);
  assert.equal(new BodyReader({ kind: 'length', bytes: 1 }).endsByClose, false);
});

test('the pieces of a chunked body come as one, and what follows the body is left as it was', () => {
  const reader = new BodyReader({ kind: 'chunked' });
  const long = 'x'.repeat(200);
  const bytes = Buffer.from(`5\r\nhello\r\n1;a\r\n \r\nc8\r\n${long}\r\n0\r\nX: 1\r\n\r\nGET / HTTP/1.1\r\n`);
  const { used, data } = reader.read(bytes);
  assert.equal(data?.toString(), `hello ${long}`);
  assert.equal(bytes.toString('latin1', used), 'GET / HTTP/1.1\r\n');
  assert.equal(reader.done, true);
  assert.equal(reader.received, 206);
});

test('a chunked body announces what its present chunk will bring', () => {
  const reader = new BodyReader({ kind: 'chunked' });
  read(reader, '5\r\nhello\r\n64\r\nabc');
  assert.equal(reader.received, 8);
  assert.equal(reader.announced, 105);
  const endless = new BodyReader({ kind: 'chunked' });
  read(endless, 'FFFFFFFFFFFFFFFF\r\nab');
  assert.equal(endless.announced, Number.POSITIVE_INFINITY);
  assert.equal(endless.failed, false);
});

test('a broken chunk fails the body', () => {
  const reader = new BodyReader({ kind: 'chunked' });
  read(reader, '5\r\nhello\r\nx');
  assert.equal(reader.failed, true);
  assert.equal(reader.done, false);
});

test('however a body is cut into reads, its data is the same', () => {
  const framings: readonly BodyFraming['kind'][] = ['length', 'chunked', 'until-close'];
  fc.assert(
    fc.property(
      fc.constantFrom(...framings),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { maxLength: 8 }),
      fc.array(fc.nat(600), { maxLength: 6 }),
      (kind, parts, cuts) => {
        const data = Buffer.concat(parts);
        const framed =
          kind === 'chunked'
            ? Buffer.concat([
                ...parts.map((part) =>
                  Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
                ),
                Buffer.from('0\r\n\r\n'),
              ])
            : data;
        const reader = new BodyReader(kind === 'length' ? { kind, bytes: data.length } : { kind });
        const marks = [0, ...cuts.filter((cut) => cut < framed.length).sort((a, b) => a - b), framed.length];
        const out: Buffer[] = [];
        for (let at = 1; at < marks.length; at++) {
          const piece = Buffer.from(framed.subarray(marks[at - 1], marks[at]));
          const read = reader.read(piece);
          assert.equal(read.used, piece.length);
          if (read.data !== null) out.push(read.data);
        }
        assert.deepEqual(Buffer.concat(out), data);
        assert.equal(reader.received, data.length);
        assert.equal(reader.done, kind !== 'until-close');
      },
    ),
  );
});
