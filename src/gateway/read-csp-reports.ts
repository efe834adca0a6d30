import type { CspReport } from '../base/index.ts';
import { type JsonObject, type JsonValue, parseJson } from '../body/index.ts';

/** So large a body of reports may be. */
export const REPORTS_LIMIT_BYTES = 64 * 1024;
/** A report has some fifteen members, and lies four deep at most. */
const LIMITS = { depth: 6, keys: 2_048, elements: 128, numberBytes: 32 };
/** Of a page's address; longer ones are cut. */
const DOCUMENT_LIMIT_CHARACTERS = 512;
const BLOCKED_LIMIT_CHARACTERS = 288;

/** Directives that there are, and those to come; older browsers name its sources behind it. */
const DIRECTIVE = /^[a-z]+(?:-[a-z]+){0,5}(?=$| )/;
const DIRECTIVE_LIMIT_CHARACTERS = 40;
/** What browsers say in the place of an address: `inline`, `eval`, or a scheme alone. */
const WORD = /^[a-z][a-z0-9+.-]{0,31}$/;
const SCHEME = /^([a-z][a-z0-9+.-]{0,31}):$/;
/** Schemes of addresses that have an origin. */
const LOCATED = new Set(['http:', 'https:', 'ws:', 'wss:']);

/** Whether the policy forbade it, or only told. */
export type CspDisposition = 'enforce' | 'report';

/** One report, before it is known how many like it came. */
export interface ReadReport {
  readonly report: CspReport;
  readonly disposition: CspDisposition;
}

/** The content types of reports: what each is read by. */
export const REPORT_READERS: ReadonlyMap<string, (value: JsonValue, host: string) => readonly ReadReport[] | null> =
  new Map([
    ['application/csp-report', readSingle],
    ['application/reports+json', readBatch],
  ]);

/**
 * Reads what a browser sent to this host as this content type: CSP Level 3 §5.3 and §5.5, Reporting API §3. Null where
 * it is anything else. Reports of other types in a batch are left out.
 */
export function readCspReports(type: string, bytes: Uint8Array, host: string): readonly ReadReport[] | null {
  const parsed = parseJson(bytes, LIMITS);
  return parsed.ok ? (REPORT_READERS.get(type)?.(parsed.value, host) ?? null) : null;
}

function readSingle(value: JsonValue, host: string): readonly ReadReport[] | null {
  const report = isObject(value) ? value['csp-report'] : undefined;
  if (!isObject(report)) return null;
  const read = readOne(host, {
    directive: report['effective-directive'] ?? report['violated-directive'],
    blocked: report['blocked-uri'],
    document: report['document-uri'],
    disposition: report['disposition'],
  });
  return read === null ? null : [read];
}

function readBatch(value: JsonValue, host: string): readonly ReadReport[] | null {
  if (!Array.isArray(value)) return null;
  const reports: ReadReport[] = [];
  for (const entry of value as readonly JsonValue[]) {
    if (!isObject(entry) || typeof entry['type'] !== 'string') return null;
    if (entry['type'] !== 'csp-violation') continue;
    const { body } = entry;
    if (!isObject(body)) return null;
    const read = readOne(host, {
      directive: body['effectiveDirective'],
      blocked: body['blockedURL'],
      document: body['documentURL'],
      disposition: body['disposition'],
    });
    if (read === null) return null;
    reports.push(read);
  }
  return reports;
}

type Told = Readonly<Record<'directive' | 'blocked' | 'document' | 'disposition', JsonValue | undefined>>;

function readOne(host: string, told: Told): ReadReport | null {
  const { disposition = 'enforce' } = told;
  const directive = typeof told.directive === 'string' ? (DIRECTIVE.exec(told.directive)?.[0] ?? null) : null;
  const blocked = blockedOf(told.blocked ?? '');
  const document = documentOf(told.document);
  if (directive === null || directive.length > DIRECTIVE_LIMIT_CHARACTERS || blocked === null || document === null)
    return null;
  if (disposition !== 'enforce' && disposition !== 'report') return null;
  return { report: { host, directive, blocked, document }, disposition };
}

/** Older browsers say nothing of what stands in the page itself. */
function blockedOf(told: JsonValue): string | null {
  if (typeof told !== 'string') return null;
  if (told === '') return 'inline';
  if (WORD.test(told)) return told;
  const url = URL.parse(told);
  return url === null ? null : placeOf(url, '', BLOCKED_LIMIT_CHARACTERS);
}

function documentOf(told: JsonValue | undefined): string | null {
  if (typeof told !== 'string') return null;
  if (WORD.test(told)) return told;
  const url = URL.parse(told);
  return url === null ? null : placeOf(url, url.pathname, DOCUMENT_LIMIT_CHARACTERS);
}

/** Without user, query and fragment; of what has no origin, such as `data:` with all that it holds, the scheme alone. */
function placeOf({ protocol, origin }: URL, path: string, limit: number): string | null {
  if (!LOCATED.has(protocol)) return SCHEME.exec(protocol)?.[1] ?? null;
  const place = `${origin}${path}`;
  // The parser has written all else as escapes (WHATWG URL §4.3).
  return /^[\x21-\x7e]+$/.test(place) && origin.length <= limit ? place.slice(0, limit) : null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
