import { isAscii, isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../../base/index.ts';
import { bufferOf } from '../text.ts';
import type { Turns } from '../turns.ts';
import type { ArchiveFault } from './archive-fault.ts';
import { isInside, placeOf } from './entry-name.ts';
import { findDirectory } from './zip-end.ts';

/** One entry of a ZIP archive. */
export interface ZipEntry {
  /** As the archive writes it; inside of the folder that it is unpacked into. */
  readonly name: string;
  /** 0: as it is, 8: deflated; another one nobody here unpacks. */
  readonly method: number;
  readonly encrypted: boolean;
  /** The bytes as they stand in the archive. */
  readonly packed: Buffer;
  /** What it says to hold when it is unpacked, in bytes, and the CRC-32 of that. */
  readonly size: number;
  readonly crc: number;
}

/** An entry on its way, with where it stands. */
interface Place extends ZipEntry {
  readonly start: number;
  readonly flags: number;
  readonly rawName: Buffer;
  readonly packedSize: number;
}

const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL_LENGTH = 46;
const LOCAL_LENGTH = 30;
const ENCRYPTED = 0x0001;
const DESCRIBED_BEHIND = 0x0008;
const STRONGLY_ENCRYPTED = 0x0040;
const UTF8_NAME = 0x0800;
const MASKED = 0x2000;
const AES = 99;
const STORED = 0;
const FULL = 0xffff_ffff;
/** What looking at one entry takes, in bytes: once in the list, and once before the entry. */
const ENTRY_BYTES = 2_048;

/**
 * Reads the list of a ZIP archive (APPNOTE.TXT 6.3) so that every reader sees the same: whoever goes by the list at the
 * end, and whoever goes by the heads before the entries. All of both must agree, the entries follow each other from the
 * first byte on without a gap, none shares a byte with another, and nothing stands behind the end.
 * Takes time linear in the list, in turns; what entries hold is looked at by whoever unpacks them.
 */
export async function readZip(
  bytes: Uint8Array,
  entryLimit: number,
  turns: Turns,
): Promise<Result<readonly ZipEntry[], ArchiveFault>> {
  const archive = bufferOf(bytes);
  const directory = findDirectory(archive);
  if (directory === null) return err('malformed');
  if (directory.count > entryLimit) return err('entries');
  const entries: Place[] = [];
  const places = new Set<string>();
  let at = directory.start;
  for (let index = 0; index < directory.count; index++) {
    const read = readCentral(archive, at, directory.end);
    if (!read.ok) return read;
    const { entry, next } = read.value;
    // Additional fields are gone through several times.
    const turn = turns.spend(ENTRY_BYTES + 4 * (next - at));
    if (turn !== null) await turn;
    at = next;
    const place = placeOf(entry.name);
    if (places.has(place)) return err('name');
    places.add(place);
    entries.push(entry);
  }
  if (at !== directory.end) return err('malformed');
  const fault = await layoutFault({ archive, entries, listStart: directory.start }, turns);
  return fault === null ? ok(entries) : err(fault);
}

function readCentral(
  archive: Buffer,
  at: number,
  end: number,
): Result<{ readonly entry: Place; readonly next: number }, ArchiveFault> {
  if (at + CENTRAL_LENGTH > end || archive.readUInt32LE(at) !== CENTRAL) return err('malformed');
  const nameEnd = at + CENTRAL_LENGTH + archive.readUInt16LE(at + 28);
  const extraEnd = nameEnd + archive.readUInt16LE(at + 30);
  const next = extraEnd + archive.readUInt16LE(at + 32);
  if (next > end || archive.readUInt16LE(at + 34) !== 0) return err('malformed');
  const rawName = archive.subarray(at + CENTRAL_LENGTH, nameEnd);
  const flags = archive.readUInt16LE(at + 8);
  const extra = archive.subarray(nameEnd, extraEnd);
  const sizes = sizesOf(archive, at, extra);
  const name = nameOf(rawName, flags);
  if (sizes === null || name === null || (flags & MASKED) !== 0) return err('malformed');
  if (!isInside(name) || !saysNoOtherName(extra, { name, flags, rawName })) return err('name');
  if (!isPlain(archive.readUInt16LE(at + 40))) return err('link');
  const method = archive.readUInt16LE(at + 10);
  const encrypted = (flags & (ENCRYPTED | STRONGLY_ENCRYPTED)) !== 0 || method === AES;
  const { start, packedSize, size } = sizes;
  const dataEnd = start + packedSize;
  if (start < 0 || packedSize < 0 || size < 0 || dataEnd > archive.length) return err('malformed');
  // A folder holds nothing; and what is stored is as long as it is.
  if (name.endsWith('/') && size !== 0) return err('malformed');
  if (method === STORED && !encrypted && packedSize !== size) return err('malformed');
  const crc = archive.readUInt32LE(at + 16);
  const packed = archive.subarray(0, 0);
  return ok({ entry: { name, method, encrypted, packed, size, crc, start, flags, rawName, packedSize }, next });
}

/** Sizes and place, which stand in the extra field of ZIP64 (§4.5.3) where the head has no room for them. */
function sizesOf(
  archive: Buffer,
  at: number,
  extra: Buffer,
): { readonly size: number; readonly packedSize: number; readonly start: number } | null {
  const said = [archive.readUInt32LE(at + 24), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 42)];
  const long = extraOf(extra, 0x0001);
  if (long === 'malformed') return null;
  if (!said.includes(FULL)) {
    const [size, packedSize, start] = said as [number, number, number];
    return { size, packedSize, start };
  }
  if (long === null) return null;
  let from = 0;
  const [size, packedSize, start] = said.map((short) => {
    if (short !== FULL) return short;
    from += 8;
    return from > long.length ? -1 : safeNumber(long.readBigUInt64LE(from - 8));
  }) as [number, number, number];
  return { size, packedSize, start };
}

function safeNumber(big: bigint): number {
  return big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : -1;
}

/** The content of the one extra field with this number; null where there is none. */
function extraOf(extra: Buffer, number: number): Buffer | 'malformed' | null {
  let found: Buffer | null = null;
  for (let at = 0; at < extra.length; ) {
    // Alignment leaves up to three zeros behind the last one.
    if (at + 4 > extra.length) return extra.subarray(at).every((byte) => byte === 0) ? found : 'malformed';
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length) return 'malformed';
    if (extra.readUInt16LE(at) === number) {
      if (found !== null) return 'malformed';
      found = extra.subarray(at + 4, end);
    }
    at = end;
  }
  return found;
}

/**
 * Info-ZIP's second name (§4.6.9) is the one that some readers take. It must be the first one; where nobody knows what the
 * bytes of that mean, it must be fit to be one.
 */
function saysNoOtherName(extra: Buffer, { name, flags, rawName }: Pick<Place, 'name' | 'flags' | 'rawName'>): boolean {
  const other = extraOf(extra, 0x7075);
  if (other === null) return true;
  if (other === 'malformed' || other.length < 6) return false;
  const said = other.subarray(5);
  const isKnown = isAscii(rawName) || (flags & UTF8_NAME) !== 0;
  return isUtf8(said) && (isKnown ? said.toString('utf8') === name : isInside(said.toString('utf8')));
}

/** UTF-8 where the archive says so; else each byte for itself, since what code page is meant nobody knows. */
function nameOf(raw: Buffer, flags: number): string | null {
  if (isAscii(raw)) return raw.toString('latin1');
  if ((flags & UTF8_NAME) === 0) return raw.toString('latin1');
  return isUtf8(raw) ? raw.toString('utf8') : null;
}

/** The kind of file as Unix keeps it: none said, a file, or a folder. Links lead elsewhere once they are unpacked. */
function isPlain(mode: number): boolean {
  const kind = mode & 0o170000;
  return kind === 0 || kind === 0o100000 || kind === 0o040000;
}

/** The entries that the list speaks of, and where it begins. */
interface Layout {
  readonly archive: Buffer;
  readonly entries: readonly Place[];
  readonly listStart: number;
}

/** Holds the heads before the entries to the list, and sets what each has packed. */
async function layoutFault({ archive, entries, listStart }: Layout, turns: Turns): Promise<ArchiveFault | null> {
  const inOrder = entries.toSorted((one, other) => one.start - other.start);
  const entriesEnd = listEnd(archive, listStart);
  let at = 0;
  for (const [index, entry] of inOrder.entries()) {
    if (entry.start < at) return 'overlap';
    if (entry.start > at) return 'malformed';
    const end = inOrder[index + 1]?.start ?? entriesEnd;
    if (end < entry.start + LOCAL_LENGTH) return index + 1 < inOrder.length ? 'overlap' : 'malformed';
    const dataStart = localFault(archive, entry, end);
    if (typeof dataStart === 'string') return dataStart;
    const dataEnd = dataStart + entry.packedSize;
    if (dataEnd > end) return 'overlap';
    const behind = archive.subarray(dataEnd, end);
    const described = (entry.flags & DESCRIBED_BEHIND) !== 0;
    if (described ? !describes(behind, entry) : behind.length > 0) return 'malformed';
    (entry as { packed: Buffer }).packed = archive.subarray(dataStart, dataEnd);
    const turn = turns.spend(ENTRY_BYTES + 4 * (dataStart - entry.start));
    if (turn !== null) await turn;
    at = end;
  }
  return at === entriesEnd ? null : 'malformed';
}

const SIGNING_MAGIC = Buffer.from('APK Sig Block 42');

/** Where the entries end: before the list, or before what Android's packages are signed with (APK Signature Scheme v2). */
function listEnd(archive: Buffer, listStart: number): number {
  if (listStart < 32 || !archive.subarray(listStart - 16, listStart).equals(SIGNING_MAGIC)) return listStart;
  const length = safeNumber(archive.readBigUInt64LE(listStart - 24));
  const start = listStart - length - 8;
  return length >= 24 && start >= 0 && safeNumber(archive.readBigUInt64LE(start)) === length ? start : listStart;
}

/** Where an entry's bytes begin; or why the head before them is not the one that the list speaks of. */
function localFault(archive: Buffer, entry: Place, end: number): number | ArchiveFault {
  const at = entry.start;
  if (at + LOCAL_LENGTH > end || archive.readUInt32LE(at) !== LOCAL) return 'malformed';
  const nameEnd = at + LOCAL_LENGTH + archive.readUInt16LE(at + 26);
  const dataStart = nameEnd + archive.readUInt16LE(at + 28);
  if (dataStart > end) return 'malformed';
  const extra = archive.subarray(nameEnd, dataStart);
  const same =
    archive.readUInt16LE(at + 6) === entry.flags &&
    archive.readUInt16LE(at + 8) === entry.method &&
    archive.subarray(at + LOCAL_LENGTH, nameEnd).equals(entry.rawName);
  if (!same) return 'malformed';
  if (!saysNoOtherName(extra, entry)) return 'name';
  const [crc, packedSize, size] = [14, 18, 22].map((offset) => archive.readUInt32LE(at + offset));
  if ((entry.flags & DESCRIBED_BEHIND) !== 0 && crc === 0 && isUnsaid(packedSize) && isUnsaid(size)) return dataStart;
  const long = extraOf(extra, 0x0001);
  if (long === 'malformed') return 'malformed';
  const [longSize, longPacked] = long === null || long.length < 16 ? [-1, -1] : [0, 8].map((from) => bigAt(long, from));
  const agrees =
    crc === entry.crc &&
    (packedSize === FULL ? longPacked : packedSize) === entry.packedSize &&
    (size === FULL ? longSize : size) === entry.size;
  return agrees ? dataStart : 'malformed';
}

function isUnsaid(size: number | undefined): boolean {
  return size === 0 || size === FULL;
}

function bigAt(bytes: Buffer, at: number): number {
  return safeNumber(bytes.readBigUInt64LE(at));
}

/** Whether this is the descriptor behind an entry (§4.3.9): with or without a mark, with short or long sizes. */
function describes(behind: Buffer, { crc, packedSize, size }: Place): boolean {
  const marked = behind.length === 16 || behind.length === 24;
  if (!marked && behind.length !== 12 && behind.length !== 20) return false;
  if (marked && behind.readUInt32LE(0) !== DESCRIPTOR) return false;
  const rest = marked ? behind.subarray(4) : behind;
  const short = rest.length === 12;
  const saidPacked = short ? rest.readUInt32LE(4) : bigAt(rest, 4);
  const saidSize = short ? rest.readUInt32LE(8) : bigAt(rest, 12);
  return rest.readUInt32LE(0) === crc && saidPacked === packedSize && saidSize === size;
}
