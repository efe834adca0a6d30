import zlib from 'node:zlib';
import { err, ok, type Result } from '../base/index.ts';
import type { CodingFault } from './content-coding.ts';

/** RFC 1952 §2.3: a head without optional parts, and a tail of a checksum and a length. */
const HEAD_BYTES = 10;
const TAIL_BYTES = 8;
const [MAGIC_1, MAGIC_2, DEFLATE] = [0x1f, 0x8b, 8];

/**
 * Undoes gzip of one member, whose head has no optional parts and behind which nothing stands: what any reader takes for
 * the same, whether it reads members behind the first or not. So that it may go on as it came.
 */
export function decodeSingleMember(bytes: Buffer, limitBytes: number): Result<Buffer, CodingFault> {
  const [first, second, method, flags] = bytes;
  if (bytes.length < HEAD_BYTES + TAIL_BYTES) return err('malformed');
  if (first !== MAGIC_1 || second !== MAGIC_2 || method !== DEFLATE || flags !== 0) return err('malformed');
  const tail = bytes.length - TAIL_BYTES;
  const coded = bytes.subarray(HEAD_BYTES, tail);
  try {
    const options = { info: true, maxOutputLength: Math.max(1, limitBytes) } as const;
    const { buffer, engine } = zlib.inflateRawSync(coded, options) as unknown as Inflated;
    const isWhole = engine.bytesWritten === coded.length && bytes.readUInt32LE(tail + 4) === buffer.length;
    return isWhole && bytes.readUInt32LE(tail) === zlib.crc32(buffer) ? ok(buffer) : err('malformed');
  } catch (fault) {
    const code = fault instanceof Error && 'code' in fault ? fault.code : null;
    return err(code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed');
  }
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
