import type { Clock } from '../../ports/index.ts';
import { member, textOf } from './reply-values.ts';

/** Why a CA gave no certificate. */
export interface AcmeFault {
  /** The last part of the CA's problem type (RFC 8555 §6.7), such as `rateLimited`, or a word of ours in the same style. */
  readonly type: string;
  /** For the operator: printable, and bounded. */
  readonly detail: string;
  /** When the CA wants to be asked again; null where it does not say. */
  readonly retryAfterMs: number | null;
  /** So many failures the CA has counted against the name by it: validations, and certificates issued in vain. */
  readonly counted: number;
}

/** Faults that only somebody's doing mends: asking the same CA again would bring the same. */
const LASTING: ReadonlySet<string> = new Set([
  'badCSR',
  'badPublicKey',
  'badSignatureAlgorithm',
  'caa',
  'externalAccountRequired',
  'invalidContact',
  'invalidProfile',
  'rejectedIdentifier',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
]);

/** Whether waiting can't mend it. */
export function isLasting(fault: AcmeFault): boolean {
  return LASTING.has(fault.type);
}

/** A fault that we found ourselves. */
export function fault(type: string, detail: string): AcmeFault {
  return { type, detail: printable(detail), retryAfterMs: null, counted: 0 };
}

const PREFIX = 'urn:ietf:params:acme:error:';
const DETAIL_LIMIT = 300;

/** The fault that a problem document tells of (RFC 7807, RFC 8555 §6.7), whatever it may be. */
export function faultOfProblem(problem: unknown, status: number, retryAfterMs: number | null): AcmeFault {
  const type = textOf(member(problem, 'type')) ?? '';
  const word = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : '';
  // Some CAs say what is wrong only in the parts (RFC 8555 §6.7.1).
  const parts = member(problem, 'subproblems');
  const first: unknown = Array.isArray(parts) ? parts[0] : undefined;
  const details = [member(problem, 'detail'), member(first, 'detail')].flatMap((found) => textOf(found) ?? []);
  const detail = details.length > 0 ? details.join(': ') : `the CA answered ${status} without saying why`;
  return {
    type: /^[A-Za-z]{1,64}$/.test(word) ? word : 'unknown',
    detail: printable(detail),
    retryAfterMs,
    counted: 0,
  };
}

/** Waiting longer than this is never asked of us: what a CA says is its wish, not its right. */
const RETRY_LIMIT_MS = 86_400_000;

/** Reads a Retry-After field (RFC 9110 §10.2.3), seconds or a date, as milliseconds up to a day; null where there is none. */
export function retryAfter(value: string | undefined, clock: Clock): number | null {
  if (value === undefined || value === '') return null;
  const waitMs = /^[0-9]{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - clock.now();
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), RETRY_LIMIT_MS);
}

function printable(text: string): string {
  return text.slice(0, DETAIL_LIMIT).replace(/[^\x20-\x7e]/g, '?');
}
