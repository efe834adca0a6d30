import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import zlib from 'node:zlib';
import type { ContentCoding } from './content-coding.ts';
import { decodeStart } from './start-decoding.ts';

const CODERS: Readonly<Record<ContentCoding, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
};

const codings = Object.keys(CODERS) as ContentCoding[];
/** Random digits, so that the half of what is coded holds about a half. */
const TEXT = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 7919 + (at >> 3) * 104_729) % 997).join(''));

for (const coding of codings) {
  test(`the start of a body in ${coding} is what its first bytes hold, and no more than is wanted`, async () => {
    const coded = CODERS[coding](TEXT);
    assert.deepEqual(await decodeStart({ bytes: coded, coding, limitBytes: TEXT.length * 2 }), TEXT);
    assert.deepEqual(await decodeStart({ bytes: coded, coding, limitBytes: 100 }), TEXT.subarray(0, 100));
    const half = await decodeStart({ bytes: coded.subarray(0, coded.length >> 1), coding, limitBytes: TEXT.length });
    if (half !== null) assert.deepEqual(half, TEXT.subarray(0, half.length));
    assert.ok(coding === 'zstd' || (half !== null && half.length > 100));
  });

  test(`bytes that are not in ${coding} hold nothing, and neither do none`, async () => {
    for (const bytes of [Buffer.from('<html>no coding at all</html>'), Buffer.alloc(0)]) {
      assert.equal(await decodeStart({ bytes, coding, limitBytes: 1_000 }), null);
    }
  });
}

test('of a bomb no more is made than is wanted', async () => {
  for (const coding of codings) {
    const bytes = CODERS[coding](Buffer.alloc(30_000_000));
    const before = process.memoryUsage().arrayBuffers;
    assert.equal((await decodeStart({ bytes, coding, limitBytes: 1_000 }))?.length, 1_000);
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000, coding);
  }
});

test('a window that is larger than any reader has to have is not made', async () => {
  const params = { [zlib.constants.ZSTD_c_windowLog]: 27 };
  // Of a length that is not said, since the window of a short text is as large as that.
  const coder = zlib.createZstdCompress({ params });
  const pieces: Buffer[] = [];
  coder.on('data', (piece: Buffer) => pieces.push(piece));
  coder.write(TEXT);
  coder.end();
  await once(coder, 'end');
  assert.equal(await decodeStart({ bytes: Buffer.concat(pieces), coding: 'zstd', limitBytes: 1_000 }), null);
});
