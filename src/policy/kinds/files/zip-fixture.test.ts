// No tests here: archives for those that are. Kept apart from the product by its name.
import zlib from 'node:zlib';

/** An entry of an archive. */
export interface GoldenEntry {
  readonly name: string;
  readonly content?: string;
  /** In place of a content. */
  readonly bytes?: Buffer;
  /** So many bytes of zero, in place of a content. */
  readonly zeros?: number;
  readonly stored?: boolean;
  readonly flags?: number;
}

/** A ZIP archive of these entries. */
export function zipOf(entries: readonly GoldenEntry[]): Buffer {
  const pieces: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const { name, content = '', bytes: given = Buffer.from(content), zeros, stored = false, flags = 0 } of entries) {
    const bytes = zeros === undefined ? given : Buffer.alloc(zeros);
    const packed = stored ? bytes : zlib.deflateRawSync(bytes);
    const raw = Buffer.from(name);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(flags, 2);
    about.writeUInt16LE(stored ? 0 : 8, 4);
    about.writeUInt32LE(zlib.crc32(bytes), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(bytes.length, 18);
    about.writeUInt16LE(raw.length, 22);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(at, 10);
    pieces.push(Buffer.from('PK\x03\x04'), about, raw, packed);
    list.push(Buffer.from('PK\x01\x02\x14\0'), about, where, raw);
    at += 4 + about.length + raw.length + packed.length;
  }
  const central = Buffer.concat(list);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...pieces, central, Buffer.from('PK\x05\x06'), end]);
}
