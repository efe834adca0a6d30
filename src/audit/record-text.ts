import { type LedgerRecord, RECORD_VERSION } from '../base/index.ts';

/** Longer texts are cut on their way into the ledger; only hostile ones are. */
export const TEXT_LIMIT = 1_024;

// Printable ASCII without the quote and the backslash: what JSON leaves as it stands.
const UNESCAPED = /^[ !#-[\]-~]*$/;

/**
 * A record as one line of JSON in printable ASCII: everything else is escaped, so that a line is as many bytes as
 * characters, breaks nowhere and colours no terminal. Texts of more than 1,024 characters are cut, and end in `…` then.
 * Written by hand because it runs twice for each request; the fields are those of the type, in its order.
 */
export function encodeRecord(record: LedgerRecord): string {
  const head = `{"version":${RECORD_VERSION},"kind":"${record.kind}","id":${quote(record.id)},"at":${number(record.at)}`;
  switch (record.kind) {
    case 'intent':
      return (
        `${head},"revision":${number(record.revision)},"api":${orNull(record.api)},` +
        `"operation":${orNull(record.operation)},"method":${quote(record.method)},` +
        `"subject":${orNull(record.subject)},"address":${quote(record.address)},` +
        `"verdict":${quote(record.verdict)},"problem":${orNull(record.problem)},` +
        `"policy":${orNull(record.policy)},"rule":${orNull(record.rule)}}`
      );
    case 'completion':
      return (
        `${head},"status":${number(record.status)},"upstreamStatus":${numberOrNull(record.upstreamStatus)},` +
        `"problem":${orNull(record.problem)},"requestBytes":${number(record.requestBytes)},` +
        `"responseBytes":${number(record.responseBytes)},"durationUs":${number(record.durationUs)},` +
        `"upstreamUs":${numberOrNull(record.upstreamUs)},"complete":${record.complete ? 'true' : 'false'}}`
      );
    case 'change':
      return (
        `${head},"author":${quote(record.author)},"action":${quote(record.action)},` +
        `"target":${quote(record.target)},"before":${orNull(record.before)},"after":${orNull(record.after)}}`
      );
  }
}

function quote(text: string): string {
  const kept = text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT - 1)}…`;
  return UNESCAPED.test(kept) ? `"${kept}"` : escape(kept);
}

function escape(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function orNull(text: string | null): string {
  return text === null ? 'null' : quote(text);
}

/** What is no number is a bug elsewhere; it makes its record unreadable, never the line of another. */
function number(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null';
}

function numberOrNull(value: number | null): string {
  return value === null ? 'null' : number(value);
}

type FieldType = 'text' | 'text?' | 'number' | 'number?' | 'flag';

const FIELDS: Readonly<Record<LedgerRecord['kind'], Readonly<Record<string, FieldType>>>> = {
  intent: {
    id: 'text',
    at: 'number',
    revision: 'number',
    api: 'text?',
    operation: 'text?',
    method: 'text',
    subject: 'text?',
    address: 'text',
    verdict: 'text',
    problem: 'text?',
    policy: 'text?',
    rule: 'text?',
  },
  completion: {
    id: 'text',
    at: 'number',
    status: 'number',
    upstreamStatus: 'number?',
    problem: 'text?',
    requestBytes: 'number',
    responseBytes: 'number',
    durationUs: 'number',
    upstreamUs: 'number?',
    complete: 'flag',
  },
  change: {
    id: 'text',
    at: 'number',
    author: 'text',
    action: 'text',
    target: 'text',
    before: 'text?',
    after: 'text?',
  },
};

/**
 * The record that a text holds, or null where it holds none of this version. Codes and verdicts are kept as they are:
 * an earlier version of this program may have had others.
 */
export function decodeRecord(text: string): LedgerRecord | null {
  const value = parseObject(text);
  if (value === null || value['version'] !== RECORD_VERSION) return null;
  const kind = value['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return null;
  const fields = Object.entries(FIELDS[kind as LedgerRecord['kind']]);
  if (Object.keys(value).length !== fields.length + 2) return null;
  const fits = fields.every(([name, type]) => Object.hasOwn(value, name) && isOf(type, value[name]));
  return fits ? (value as unknown as LedgerRecord) : null;
}

/** The object that a JSON text is, or null where it is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

function isOf(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'text?':
      return value === null || typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'number?':
      return value === null || typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
  }
}
