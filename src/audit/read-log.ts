import { err, type LedgerRecord, ok, type Result } from '../base/index.ts';
import type { FileFault, Segment, Segments } from '../ports/index.ts';
import { NO_HASH, readHeaderLine, type SegmentHeader, segmentName, segmentNumber } from './line.ts';
import { decodeRecord } from './record-text.ts';
import { type Group, groupsOf } from './segment-groups.ts';
import { firstLineOf, isBlank, type SegmentEnd } from './segment-lines.ts';

/** A log that is being written shows blocks half written for a moment: so often is looked again. */
const LOOKS = 4;

/** One record as it stands in the log; null where its text is none that this version knows. */
export interface LoggedRecord {
  readonly sequence: number;
  readonly record: LedgerRecord | null;
}

/** Where the chain does not hold. */
export interface ChainBreak {
  readonly segment: string;
  /** The last record before it that is well; 0 for none. */
  readonly behind: number;
  readonly detail: string;
}

/** What was read, and whether it is what was written. */
export interface LogReport {
  /** The first and last record that were read; null for none. */
  readonly first: number | null;
  readonly last: number | null;
  readonly segments: number;
  readonly breaks: readonly ChainBreak[];
  /** Whether the newest segment ends within a block: one is just being written, or a crash cut it. */
  readonly torn: boolean;
}

/** What of a log is wanted. */
export interface LogWish {
  /** Segments that hold nothing as young as this, in wall milliseconds, are left out; null for all. */
  readonly sinceMs: number | null;
  /** About so many of the newest records are enough; null for all. */
  readonly newest: number | null;
}

/**
 * Reads a log in its order, also while it is written, and holds every block against the one before. Behind a break the
 * rest of its segment is not read; the next one begins anew. A log that can't be read at all is an error in words.
 */
export async function readLog(
  segments: Segments,
  wish: LogWish,
  take: (logged: LoggedRecord) => void,
): Promise<Result<LogReport, string>> {
  const listed = await segments.list();
  if (!listed.ok) return err(listed.error.detail);
  const numbers = listed.value.flatMap((name) => segmentNumber(name) ?? []);
  const files: KnownSegment[] = [];
  for (const number of numbers) {
    const file = await look(segments, number);
    if (!file.ok) return file;
    if (file.value !== null) files.push(file.value);
  }
  const wanted = files.slice(firstWanted(files, wish));
  const reader = new LogReader(take);
  const successors = successorsOf(wanted);
  for (const [at, file] of wanted.entries()) {
    const opened = await segments.open(segmentName(file.number), 'read');
    if (!opened.ok) return err(opened.error.detail);
    reader.read(opened.value, file, { successor: successors[at] ?? null, newest: at === wanted.length - 1 });
    opened.value.close();
  }
  return ok(reader.report(wanted.length));
}

/** What is known of a segment before it is read. */
interface KnownSegment {
  readonly number: number;
  /** Null where its header is damaged. */
  readonly header: SegmentHeader | null;
}

/** Null for a segment that was made ready and never begun. */
async function look(segments: Segments, number: number): Promise<Result<KnownSegment | null, string>> {
  const opened: Result<Segment, FileFault> = await segments.open(segmentName(number), 'read');
  if (!opened.ok) return err(opened.error.detail);
  const file = opened.value;
  try {
    let first = firstLineOf(file);
    if (first === null && isBlank(file)) return ok(null);
    // One that is being written may have been begun between both looks.
    first ??= firstLineOf(file);
    if (first === null) return ok({ number, header: null });
    const header = readHeaderLine(first.text);
    if (!header.ok && header.error.kind === 'version') return err(`${file.name}: ${header.error.detail}`);
    return ok({ number, header: header.ok ? header.value.header : null });
  } finally {
    file.close();
  }
}

function firstWanted(files: readonly KnownSegment[], { sinceMs, newest }: LogWish): number {
  const last = files.at(-1)?.header?.firstSequence;
  let from = 0;
  for (const [at, { header }] of files.entries()) {
    if (header === null) continue;
    const early = sinceMs !== null && header.createdAt <= sinceMs;
    const enough = newest !== null && last !== undefined && last - header.firstSequence >= newest;
    if (early || enough) from = at;
  }
  return from;
}

/** For each segment, of the headers behind it the first one that begins with the lowest record; null where there is none. */
function successorsOf(files: readonly KnownSegment[]): readonly (SegmentHeader | null)[] {
  let least: SegmentHeader | null = null;
  return files
    .toReversed()
    .map(({ header }) => {
      const successor = least;
      if (header !== null && (least === null || header.firstSequence <= least.firstSequence)) least = header;
      return successor;
    })
    .toReversed();
}

class LogReader {
  readonly #take: (logged: LoggedRecord) => void;
  readonly #breaks: ChainBreak[] = [];
  #first: number | null = null;
  #last: number | null = null;
  /** What the next header must be chained to; null where the chain begins anew. */
  #previous: readonly string[] | null = null;
  #torn = false;

  constructor(take: (logged: LoggedRecord) => void) {
    this.#take = take;
  }

  report(segments: number): LogReport {
    return { first: this.#first, last: this.#last, segments, breaks: this.#breaks, torn: this.#torn };
  }

  /** Reads one segment, up to where a later one takes over. */
  read(
    file: Segment,
    { number, header }: KnownSegment,
    { successor, newest }: { readonly successor: SegmentHeader | null; readonly newest: boolean },
  ): void {
    const name = segmentName(number);
    const repeated = successor?.found?.kind === 'unwritten';
    // What a later segment repeats does not count here.
    const bound = repeated ? (successor?.firstSequence ?? 0) : Number.POSITIVE_INFINITY;
    const expected = (this.#last ?? 0) + 1;
    if (bound <= (header?.firstSequence ?? expected)) return;
    if (header === null) return this.#broken(name, 'its header is damaged');
    if (header.segment !== number) return this.#broken(name, `its header says that it is segment ${header.segment}`);
    if (this.#previous !== null && !(this.#previous.includes(header.previous) && header.firstSequence === expected)) {
      this.#broken(name, 'it does not continue the segment before it');
    } else if (number === 1 && (header.previous !== NO_HASH || header.firstSequence !== 1)) {
      this.#broken(name, 'it does not begin the ledger');
    }
    this.#lines(file, header, { name, bound, newest });
  }

  #lines(
    file: Segment,
    header: SegmentHeader,
    about: { readonly name: string; readonly bound: number; readonly newest: boolean },
  ): void {
    const { name, bound, newest } = about;
    const walk = { sequence: header.firstSequence - 1, hash: header.previous, linkHash: '', position: 0, looks: 0 };
    for (;;) {
      const ended = this.#walk(file, walk, bound);
      this.#previous = walk.sequence < header.firstSequence ? [walk.linkHash, header.previous] : [walk.hash];
      if (ended === null || walk.sequence + 1 === bound) return;
      if (newest && ++walk.looks < LOOKS) continue;
      if (ended.kind === 'torn' && newest) this.#torn = true;
      else this.#broken(name, ended.detail, walk.sequence);
      return;
    }
  }

  /** Follows the chain from where the walk stands; gives what does not fit, or null where all of it did. */
  #walk(file: Segment, walk: Walk, bound: number): Pick<SegmentEnd, 'kind' | 'detail'> | null {
    const first = firstLineOf(file);
    const read = first === null ? null : readHeaderLine(first.text);
    if (first === null || read?.ok !== true) return { kind: 'damaged', detail: 'its header is damaged' };
    if (walk.position === 0) Object.assign(walk, { linkHash: read.value.hash, position: first.text.length + 1 });
    const from = { position: walk.position, sequence: walk.sequence, hash: walk.linkHash };
    const groups = groupsOf(file, read.value.header.version, from);
    for (let next = groups.next(); ; next = groups.next()) {
      if (next.done === true) return next.value.kind === 'clean' ? null : next.value;
      if (walk.sequence + 1 >= bound) return null;
      this.#note(walk.sequence, next.value);
      const { sequence, hash, position } = next.value;
      Object.assign(walk, { sequence, hash, linkHash: hash, position, looks: 0 });
    }
  }

  #note(before: number, { records, sequence }: Group): void {
    this.#first ??= before + 1;
    this.#last = sequence;
    for (const [at, text] of records.entries()) this.#take({ sequence: before + 1 + at, record: decodeRecord(text) });
  }

  #broken(segment: string, detail: string, behind = this.#last ?? 0): void {
    this.#breaks.push({ segment, behind, detail });
    this.#previous = null;
  }
}

interface Walk {
  sequence: number;
  hash: string;
  /** What the next block is chained to. */
  linkHash: string;
  position: number;
  looks: number;
}
