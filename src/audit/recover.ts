import { err, ok, type Result } from '../base/index.ts';
import type { FileFault, Segment, Segments } from '../ports/index.ts';
import { claimedBy, NO_HASH, readHeaderLine, type SegmentFinding, segmentName, segmentNumber } from './line.ts';
import { groupsOf } from './segment-groups.ts';
import { firstLineOf, isBlank, linesOf } from './segment-lines.ts';

/** Where a log goes on. */
export interface Recovered {
  /** The segment to write on in, open; null where a new one must begin. */
  readonly file: Segment | null;
  /** The newest number of a segment; 0 where there is none. */
  readonly segment: number;
  /** Behind the last whole block. */
  readonly position: number;
  /** Of the newest record, and of its block. */
  readonly sequence: number;
  readonly hash: string;
  /** What the next block in the segment is chained to: where it has no record yet, its header. */
  readonly linkHash: string;
  /** What stands in the way of going on in the newest segment; null where nothing does. */
  readonly found: SegmentFinding | null;
  /** What of a last block a crash left behind, in words; null where nothing. It has been cut away. */
  readonly torn: string | null;
}

/**
 * Reads the newest segment whole and finds where the log goes on. Zeros at its end are reserved space; a last block that
 * is not whole was never acknowledged and is cut away; anything else that does not fit is left as it is, and named. A
 * format that is not known is an error: nobody writes behind what he can't read. Behind the first version of it a new
 * segment begins.
 */
export async function recoverLog(segments: Segments): Promise<Result<Recovered, string>> {
  const listed = await segments.list();
  if (!listed.ok) return err(inWords(listed.error));
  const numbers = listed.value.flatMap((name) => segmentNumber(name) ?? []);
  for (const number of numbers.toReversed()) {
    const opened = await segments.open(segmentName(number), 'write');
    if (!opened.ok) return err(inWords(opened.error));
    const file = opened.value;
    if (!isBlank(file)) return judged(file, number);
    file.close();
    const removed = await segments.remove(segmentName(number));
    if (!removed.ok) return err(inWords(removed.error));
  }
  const none = { sequence: 0, hash: NO_HASH, linkHash: NO_HASH };
  return ok({ file: null, segment: 0, position: 0, ...none, found: null, torn: null });
}

function inWords({ detail }: FileFault): string {
  return `the ledger can not be read: ${detail}`;
}

async function judged(file: Segment, number: number): Promise<Result<Recovered, string>> {
  // What a killed process wrote may still be in the system's memory only, and what comes next is chained to it.
  const synced = await file.sync();
  const recovered = synced.ok ? recoverSegment(file, number) : err(inWords(synced.error));
  if (!recovered.ok || recovered.value.file === null) file.close();
  return recovered;
}

function recoverSegment(file: Segment, number: number): Result<Recovered, string> {
  const first = firstLineOf(file);
  if (first === null) return ok(broken(file, number, { detail: 'its header is not whole', sequence: 0 }));
  const read = readHeaderLine(first.text);
  if (!read.ok && read.error.kind === 'version') {
    return err(`the ledger can not be continued: ${file.name}: ${read.error.detail}; run the version that wrote it`);
  }
  if (!read.ok) return ok(broken(file, number, { detail: read.error.detail, sequence: 0 }));
  const { header, hash } = read.value;
  if (header.segment !== number) {
    const detail = `its header says that it is segment ${header.segment}`;
    return ok(broken(file, number, { detail, sequence: 0 }));
  }
  let position = first.text.length + 1;
  let newest = { sequence: header.firstSequence - 1, hash: header.previous, linkHash: hash };
  const groups = groupsOf(file, header.version, { position, sequence: newest.sequence, hash });
  let next = groups.next();
  for (; next.done !== true; next = groups.next()) {
    newest = { sequence: next.value.sequence, hash: next.value.hash, linkHash: next.value.hash };
    position = next.value.position;
  }
  const { kind, detail } = next.value;
  if (kind === 'damaged') {
    const words = `behind record ${newest.sequence}: ${detail}`;
    return ok({ ...broken(file, number, { detail: words, sequence: newest.sequence, position }), hash: newest.hash });
  }
  if (kind === 'torn') {
    const cut = file.truncate(position);
    if (!cut.ok) return err(inWords(cut.error));
  }
  const continued = header.version === 1 ? null : file;
  const torn = kind === 'torn' ? detail : null;
  return ok({ file: continued, segment: number, position, ...newest, found: null, torn });
}

/** Behind a break only the numbers are of use: what comes next must not have one that stands there already. */
function broken(
  file: Segment,
  segment: number,
  at: { readonly detail: string; readonly sequence: number; readonly position?: number },
): Recovered {
  let { sequence } = at;
  for (const { text } of linesOf(file, at.position ?? 0)) sequence = claimedBy(text, sequence);
  const found = { kind: 'broken', detail: `${segmentName(segment)}: ${at.detail}` } as const;
  return { file: null, segment, position: 0, sequence, hash: NO_HASH, linkHash: NO_HASH, found, torn: null };
}
