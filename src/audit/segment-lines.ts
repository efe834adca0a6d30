import type { Segment } from '../ports/index.ts';
import { LINE_LIMIT_BYTES } from './line-bytes.ts';

const READ_BYTES = 1024 * 1024;
const NEWLINE = 10;
const ZEROS = Buffer.alloc(READ_BYTES);

/** One line of a segment, without its line break, and the position of its first byte. Byte for byte as Latin-1. */
export interface SegmentLine {
  readonly text: string;
  readonly position: number;
}

/**
 * What stands behind the last whole line. `clean`: nothing, or zeros, which are reserved space. `torn`: the beginning of
 * a line, as a crash leaves it. `damaged`: neither. Positions are those of the first byte behind the last whole line.
 */
export interface SegmentEnd {
  readonly kind: 'clean' | 'torn' | 'damaged';
  readonly position: number;
  /** So many bytes of what is torn are there. */
  readonly bytes: number;
  readonly detail: string;
}

/** The first line of a segment, or null where it has no whole one. Reads no more than the longest line has. */
export function firstLineOf(segment: Segment): SegmentLine | null {
  const buffer = Buffer.allocUnsafe(LINE_LIMIT_BYTES);
  const read = segment.read(0, buffer);
  const end = read.ok ? lineEnd(buffer, 0, read.value) : -1;
  return end < 0 ? null : { text: buffer.toString('latin1', 0, end), position: 0 };
}

/** The whole lines of a segment from a position on; returns what stands behind them. Holds 1 MiB, whatever the file holds. */
export function* linesOf(segment: Segment, from = 0): Generator<SegmentLine, SegmentEnd> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let position = from;
  let held = 0;
  for (;;) {
    const read = segment.read(position + held, buffer.subarray(held));
    if (!read.ok) return { kind: 'damaged', position, bytes: 0, detail: `it can't be read: ${read.error.detail}` };
    held += read.value;
    let start = 0;
    for (let end = lineEnd(buffer, start, held); end >= 0; end = lineEnd(buffer, start, held)) {
      yield { text: buffer.toString('latin1', start, end), position: position + start };
      start = end + 1;
    }
    position += start;
    buffer.copyWithin(0, start, held);
    held -= start;
    const rest = buffer.subarray(0, held);
    if (read.value === 0 || held > LINE_LIMIT_BYTES || rest.includes(0)) return endOf(segment, position, rest);
  }
}

function lineEnd(buffer: Buffer, start: number, held: number): number {
  const end = buffer.indexOf(NEWLINE, start);
  return end < held ? end : -1;
}

function endOf(segment: Segment, position: number, rest: Buffer): SegmentEnd {
  const zero = rest.indexOf(0);
  const written = zero < 0 ? rest.length : zero;
  if (written > LINE_LIMIT_BYTES) return { kind: 'damaged', position, bytes: 0, detail: 'a line of it does not end' };
  if (!onlyZeros(segment, position + written)) {
    return { kind: 'damaged', position, bytes: 0, detail: 'something stands behind reserved space' };
  }
  if (written === 0) return { kind: 'clean', position, bytes: 0, detail: '' };
  return {
    kind: 'torn',
    position,
    bytes: written,
    detail: `its last line is not whole: ${written} bytes of it are there`,
  };
}

/** Whether from here to the end of the file there are zeros only, or nothing. */
function onlyZeros(segment: Segment, from: number): boolean {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let position = from; ; ) {
    const read = segment.read(position, buffer);
    if (!read.ok) return false;
    if (read.value === 0) return true;
    if (buffer.compare(ZEROS, 0, read.value, 0, read.value) !== 0) return false;
    position += read.value;
  }
}

/** Whether a segment holds nothing but zeros: it was made ready, and never begun. */
export function isBlank(segment: Segment): boolean {
  return onlyZeros(segment, 0);
}
