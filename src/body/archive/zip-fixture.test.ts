// No tests here: archives for those that are. Kept apart from the product by its name.
import zlib from 'node:zlib';

/** What an entry is like, and what of it the two heads say otherwise. */
export interface MadeEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly stored?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly mode?: number;
  readonly packed?: Buffer;
  /** `behind`: sizes stand behind the entry. */
  readonly described?: 'behind' | 'behind-unmarked';
  readonly local?: Partial<Said>;
  readonly central?: Partial<Said>;
  readonly extra?: Buffer;
  /** In the place of `extra`, before the entry alone. */
  readonly localExtra?: Buffer;
}

interface Said {
  readonly name: string | Buffer;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly method: number;
  readonly flags: number;
  readonly start: number;
}

/** Bytes before, between and behind that do not belong there, and what the record at the end says. */
export interface MadeArchive {
  readonly before?: Buffer;
  readonly gap?: Buffer;
  readonly comment?: Buffer;
  readonly behind?: Buffer;
  readonly count?: number;
}

/** A ZIP archive of these entries. */
export function zipOf(entries: readonly MadeEntry[], more: MadeArchive = {}): Buffer {
  const pieces: Buffer[] = [more.before ?? Buffer.alloc(0)];
  const central: Buffer[] = [];
  let at = pieces[0]?.length ?? 0;
  for (const entry of entries) {
    const { content = '', described, extra = Buffer.alloc(0) } = entry;
    const bytes = Buffer.from(content as string);
    const stored = entry.stored ?? false;
    const packed = entry.packed ?? (stored ? bytes : zlib.deflateRawSync(bytes));
    const behind = described === undefined ? 0 : 0x0008;
    const said: Said = {
      name: entry.name,
      crc: zlib.crc32(bytes),
      packedSize: packed.length,
      size: bytes.length,
      method: entry.method ?? (stored ? 0 : 8),
      flags: (entry.flags ?? 0) | behind,
      start: at,
    };
    const local = described === undefined ? said : { ...said, crc: 0, packedSize: 0, size: 0 };
    const head = headOf({ ...local, ...entry.local }, entry.localExtra ?? extra);
    const marks = described === 'behind' ? [0x08074b50] : [];
    const descriptor = described === undefined ? [] : [...marks, said.crc, said.packedSize, said.size];
    const piece = Buffer.concat([head, packed, ...descriptor.map(int32)]);
    pieces.push(piece);
    at += piece.length;
    central.push(listed({ ...said, ...entry.central }, entry.mode ?? 0, extra));
  }
  pieces.push(more.gap ?? Buffer.alloc(0));
  const start = at + (more.gap?.length ?? 0);
  const list = Buffer.concat(central);
  const count = more.count ?? entries.length;
  const comment = more.comment ?? Buffer.alloc(0);
  const end = Buffer.concat([int32(0x06054b50), int16(0, 0, count, count), int32(list.length), int32(start)]);
  return Buffer.concat([...pieces, list, end, int16(comment.length), comment, more.behind ?? Buffer.alloc(0)]);
}

function headOf({ name, crc, packedSize, size, method, flags }: Said, extra: Buffer): Buffer {
  const raw = Buffer.from(name as string);
  const fixed = [int32(0x04034b50), int16(20, flags, method, 0, 0), int32(crc), int32(packedSize), int32(size)];
  return Buffer.concat([...fixed, int16(raw.length, extra.length), raw, extra]);
}

function listed({ name, crc, packedSize, size, method, flags, start }: Said, mode: number, extra: Buffer): Buffer {
  const raw = Buffer.from(name as string);
  return Buffer.concat([
    ...[int32(0x02014b50), int16(0x0314, 20, flags, method, 0, 0), int32(crc), int32(packedSize), int32(size)],
    ...[int16(raw.length, extra.length, 0, 0, 0, 0, mode), int32(start), raw, extra],
  ]);
}

function int16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16LE(value, 2 * index));
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A head of tar and what follows it, filled up to whole blocks. */
export function tarEntry(
  name: string,
  content: string | Buffer = '',
  more: { readonly kind?: string; readonly size?: string; readonly mode?: string; readonly ustar?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(content as string);
  const head = Buffer.alloc(512);
  head.write(name, 0, 100);
  head.write(more.mode ?? '0000644\0', 100);
  head.write(more.size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  head.write(more.kind ?? '0', 156);
  if (more.ustar !== false) head.write('ustar\x0000', 257, 'latin1');
  head.fill(0x20, 148, 156);
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** Heads and contents with the two blocks of zeros behind them. */
export function tarOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1_024)]);
}
