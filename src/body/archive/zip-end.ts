/** Where the list of a ZIP archive stands, and how many entries it has. */
export interface ZipDirectory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

const END = Buffer.from('PK\x05\x06', 'latin1');
const END_LENGTH = 22;
const COMMENT_LIMIT = 0xffff;
const LONG_END = 0x06064b50;
const LONG_END_LENGTH = 56;
const LOCATOR = 0x07064b50;
const LOCATOR_LENGTH = 20;
const CENTRAL = 0x02014b50;

/**
 * Finds the list by the record at the end (APPNOTE.TXT §4.3.16), which must be the last of its kind, with a comment that
 * ends where the archive does: readers that look for it differ on anything else. Null where there is none.
 */
export function findDirectory(archive: Buffer): ZipDirectory | null {
  if (archive.length < END_LENGTH) return null;
  const from = Math.max(0, archive.length - END_LENGTH - COMMENT_LIMIT);
  const tail = archive.subarray(from);
  const found = tail.lastIndexOf(END);
  const at = from + found;
  if (found < 0 || at + END_LENGTH > archive.length) return null;
  if (at + END_LENGTH + archive.readUInt16LE(at + 20) !== archive.length) return null;
  const [disk, listDisk, here, count] = [4, 6, 8, 10].map((offset) => archive.readUInt16LE(at + offset)) as Four;
  if (disk !== listDisk || here !== count) return null;
  const size = archive.readUInt32LE(at + 12);
  const start = archive.readUInt32LE(at + 16);
  const long = longDirectory(archive, at);
  if (long === 'malformed') return null;
  if (long === null) {
    if (disk !== 0) return null;
    return start + size === at ? { start, end: at, count } : null;
  }
  // What the short record says and need not leave open must be the same.
  const agrees =
    (disk === 0 || disk === 0xffff) &&
    (count === 0xffff || count === long.count) &&
    (size === 0xffff_ffff || size === long.end - long.start) &&
    (start === 0xffff_ffff || start === long.start);
  return agrees ? long : null;
}

type Four = [number, number, number, number];

/** The record of ZIP64 (§4.3.14) and what leads to it (§4.3.15), right before the short one; null where they are not there. */
function longDirectory(archive: Buffer, endAt: number): ZipDirectory | 'malformed' | null {
  const locator = endAt - LOCATOR_LENGTH;
  if (locator < 0 || archive.readUInt32LE(locator) !== LOCATOR) return null;
  const at = locator - LONG_END_LENGTH;
  if (at < 0 || archive.readUInt32LE(at) !== LONG_END) return 'malformed';
  const disks = [archive.readUInt32LE(locator + 4), archive.readUInt32LE(at + 16), archive.readUInt32LE(at + 20)];
  if (disks.some((disk) => disk !== 0) || archive.readUInt32LE(locator + 16) > 1) return 'malformed';
  const [where, length, here, count, size, start] = [locator + 8, at + 4, at + 24, at + 32, at + 40, at + 48].map(
    (offset) => archive.readBigUInt64LE(offset),
  ) as [bigint, bigint, bigint, bigint, bigint, bigint];
  const sound = where === BigInt(at) && length === BigInt(LONG_END_LENGTH - 12) && here === count;
  if (!sound || start + size !== BigInt(at) || count > BigInt(at)) return 'malformed';
  return { start: Number(start), end: at, count: Number(count) };
}

/**
 * Whether a reader of archives, which begins at the end, finds one, whatever else the bytes are: a list of files stands
 * before an end record, or where that says, since there are readers that go by one and by the other; or a record of ZIP64
 * says where. Takes time linear in the last 64 KiB.
 */
export function endsAsArchive(bytes: Buffer): boolean {
  const last = bytes.length - END_LENGTH;
  let at = bytes.indexOf(END, Math.max(0, last - COMMENT_LIMIT));
  for (; at !== -1 && at <= last; at = bytes.indexOf(END, at + END.length)) {
    if (isMarked(bytes, at - bytes.readUInt32LE(at + 12), CENTRAL)) return true;
    if (isMarked(bytes, bytes.readUInt32LE(at + 16), CENTRAL)) return true;
    if (isMarked(bytes, at - LOCATOR_LENGTH, LOCATOR)) return true;
  }
  return false;
}

function isMarked(bytes: Buffer, at: number, mark: number): boolean {
  return at >= 0 && at + 4 <= bytes.length && bytes.readUInt32LE(at) === mark;
}
