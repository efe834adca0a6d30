import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { decodeSingleMember } from './single-member.ts';

const TEXT = Buffer.from('a message, a message, a message');

function said(bytes: Buffer, limitBytes = 1_000): string {
  const decoded = decodeSingleMember(bytes, limitBytes);
  return decoded.ok ? decoded.value.toString() : decoded.error;
}

test('gzip of one member is undone, at any level and of nothing too', () => {
  for (const level of [0, 1, 6, 9]) assert.equal(said(zlib.gzipSync(TEXT, { level })), TEXT.toString());
  assert.equal(said(zlib.gzipSync(Buffer.alloc(0))), '');
});

test('what readers take in different ways is malformed: more members, optional parts, octets behind', () => {
  const one = zlib.gzipSync(TEXT);
  const nothing = zlib.gzipSync(Buffer.alloc(0));
  for (const bytes of [
    Buffer.concat([one, one]),
    Buffer.concat([nothing, one]),
    Buffer.concat([one, nothing]),
    Buffer.concat([one, Buffer.of(0)]),
    Buffer.concat([one.subarray(0, 3), Buffer.of(8), one.subarray(4, 10), Buffer.from('name\0'), one.subarray(10)]),
    one.subarray(0, -1),
    one.subarray(1),
    Buffer.alloc(0),
    zlib.deflateSync(TEXT),
    zlib.deflateRawSync(TEXT),
  ])
    assert.equal(said(bytes), 'malformed', bytes.toString('hex'));
  for (const at of [0, 1, 2, 3, 12, one.length - 8, one.length - 1]) {
    const bent = Buffer.from(one);
    bent[at] = (bent[at] as number) ^ 0x10;
    assert.equal(said(bent), 'malformed', String(at));
  }
});

test('no more is unpacked than may be', () => {
  const bomb = zlib.gzipSync(Buffer.alloc(1_000_000));
  assert.equal(said(bomb, 999_999), 'too-large');
  assert.equal(said(bomb, 1_000_000).length, 1_000_000);
});
