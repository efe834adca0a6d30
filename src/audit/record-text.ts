import { type LedgerRecord, type Observations, OBSERVED_RULES_LIMIT, RECORD_VERSION } from '../base/index.ts';

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
    grpcStatus: 'text?',
    originalHash: 'text?',
    cleaned: 'text?',
    receivedHash: 'text?',
    policy: 'text?',
    rule: 'text?',
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

/** What stands only where there is something to say. */
const OPTIONAL: Readonly<Record<string, null>> = {
  grpcStatus: null,
  originalHash: null,
  cleaned: null,
  receivedHash: null,
  policy: null,
  rule: null,
};

/**
 * The record that a text holds, or null where it holds none of this version. Codes and verdicts are kept as they are:
 * an earlier version of this program may have had others.
 */
export function decodeRecord(text: string): LedgerRecord | null {
  return decodeValue(parseObject(text));
}

function decodeValue(value: Readonly<Record<string, unknown>> | null): LedgerRecord | null {
  if (value === null || value['version'] !== RECORD_VERSION) return null;
  const kind = value['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return null;
  if (kind !== 'change' && OBSERVATIONS.some((name) => Object.hasOwn(value, name))) return decodeObserved(value);
  if (kind === 'intent' && Object.hasOwn(value, 'direction')) return decodeOutbound(value);
  const told = kind === 'completion' ? { ...OPTIONAL, ...value } : value;
  const fields = Object.entries(FIELDS[kind as LedgerRecord['kind']]);
  if (Object.keys(told).length !== fields.length + 2) return null;
  const fits = fields.every(([name, type]) => Object.hasOwn(told, name) && isOf(type, told[name]));
  return fits ? (told as unknown as LedgerRecord) : null;
}

const OBSERVATIONS = ['observed', 'observedMore'] as const satisfies readonly (keyof Observations)[];

/** A record of which rules that only observe would have refused something. */
function decodeObserved({ observed, observedMore, ...rest }: Readonly<Record<string, unknown>>): LedgerRecord | null {
  const isNamed = observed === undefined || isListOfRules(observed);
  const isCounted = observedMore === undefined || (Number.isSafeInteger(observedMore) && Number(observedMore) > 0);
  const record = isNamed && isCounted ? decodeValue(rest) : null;
  if (record === null) return null;
  const named = observed === undefined ? {} : { observed };
  return { ...record, ...named, ...(observedMore === undefined ? {} : { observedMore }) } as LedgerRecord;
}

const OBSERVED_FIELDS: Readonly<Record<string, FieldType>> = { problem: 'text', policy: 'text', rule: 'text?' };

function isListOfRules(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > OBSERVED_RULES_LIMIT) return false;
  return value.every((each: unknown) => {
    if (typeof each !== 'object' || each === null || Object.keys(each).length !== 3) return false;
    const said = each as Readonly<Record<string, unknown>>;
    return Object.entries(OBSERVED_FIELDS).every(([name, type]) => Object.hasOwn(said, name) && isOf(type, said[name]));
  });
}

/** An intent of a call that one of our APIs made. */
function decodeOutbound({ direction, ...rest }: Readonly<Record<string, unknown>>): LedgerRecord | null {
  const record = direction === 'outbound' ? decodeValue(rest) : null;
  return record === null ? null : ({ ...record, direction: 'outbound' } as LedgerRecord);
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
