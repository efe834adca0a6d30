import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import {
  type CodingFault,
  type ContentCoding,
  contentCodingOf,
  decodeAside,
  DECODED_LIMIT_BYTES,
  decodedLimitOf,
  decodeNow,
} from './content-coding.ts';

const ENCODE: Readonly<Record<ContentCoding, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
};
const CODINGS = Object.keys(ENCODE) as readonly ContentCoding[];
const TEXT = Buffer.from(JSON.stringify({ items: Array.from({ length: 200 }, (_, id) => ({ id, name: `n${id}` })) }));

/** What becomes of these bytes, which must be the same in both ways. */
async function decode(coding: ContentCoding, bytes: Buffer, limitBytes = 100_000): Promise<Buffer | CodingFault> {
  const now = decodeNow({ bytes, coding, limitBytes });
  const aside = await decodeAside({ bytes, coding, limitBytes });
  assert.deepEqual(now, aside, `${coding}: ${bytes.toString('hex', 0, 40)}`);
  return now.ok ? now.value : now.error;
}

test('a coding has one name, in any case, and everything else is unknown', () => {
  for (const field of [null, 'identity', 'Identity']) assert.equal(contentCodingOf(field), 'none');
  for (const [field, coding] of [
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['X-GZIP', 'gzip'],
    ['deflate', 'deflate'],
    ['BR', 'br'],
    ['Zstd', 'zstd'],
  ] as const)
    assert.equal(contentCodingOf(field), coding, field);
  const unknown = ['', 'gzip, gzip', 'gzip, br', 'identity, gzip', 'gzip,', ',gzip', 'gzip;q=1', '"gzip"', 'gz', '*'];
  const others = ['compress', 'x-compress', 'aes128gcm', 'dcz', '__proto__', 'constructor', 'toString', 'gzip\u0000'];
  for (const field of [...unknown, ...others]) assert.equal(contentCodingOf(field), 'unknown', field);
});

test('what was coded comes back, however large', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.constantFrom(...CODINGS), async (given, coding) => {
      assert.deepEqual(await decode(coding, ENCODE[coding](given)), Buffer.from(given));
    }),
    { numRuns: 60 },
  );
  const large = Buffer.alloc(3_000_000, TEXT);
  for (const coding of CODINGS) assert.deepEqual(await decode(coding, ENCODE[coding](large), 3_000_000), large, coding);
});

test('a body may hold exactly as much as its limit', async () => {
  for (const coding of CODINGS) {
    const coded = ENCODE[coding](TEXT);
    assert.deepEqual(await decode(coding, coded, TEXT.length), TEXT, coding);
    assert.equal(await decode(coding, coded, TEXT.length - 1), 'too-large', coding);
    assert.equal(await decode(coding, coded, 0), 'too-large', coding);
  }
});

test('the limit is a hundred times what came, and never more than 10 MiB', () => {
  assert.deepEqual([0, 10, 65_536, 1 << 30].map(decodedLimitOf), [1_024, 2_024, 6_554_624, DECODED_LIMIT_BYTES]);
});

test('a bomb of any coding is found out when it has given as much as it may', async () => {
  const zeros = Buffer.alloc(50 * 1024 * 1024);
  for (const coding of CODINGS) {
    const bomb = ENCODE[coding](zeros);
    assert.ok(bomb.length < 60_000, `${coding}: ${bomb.length}`);
    assert.equal(await decode(coding, bomb, decodedLimitOf(bomb.length)), 'too-large', coding);
  }
  // Packed twice, the inner one stays what it is: bytes.
  const twice = zlib.gzipSync(zlib.gzipSync(zeros));
  const once = await decode('gzip', twice);
  assert.ok(Buffer.isBuffer(once) && once.equals(zlib.gzipSync(zeros)));
});

test('a body that is cut anywhere is malformed', async () => {
  const short = Buffer.from('{"item":"tea"}');
  for (const coding of CODINGS) {
    const coded = ENCODE[coding](short);
    for (let length = 0; length < coded.length; length++)
      assert.equal(await decode(coding, coded.subarray(0, length)), 'malformed', `${coding} ${length}`);
  }
});

test('what stands behind the end is malformed, zeros too', async () => {
  for (const coding of CODINGS) {
    for (const tail of ['x', '\0', '\0\0\0\0', '\x1f', '\x1f\x8b', '{"role":"admin"}', '\x28\xb5\x2f\xfd']) {
      const bytes = Buffer.concat([ENCODE[coding](TEXT), Buffer.from(tail, 'latin1')]);
      assert.equal(await decode(coding, bytes), 'malformed', `${coding} ${JSON.stringify(tail)}`);
    }
  }
});

test('several members of gzip and frames of zstd are one body, and two bodies of the others are malformed', async () => {
  for (const coding of CODINGS) {
    const twice = Buffer.concat([ENCODE[coding](TEXT), ENCODE[coding](TEXT)]);
    const expected = coding === 'gzip' || coding === 'zstd' ? Buffer.concat([TEXT, TEXT]) : 'malformed';
    assert.deepEqual(await decode(coding, twice), expected, coding);
  }
  // All members count against the limit together.
  const many = Buffer.concat(Array.from({ length: 20 }, () => zlib.gzipSync(TEXT)));
  assert.equal(await decode('gzip', many, TEXT.length * 20 - 1), 'too-large');
});

test('what is coded in another way than it says is malformed', async () => {
  for (const coding of CODINGS) {
    for (const other of CODINGS) {
      if (other !== coding) assert.equal(await decode(coding, ENCODE[other](TEXT)), 'malformed', `${coding} ${other}`);
    }
    assert.equal(await decode(coding, TEXT), 'malformed', coding);
  }
  // RFC 9110 §8.4.1.2: deflate has the frame of zlib.
  assert.equal(await decode('deflate', zlib.deflateRawSync(TEXT)), 'malformed');
});

test('a sum that is wrong, a dictionary and a window that is too large are malformed', async () => {
  const flipped = zlib.gzipSync(TEXT);
  flipped[flipped.length - 6] = (flipped.at(-6) ?? 0) ^ 1;
  assert.equal(await decode('gzip', flipped), 'malformed');
  assert.equal(await decode('deflate', zlib.deflateSync(TEXT, { dictionary: TEXT.subarray(0, 50) })), 'malformed');
  const windowOf = (log: number): Buffer =>
    zlib
      .zstdCompressSync(Buffer.concat([TEXT, TEXT]), { params: { [zlib.constants.ZSTD_c_contentSizeFlag]: 0 } })
      .fill((log - 10) << 3, 5, 6);
  assert.deepEqual(await decode('zstd', windowOf(23)), Buffer.concat([TEXT, TEXT]));
  assert.equal(await decode('zstd', windowOf(24)), 'malformed');
  const large = { [zlib.constants.BROTLI_PARAM_LARGE_WINDOW]: 1, [zlib.constants.BROTLI_PARAM_LGWIN]: 28 };
  assert.equal(await decode('br', zlib.brotliCompressSync(TEXT, { params: large })), 'malformed');
});

test('no bytes at all make it throw or give more than they may', async () => {
  const start = fc.constantFrom(...CODINGS.map((coding) => ENCODE[coding](TEXT).subarray(0, 40)), Buffer.alloc(0));
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...CODINGS),
      async (head, tail, coding) => {
        const decoded = await decode(coding, Buffer.concat([head, tail]), 1_000);
        if (Buffer.isBuffer(decoded)) assert.ok(decoded.length <= 1_000);
      },
    ),
    { numRuns: 300 },
  );
});
