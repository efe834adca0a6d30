import { hash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { parseObject } from './record-text.ts';

/** Version of the segment format; a reader refuses one that it does not know. */
const SEGMENT_VERSION = 1;

const FORMAT = 'portcullis-ledger';

/** What the first line of all is chained to. */
export const NO_HASH = '0'.repeat(64);

/** What a line takes besides its record's text, at most: the sequence number, the hash, names and the line break. */
export const LINE_OVERHEAD_BYTES = 128;

/** No line is longer: nine texts of 1,024 characters, each escaped to six, and room. */
export const LINE_LIMIT_BYTES = 64 * 1024;

// `,"hash":"` + 64 digits + `"}`
const TAIL_LENGTH = 75;
const RECORD_LINE = /^\{"sequence":([1-9][0-9]{0,15}),"record":(\{.*\})$/;
const TAIL = /^,"hash":"([0-9a-f]{64})"\}$/;

/** The first line of a segment: where it stands in the log, and what it is chained to. */
export interface SegmentHeader {
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

/** A line that fits: its record's text, or the header that it is. */
export type Link =
  | { readonly kind: 'record'; readonly sequence: number; readonly record: string; readonly hash: string }
  | { readonly kind: 'header'; readonly header: SegmentHeader; readonly hash: string };

/** SHA-256, in hex, of the hash of the line before and of this line's text up to its own hash. */
function linkHash(previous: string, body: string): string {
  return hash('sha256', previous + body, 'hex');
}

/** A chain of lines as it is written. */
export class Chain {
  /** Of the newest record; 0 before the first. */
  sequence: number;
  /** Of the newest line. */
  hash: string;

  constructor(sequence: number, previous: string) {
    this.sequence = sequence;
    this.hash = previous;
  }

  /** The next line, its line break included, for a record's text. */
  append(record: string): string {
    this.sequence++;
    return this.#link(`{"sequence":${this.sequence},"record":${record}`);
  }

  /** The line that begins a segment. */
  begin(segment: number, createdAt: number, found: SegmentFinding | null): string {
    const place = { segment, createdAt, firstSequence: this.sequence + 1, previous: this.hash, found };
    const text = JSON.stringify({ format: FORMAT, version: SEGMENT_VERSION, ...place });
    const plain = text.replace(/[\x7f-\uffff]/g, '?');
    return this.#link(plain.slice(0, -1));
  }

  #link(body: string): string {
    this.hash = linkHash(this.hash, body);
    return `${body},"hash":"${this.hash}"}\n`;
  }
}

/** Reads a record's line and holds it against the hash of the line before; the error says what does not fit. */
export function readRecordLine(line: string, previous: string): Result<Extract<Link, { kind: 'record' }>, string> {
  const body = line.slice(0, -TAIL_LENGTH);
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  const parts = RECORD_LINE.exec(body);
  if (tail === null || parts === null) return err('it is no line of a ledger');
  const [, sequence = '', record = ''] = parts;
  if (linkHash(previous, body) !== tail[1]) return err('its hash does not fit it and the line before');
  return ok({ kind: 'record', sequence: Number(sequence), record, hash: tail[1] });
}

/** What a line says its sequence number and hash are, whether true or not; null where it says none. */
export function claimsOf(line: string): { readonly sequence: number; readonly hash: string } | null {
  const parts = RECORD_LINE.exec(line.slice(0, -TAIL_LENGTH));
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  return parts === null || tail === null ? null : { sequence: Number(parts[1]), hash: tail[1] as string };
}

/** `version`: a later version of this program wrote it. */
export type HeaderFault = { readonly kind: 'version' | 'damaged'; readonly detail: string };

/** Reads a segment's first line. It says itself what it is chained to, and its reader checks that. */
export function readHeaderLine(line: string): Result<Extract<Link, { kind: 'header' }>, HeaderFault> {
  const value = parseObject(line);
  const damaged = (detail: string): Result<never, HeaderFault> => err({ kind: 'damaged', detail });
  if (value === null || value['format'] !== FORMAT) return damaged('its first line is no header of a ledger');
  const { version } = value;
  if (isWhole(version) && version > SEGMENT_VERSION) {
    return err({ kind: 'version', detail: `its format has version ${version}, this program knows ${SEGMENT_VERSION}` });
  }
  if (version !== SEGMENT_VERSION) return damaged('its header is damaged');
  const { segment, createdAt, firstSequence, previous } = value;
  const found = findingOf(value['found']);
  const whole = isWhole(segment) && isWhole(createdAt) && isWhole(firstSequence) && found !== undefined;
  if (!whole || typeof previous !== 'string') return damaged('its header is damaged');
  const tail = TAIL.exec(line.slice(-TAIL_LENGTH));
  if (tail === null || linkHash(previous, line.slice(0, -TAIL_LENGTH)) !== tail[1]) {
    return damaged('the hash of its header does not fit');
  }
  return ok({ kind: 'header', header: { segment, createdAt, firstSequence, previous, found }, hash: tail[1] });
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

/** The name of a segment's file. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(12, '0')}.log`;
}

/** The number of the segment that a file's name stands for, or null. */
export function segmentNumber(name: string): number | null {
  const digits = /^([0-9]{12})\.log$/.exec(name)?.[1];
  return digits === undefined || Number(digits) === 0 ? null : Number(digits);
}
