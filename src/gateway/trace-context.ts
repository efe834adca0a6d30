import type { HeaderFields } from '../wire/index.ts';

/** Where a request stands in its trace (W3C Trace Context level 2, §3.2). */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string;
  /** Two hexadecimal digits; only the flags that the specification knows. */
  readonly flags: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
/** Sampled and random; a flag that nobody has defined yet is not ours to pass on (§3.2.2.5). */
const KNOWN_FLAGS = 0b11;
/** A trace that begins here is sampled, else the upstream would record none; its id is random. */
const NEW_FLAGS = '03';
/** So much of it everybody must take (§3.3.1.5). */
const STATE_LIMIT_CHARACTERS = 512;

/**
 * Reads a traceparent field (§3.2, §4.3): version 00 as it is defined, later versions by their first four parts, ff
 * never. Null where it is none, and then a new trace begins.
 */
export function readTraceParent(text: string): TraceParent | null {
  const parts = TRACEPARENT.exec(text);
  if (parts === null) return null;
  const [, version = '', traceId = '', parent = '', flags = '', rest] = parts;
  if (version === 'ff' || traceId === NO_TRACE || parent === NO_PARENT) return null;
  if (version === '00' && rest !== undefined) return null;
  return { traceId, flags: `0${Number.parseInt(flags, 16) & KNOWN_FLAGS}` };
}

/**
 * The traceparent that goes upstream, with a new parent id. The client's field is taken out; so is its tracestate where
 * the trace is not continued or it is longer than everybody must take. `nextSpan` gives 16 random hexadecimal digits,
 * never all zero.
 */
export function continueTrace(fields: HeaderFields, nextSpan: () => string): string {
  const given = fields.get('traceparent');
  const parent = given === null ? null : readTraceParent(given);
  if (given !== null) fields.drop('traceparent');
  const state = fields.get('tracestate');
  if (state !== null && (parent === null || state.length > STATE_LIMIT_CHARACTERS)) fields.drop('tracestate');
  if (parent === null) return '00-' + nextSpan() + nextSpan() + '-' + nextSpan() + '-' + NEW_FLAGS;
  return '00-' + parent.traceId + '-' + nextSpan() + '-' + parent.flags;
}

const SPAN_BYTES = 8;
const POOL_BYTES = 512 * SPAN_BYTES;
const ZERO = 0x30;

/**
 * Makes span ids: 16 hexadecimal digits in lower case, random, never all zero. Random bytes are drawn in pools of 4 KiB
 * and written out together, since doing so for each request would cost more than the rest.
 */
export function createSpanSource(fillRandom: (bytes: Uint8Array) => void): () => string {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  let digits = '';
  let used = 0;
  return () => {
    if (used === digits.length) {
      fillRandom(pool);
      digits = pool.toString('hex');
      used = 0;
    }
    const span = digits.slice(used, used + NO_PARENT.length);
    used += NO_PARENT.length;
    // Zeros mean that there is none (§3.2.2.4); a source that gives nothing else is broken, and must not hang the gateway.
    return span.charCodeAt(0) === ZERO && span === NO_PARENT ? '0000000000000001' : span;
  };
}
