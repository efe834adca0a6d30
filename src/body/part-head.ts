import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../base/index.ts';
import { type MediaType, parseMediaType } from './media-type.ts';
import { type Disposition, type DispositionFault, type NameLimits, readDisposition } from './part-disposition.ts';

/** What the header fields of a part say of it. */
export interface PartFacts {
  /** The name of its field; null in `mixed` and `related` where it has none. */
  readonly name: string | null;
  /** Null where it is no file. Empty where a browser's form had a place for a file and none was chosen. */
  readonly fileName: string | null;
  /** Its type; `text/plain` where it names none (RFC 7578 §4.4). */
  readonly mediaType: MediaType;
  /** Its type as it was written; null where it names none. */
  readonly contentType: string | null;
  /** What its Content-ID says, in `mixed` and `related`; null where it has none. */
  readonly contentId: string | null;
  /** Header fields that only a description can know, by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Why the header fields of a part, or what they say of its content, have no single reading. */
export type PartFault =
  | DispositionFault
  | 'header-bytes'
  | 'too-many-headers'
  | 'header-line'
  | 'duplicate-header'
  | 'unknown-header'
  | 'no-disposition'
  | 'part-content-type'
  | 'nested-multipart'
  | 'transfer-encoding'
  | 'not-7bit'
  | 'part-length'
  | 'not-ascii'
  | 'field-not-text';

/** Bounds on the header fields of a part. */
interface PartLimits extends NameLimits {
  readonly headFields: number;
}

/** The header fields of a part, read; the last two are said of its content, and hold or are refused. */
export interface PartHead {
  readonly facts: PartFacts;
  readonly isSevenBit: boolean;
  /** Its length as it is written; null where it is not. */
  readonly length: string | null;
}

/** A dot is no line end of Unicode either. */
const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;
/** Line ends are taken away before: any control byte left is none that belongs here, the tab of a folded line too. */
const CONTROL = /[\0-\x1f\x7f]/;
/** Some readers take the type of a part for `text/plain` then. */
const EMPTY_PARAMETER = /; *(?:;|$)/;
const TRANSFER_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);
const KNOWN: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-type',
  'content-transfer-encoding',
  'content-length',
]);
const KNOWN_IN_LISTS: ReadonlySet<string> = new Set([...KNOWN, 'content-id', 'content-location']);
const PLAIN_TEXT: MediaType = {
  type: 'text',
  subtype: 'plain',
  suffix: null,
  essence: 'text/plain',
  parameters: new Map(),
};
const NO_DISPOSITION: Disposition = { name: null, fileName: null };

/**
 * Reads the header fields of a part, without the empty line behind them. Each stands once, in one line of UTF-8. Other
 * fields of MIME than those that forms have (`Content-Encoding`, say) are refused, since some readers go by them; what
 * is no field of MIME is kept for a description to know.
 */
export function readPartHead(bytes: Buffer, isForm: boolean, limits: PartLimits): Result<PartHead, PartFault> {
  const lines = readLines(bytes, isForm ? KNOWN : KNOWN_IN_LISTS, limits.headFields);
  if (!lines.ok) return lines;
  const fields = lines.value;
  const written = fields.get('content-disposition');
  if (written === undefined && isForm) return err('no-disposition');
  const disposition = written === undefined ? ok(NO_DISPOSITION) : readDisposition(written, isForm, limits);
  if (!disposition.ok) return disposition;
  const contentType = fields.get('content-type') ?? null;
  const mediaType = contentType === null ? ok(PLAIN_TEXT) : parseMediaType(contentType);
  if (!mediaType.ok || EMPTY_PARAMETER.test(contentType ?? '')) return err('part-content-type');
  if (mediaType.value.type === 'multipart') return err('nested-multipart');
  const encoding = fields.get('content-transfer-encoding')?.toLowerCase() ?? 'binary';
  if (!TRANSFER_ENCODINGS.has(encoding)) return err('transfer-encoding');
  const facts: PartFacts = {
    ...disposition.value,
    mediaType: mediaType.value,
    contentType,
    contentId: fields.get('content-id') ?? null,
    headers: othersOf(fields),
  };
  return ok({ facts, isSevenBit: encoding === '7bit', length: fields.get('content-length') ?? null });
}

function readLines(
  bytes: Buffer,
  known: ReadonlySet<string>,
  most: number,
): Result<ReadonlyMap<string, string>, PartFault> {
  if (!isUtf8(bytes)) return err('header-bytes');
  const fields = new Map<string, string>();
  if (bytes.length === 0) return ok(fields);
  for (const line of bytes.toString('utf8').split('\r\n')) {
    if (fields.size === most) return err('too-many-headers');
    if (CONTROL.test(line)) return err('header-bytes');
    const [, written, value] = LINE.exec(line) ?? [];
    if (written === undefined || value === undefined) return err('header-line');
    const name = written.toLowerCase();
    if (!known.has(name) && (name.startsWith('content-') || name === 'mime-version')) return err('unknown-header');
    if (fields.has(name)) return err('duplicate-header');
    fields.set(name, withoutSpaces(value));
  }
  return ok(fields);
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

function othersOf(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const others = [...fields].filter(([name]) => !KNOWN_IN_LISTS.has(name));
  return others.length === 0 ? NO_HEADERS : new Map(others);
}

/** Without the spaces around it; no others are white space here, and an expression that looks for an end would take long. */
function withoutSpaces(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value[start] === ' ') start++;
  while (end > start && value[end - 1] === ' ') end--;
  return value.slice(start, end);
}
