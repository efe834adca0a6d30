import { hash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { parseObject } from './record-text.ts';

/** Version of the segment format; a reader refuses a later one. In the first, each record's line had its own hash. */
const SEGMENT_VERSION = 2;

const FORMAT = 'portcullis-ledger';

/** No record has a higher number. What claims one is none of ours, and must not use up the numbers that can be told apart. */
const SEQUENCE_LIMIT = 2 ** 52;

/** What the first line of all is chained to. */
export const NO_HASH = '0'.repeat(64);

/** Characters of a hash. */
export const HASH_LENGTH = 64;

/** What the line that ends a block takes at most, its line break included. */
export const BLOCK_LINE_BYTES = 144;

/** No block is longer, its last line included: it is read and judged as a whole. */
export const BLOCK_LIMIT_BYTES = 1024 * 1024;

// `,"hash":"` + 64 digits + `"}`
const TAIL_LENGTH = 75;
const RECORD = /^\{"version":[0-9]+,"kind":".*\}$/;
const BLOCK = /^\{"block":\{"first":([1-9][0-9]{0,15}),"last":([1-9][0-9]{0,15})\}$/;
/** A record of the first version. */
const OLD_RECORD = /^\{"sequence":([1-9][0-9]{0,15}),"record":(\{.*\})$/;
const TAIL = /^,"hash":"([0-9a-f]{64})"\}$/;

/** The first line of a segment: where it stands in the log, and what it is chained to. */
export interface SegmentHeader {
  readonly version: 1 | 2;
  readonly segment: number;
  /** Wall time in milliseconds. */
  readonly createdAt: number;
  /** Of its first record. */
  readonly firstSequence: number;
  /** The hash of the last line that counts in the segment before. */
  readonly previous: string;
  readonly found: SegmentFinding | null;
}

/**
 * Why a segment begins out of turn. `unwritten`: the one before could not be written any more; what stands in it behind
 * the line that this one is chained to was never acknowledged, and is repeated here. `broken`: the chain of the one
 * before did not hold when the gateway started; it was left as it is.
 */
export interface SegmentFinding {
  readonly kind: 'unwritten' | 'broken';
  readonly detail: string;
}

/** A chain of blocks as it is written. */
export class Chain {
  /** Of the newest record; 0 before the first. */
  sequence: number;
  /** Of the newest block, or of the header behind which there is none. */
  hash: string;

  constructor(sequence: number, previous: string) {
    this.sequence = sequence;
    this.hash = previous;
  }

  /**
   * Makes one block of so many lines, which stand in `stage` behind room for a hash and end at `end`: writes the line
   * that ends it, and gives the position behind that.
   */
  seal(stage: Buffer, end: number, records: number): number {
    const first = this.sequence + 1;
    this.sequence += records;
    stage.write(this.hash, 'latin1');
    const body = end + stage.write(`{"block":{"first":${first},"last":${this.sequence}}`, end, 'latin1');
    this.hash = hash('sha256', stage.subarray(0, body), 'hex');
    return body + stage.write(`,"hash":"${this.hash}"}\n`, body, 'latin1');
  }

  /** The line that begins a segment. */
  begin(segment: number, createdAt: number, found: SegmentFinding | null): string {
    const place = { segment, createdAt, firstSequence: this.sequence + 1, previous: this.hash, found };
    const text = JSON.stringify({ format: FORMAT, version: SEGMENT_VERSION, ...place });
    const plain = text.replace(/[\x7f-\uffff]/g, '?');
    const body = plain.slice(0, -1);
    this.hash = linkHash(this.hash, body);
    return `${body},"hash":"${this.hash}"}\n`;
  }
}

/** SHA-256, in hex, of a hash and of text behind it. */
function linkHash(previous: string, body: string): string {
  return hash('sha256', previous + body, 'hex');
}

/** The line that ends a block, with what stands before its hash. */
export interface BlockLine {
  readonly first: number;
  readonly last: number;
  readonly body: string;
  readonly hash: string;
}

/** Reads the line that ends a block; null where it is none. What it says is true if its hash fits. */
export function readBlockLine(line: string): BlockLine | null {
  const body = line.slice(0, -TAIL_LENGTH);
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  const parts = BLOCK.exec(body);
  if (tail === null || parts === null) return null;
  return { first: Number(parts[1]), last: Number(parts[2]), body, hash: tail[1] as string };
}

/** Whether a line can be a record's. */
export function isRecordLine(line: string): boolean {
  return RECORD.test(line);
}

/** A record's line of the first version. */
export interface OldRecordLine {
  readonly sequence: number;
  readonly record: string;
  readonly hash: string;
}

/** Reads a record's line of the first version and holds it against the hash of the line before; the error says what does not fit. */
export function readOldRecordLine(line: string, previous: string): Result<OldRecordLine, string> {
  const body = line.slice(0, -TAIL_LENGTH);
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  const parts = OLD_RECORD.exec(body);
  if (tail === null || parts === null) return err('it is no line of a ledger');
  const [, sequence = '', record = ''] = parts;
  if (linkHash(previous, body) !== tail[1]) return err('its hash does not fit it and the line before');
  return ok({ sequence: Number(sequence), record, hash: tail[1] });
}

/** The number up to which a line says that there are records, whether true or not, where `sequence` are before it. */
export function claimedBy(line: string, sequence: number): number {
  const said = readBlockLine(line)?.last ?? Number(OLD_RECORD.exec(line.slice(0, -TAIL_LENGTH))?.[1] ?? 0);
  if (said > sequence && said <= SEQUENCE_LIMIT) return said;
  return isRecordLine(line) ? sequence + 1 : sequence;
}

/** `version`: a later version of this program wrote it. */
export type HeaderFault = { readonly kind: 'version' | 'damaged'; readonly detail: string };

/** A segment's first line. */
export interface HeaderLine {
  readonly header: SegmentHeader;
  readonly hash: string;
}

/** Reads a segment's first line. It says itself what it is chained to, and its reader checks that. */
export function readHeaderLine(line: string): Result<HeaderLine, HeaderFault> {
  const value = parseObject(line);
  const damaged = (detail: string): Result<never, HeaderFault> => err({ kind: 'damaged', detail });
  if (value === null || value['format'] !== FORMAT) return damaged('its first line is no header of a ledger');
  const { version } = value;
  if (isWhole(version) && version > SEGMENT_VERSION) {
    return err({ kind: 'version', detail: `its format has version ${version}, this program knows ${SEGMENT_VERSION}` });
  }
  if (version !== 1 && version !== SEGMENT_VERSION) return damaged('its header is damaged');
  const { segment, createdAt, firstSequence, previous } = value;
  const found = findingOf(value['found']);
  const whole = isWhole(segment) && isWhole(createdAt) && isWhole(firstSequence) && found !== undefined;
  if (!whole || firstSequence > SEQUENCE_LIMIT || typeof previous !== 'string') return damaged('its header is damaged');
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  if (tail === null || linkHash(previous, line.slice(0, -TAIL_LENGTH)) !== tail[1]) {
    return damaged('the hash of its header does not fit');
  }
  return ok({ header: { version, segment, createdAt, firstSequence, previous, found }, hash: tail[1] });
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function findingOf(value: unknown): SegmentFinding | null | undefined {
  if (value === null) return null;
  if (typeof value !== 'object') return undefined;
  const { kind, detail } = value as Partial<SegmentFinding>;
  return (kind === 'unwritten' || kind === 'broken') && typeof detail === 'string' ? { kind, detail } : undefined;
}

/** The highest number of a segment: names have twelve digits, and a file with more is none of a log. */
export const MOST_SEGMENT = 999_999_999_999;

/** The name of a segment's file. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(12, '0')}.log`;
}

/** The number of the segment that a file's name stands for, or null. */
export function segmentNumber(name: string): number | null {
  const digits = /^([0-9]{12})\.log$/.exec(name)?.[1];
  return digits === undefined || Number(digits) === 0 ? null : Number(digits);
}
