import { bufferOf } from '../text.ts';
import { isTar } from './tar.ts';

/** What an archive is, or a single file that is packed. `other`: one of those that nobody here unpacks. */
export type ArchiveFormat = 'zip' | 'tar' | 'gzip' | 'zstd' | 'other';

/** 7z, RAR, xz, bzip2, LZMA's own, lzip, LZ4, compress, Cabinet, ar (Debian packages), RPM, cpio, ARJ, LHA. */
const OTHERS: readonly RegExp[] = [
  /^(?:7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\0|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|LZIP\x01)/,
  /^(?:\x04\x22\x4d\x18|\x1f\x9d[\x80-\x9f]|MSCF\0{4}|!<arch>\n|\xed\xab\xee\xdb|07070[127]|\x5d\0\0[\0\x10\x20\x40\x80][\0-\x08])/,
  /^(?:\x60\xea[\0-\xff][\0-\x0a][\x1e-\x40]|[\0-\xff]{2}-l[hz][0-9a-z]-)/,
];

/** Tells an archive by its first bytes; null where it is none. An empty one of ZIP is nothing but its end. */
export function archiveFormat(bytes: Uint8Array): ArchiveFormat | null {
  const start = bufferOf(bytes).subarray(0, 512);
  const head = start.toString('latin1', 0, 16);
  if (/^PK(?:\x03\x04|\x05\x06|\x06\x06|\x07\x08|\x01\x02|00PK)/.test(head)) return 'zip';
  if (head.startsWith('\x1f\x8b\x08')) return 'gzip';
  if (/^(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)/.test(head)) return 'zstd';
  if (OTHERS.some((other) => other.test(head))) return 'other';
  return isTar(start) ? 'tar' : null;
}
