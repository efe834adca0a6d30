import { err, type LedgerRecord, ok, type Result } from '../base/index.ts';
import type { FileFault, Segment, Segments } from '../ports/index.ts';
import { NO_HASH, readHeaderLine, readRecordLine, type SegmentHeader, segmentName, segmentNumber } from './line.ts';
import { decodeRecord } from './record-text.ts';
import { isBlank, linesOf } from './segment-lines.ts';

/** A log that is being written shows lines half written for a moment: so often is looked again. */
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
  /** Whether the newest segment ends within a line: one is just being written, or a crash cut it. */
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
 * Reads a log in its order, also while it is written, and holds every line against the one before. Behind a break the
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
  for (const [at, file] of wanted.entries()) {
    const opened = await segments.open(segmentName(file.number), 'read');
    if (!opened.ok) return err(opened.error.detail);
    reader.read(opened.value, file, wanted.slice(at + 1));
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
    const first = linesOf(file).next();
    if (first.done === true) return ok(isBlank(file) ? null : { number, header: null });
    const header = readHeaderLine(first.value.text);
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
  read(file: Segment, { number, header }: KnownSegment, later: readonly KnownSegment[]): void {
    const name = segmentName(number);
    const successor = later.reduce<SegmentHeader | null>((least, { header: next }) => {
      return next !== null && (least === null || next.firstSequence < least.firstSequence) ? next : least;
    }, null);
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
    this.#lines(file, header, { name, bound, newest: later.length === 0 });
  }

  #lines(
    file: Segment,
    header: SegmentHeader,
    about: { readonly name: string; readonly bound: number; readonly newest: boolean },
  ): void {
    const { name, bound, newest } = about;
    const walk = { sequence: header.firstSequence - 1, hash: header.previous, position: 0, looks: 0 };
    for (;;) {
      const ended = this.#walk(file, walk, bound);
      this.#previous = walk.sequence < header.firstSequence ? [walk.hash, header.previous] : [walk.hash];
      if (ended === 'over' || walk.sequence + 1 === bound) return;
      if (newest && ++walk.looks < LOOKS) continue;
      if (ended.kind === 'torn' && newest) this.#torn = true;
      else this.#broken(name, ended.detail, walk.sequence);
      return;
    }
  }

  /** Follows the chain from where the walk stands; gives what does not fit, or that all of it did. */
  #walk(
    file: Segment,
    walk: Walk,
    bound: number,
  ): 'over' | { readonly kind: 'torn' | 'damaged'; readonly detail: string } {
    const lines = linesOf(file, walk.position);
    for (let next = lines.next(); ; next = lines.next()) {
      if (next.done === true) {
        const { kind, detail } = next.value;
        return kind === 'clean' ? 'over' : { kind, detail };
      }
      const { text, position } = next.value;
      if (position === 0) {
        const header = readHeaderLine(text);
        if (!header.ok) return { kind: 'damaged', detail: header.error.detail };
        walk.hash = header.value.hash;
      } else {
        if (walk.sequence + 1 >= bound) return 'over';
        const line = readRecordLine(text, walk.hash);
        if (!line.ok) return { kind: 'damaged', detail: line.error };
        if (line.value.sequence !== walk.sequence + 1) return { kind: 'damaged', detail: 'a record is missing' };
        walk.sequence++;
        walk.hash = line.value.hash;
        this.#note(walk.sequence, line.value.record);
      }
      walk.position = position + text.length + 1;
      walk.looks = 0;
    }
  }

  #note(sequence: number, text: string): void {
    this.#first ??= sequence;
    this.#last = sequence;
    this.#take({ sequence, record: decodeRecord(text) });
  }

  #broken(segment: string, detail: string, behind = this.#last ?? 0): void {
    this.#breaks.push({ segment, behind, detail });
    this.#previous = null;
  }
}

interface Walk {
  sequence: number;
  hash: string;
  position: number;
  looks: number;
}
