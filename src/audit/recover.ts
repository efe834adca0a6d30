import { err, ok, type Result } from '../base/index.ts';
import type { FileFault, Segment, Segments } from '../ports/index.ts';
import {
  claimsOf,
  NO_HASH,
  readHeaderLine,
  readRecordLine,
  type SegmentFinding,
  segmentName,
  segmentNumber,
} from './line.ts';
import { isBlank, linesOf, type SegmentLine } from './segment-lines.ts';

/** Where a log goes on. */
export interface Recovered {
  /** The segment to write on in, open; null where a new one must begin. */
  readonly file: Segment | null;
  /** The newest number of a segment; 0 where there is none. */
  readonly segment: number;
  /** Behind the last whole line. */
  readonly position: number;
  /** Of the newest record, and of its line. */
  readonly sequence: number;
  readonly hash: string;
  /** What the next line in the segment is chained to: where it has no record yet, its header. */
  readonly lineHash: string;
  /** What stands in the way of going on in the newest segment; null where nothing does. */
  readonly found: SegmentFinding | null;
  /** What of a last line a crash left behind, in words; null where nothing. It has been cut away. */
  readonly torn: string | null;
}

/**
 * Reads the newest segment whole and finds where the log goes on. Zeros at its end are reserved space; a last line that
 * is not whole was never acknowledged and is cut away; anything else that does not fit is left as it is, and named. A
 * format that is not known is an error: nobody writes behind what he can't read.
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
  const none = { sequence: 0, hash: NO_HASH, lineHash: NO_HASH };
  return ok({ file: null, segment: 0, position: 0, ...none, found: null, torn: null });
}

function inWords({ detail }: FileFault): string {
  return `the ledger can not be read: ${detail}`;
}

function judged(file: Segment, number: number): Result<Recovered, string> {
  const recovered = recoverSegment(file, number);
  if (!recovered.ok || recovered.value.file === null) file.close();
  return recovered;
}

/** What is known of a segment that is read line by line. */
interface Walk {
  sequence: number;
  hash: string;
  lineHash: string;
  position: number;
  broken: string | null;
}

function recoverSegment(file: Segment, number: number): Result<Recovered, string> {
  const lines = linesOf(file);
  const first = lines.next();
  const walk: Walk = { sequence: 0, hash: NO_HASH, lineHash: NO_HASH, position: 0, broken: null };
  if (first.done === true) {
    walk.broken = first.value.kind === 'torn' ? 'its header is not whole' : first.value.detail;
    return ok(closed(walk, number));
  }
  const header = readHeaderLine(first.value.text);
  if (!header.ok && header.error.kind === 'version') {
    return err(`the ledger can not be continued: ${file.name}: ${header.error.detail}; run the version that wrote it`);
  }
  if (header.ok) {
    walk.sequence = header.value.header.firstSequence - 1;
    walk.hash = header.value.header.previous;
    walk.lineHash = header.value.hash;
  } else {
    walk.broken = header.error.detail;
  }
  walk.position = first.value.text.length + 1;
  let next = lines.next();
  for (; next.done !== true; next = lines.next()) follow(walk, next.value);
  const end = next.value;
  if (end.kind === 'damaged') walk.broken ??= end.detail;
  if (walk.broken !== null) return ok(closed(walk, number));
  if (end.kind === 'torn') {
    const cut = file.truncate(walk.position);
    if (!cut.ok) return err(inWords(cut.error));
  }
  const { sequence, hash, lineHash, position } = walk;
  const torn = end.kind === 'torn' ? end.detail : null;
  return ok({ file, segment: number, position, sequence, hash, lineHash, found: null, torn });
}

/** Behind a break only the numbers are of use: what comes next must not have one that stands there already. */
function follow(walk: Walk, { text, position }: SegmentLine): void {
  if (walk.broken === null) {
    const line = readRecordLine(text, walk.lineHash);
    if (line.ok && line.value.sequence === walk.sequence + 1) {
      walk.sequence++;
      walk.hash = line.value.hash;
      walk.lineHash = line.value.hash;
      walk.position = position + text.length + 1;
      return;
    }
    walk.broken = `behind record ${walk.sequence}: ${line.ok ? 'a record is missing' : line.error}`;
  }
  const claims = claimsOf(text);
  if (claims !== null && claims.sequence > walk.sequence && claims.sequence < Number.MAX_SAFE_INTEGER) {
    walk.sequence = claims.sequence;
  }
}

function closed({ sequence, hash, lineHash, broken }: Walk, segment: number): Recovered {
  const detail = `${segmentName(segment)}: ${broken ?? ''}`;
  return { file: null, segment, position: 0, sequence, hash, lineHash, found: { kind: 'broken', detail }, torn: null };
}
