import type { MessageType } from './message-types.ts';
import type { WireReader } from './wire-reader.ts';

const SECONDS = 1;
const NANOS = 2;
const NANOS_LIMIT = 999_999_999;
/** From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z (timestamp.proto). */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800, 253_402_300_799];
/** 10,000 years (duration.proto). */
const DURATION_LIMIT_SECONDS = 315_576_000_000;

/** Whether a `google.protobuf.Timestamp` or `Duration` that lies between `from` and `last` is one that can be told. */
export function isSoundTime(reader: WireReader, { wellKnown }: MessageType, from: number, last: number): boolean {
  const seconds = wholeNumber(reader, SECONDS, from, last);
  const nanos = wholeNumber(reader, NANOS, from, last);
  if (wellKnown === 'timestamp')
    return seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos <= NANOS_LIMIT;
  const isBound = Math.abs(seconds) <= DURATION_LIMIT_SECONDS && Math.abs(nanos) <= NANOS_LIMIT;
  return isBound && (seconds === 0 || nanos === 0 || seconds < 0 === nanos < 0);
}

/** A field of 64 bits with sign; numbers beyond 2^53 are near enough to be too large. 0 where it is not there. */
function wholeNumber(reader: WireReader, number: number, from: number, last: number): number {
  if (!reader.find(number, from, last) || !reader.varint(last)) return 0;
  return (reader.high | 0) * 2 ** 32 + reader.low;
}

const MILLISECONDS = 1_000;

/** A sound time as JSON has it: `2026-04-01T00:00:00.500Z`, or `-1.5s` of a duration. */
export function timeText(kind: 'timestamp' | 'duration', seconds: number, nanos: number): string {
  const digits = nanos % 1_000_000 === 0 ? 3 : nanos % 1_000 === 0 ? 6 : 9;
  const part = nanos === 0 ? '' : `.${String(Math.abs(nanos)).padStart(9, '0').slice(0, digits)}`;
  if (kind === 'duration') return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${part}s`;
  return `${new Date(seconds * MILLISECONDS).toISOString().slice(0, 19)}${part}Z`;
}
