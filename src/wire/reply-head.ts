import { FIELD, FieldMark } from './field-names.ts';
import { HEAD_BOUNDS, newFieldScan, readFields, REPLY_OCTETS } from './fields.ts';
import { HeaderFields } from './header-fields.ts';
import type { BodyFraming } from './message.ts';
import { CR, LF, REPLY_VALUE, SP } from './octets.ts';

/** An upstream's reply head, read as strictly as a request's. */
export interface ReplyHead {
  readonly fault: null;
  readonly status: number;
  readonly fields: HeaderFields;
  readonly framing: BodyFraming;
  /** The length the upstream names for a body that is not sent (HEAD, 304), or null. */
  readonly announcedLength: number | null;
  readonly keepAlive: boolean;
  /** How long the upstream keeps an idle connection (`Keep-Alive: timeout`), in milliseconds, or null where it does not say. */
  readonly idleMs: number | null;
}

/** What reading a reply head gives; the fault is for the operator's log. */
export type ReplyHeadReading = ReplyHead | { readonly fault: string };

/**
 * Reads the reply head at the beginning of `bytes`, whose last, empty line begins at `end`, as the answer to a request of
 * this method (RFC 9112 §4, §6.3). Anything whose framing is in doubt is a fault.
 */
export function readReplyHead(bytes: Buffer, end: number, method: string): ReplyHeadReading {
  if (end + 2 > HEAD_BOUNDS.bytes) return { fault: 'head larger than 16 KiB' };
  const line = readStatusLine(bytes);
  if (typeof line === 'string') return { fault: line };
  const scan = newFieldScan();
  const fault = readFields(bytes, { from: line.end, end }, REPLY_OCTETS, scan);
  if (fault !== null) return { fault };
  if (scan.contentLengthLines > 0 && scan.transferEncodingLines > 0) return { fault: 'length-and-chunked' };
  if (scan.chunked && line.minorVersion === 0) return { fault: 'invalid-transfer-encoding' };
  const fields = new HeaderFields(bytes.toString('latin1', 0, end), scan.words, NOT_FOR_CLIENTS);
  const announcedLength = scan.contentLengthLines > 0 ? scan.contentLength : null;
  const bodiless = method === 'HEAD' || line.status === 204 || line.status === 304 || line.status < 200;
  const framing = bodiless ? NO_BODY : framingOf(scan.chunked, announcedLength);
  const closes = scan.connectionLines > 0 && dropNamedFields(fields);
  return {
    fault: null,
    status: line.status,
    fields,
    framing,
    announcedLength,
    // A body that is announced and must not come, as for HEAD, may come all the same, and would be the next one's reply.
    keepAlive:
      framing.kind !== 'until-close' &&
      line.minorVersion === 1 &&
      !closes &&
      !(bodiless && (scan.chunked || (announcedLength ?? 0) > 0)),
    idleMs: readIdleMs(fields),
  };
}

/** What of an upstream's fields no client gets. */
const NOT_FOR_CLIENTS = FieldMark.drop | FieldMark.banner;

const NO_BODY: BodyFraming = { kind: 'none' };
const CHUNKED_BODY: BodyFraming = { kind: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' };

function framingOf(chunked: boolean, length: number | null): BodyFraming {
  if (chunked) return CHUNKED_BODY;
  if (length === null) return UNTIL_CLOSE;
  return length === 0 ? NO_BODY : { kind: 'length', bytes: length };
}

interface StatusLine {
  readonly status: number;
  readonly minorVersion: 0 | 1;
  readonly end: number;
}

/** HTTP/1.x SP 3DIGIT SP [reason] CRLF; statuses 100 to 599. */
function readStatusLine(bytes: Buffer): StatusLine | string {
  const isVersion =
    bytes[0] === 0x48 &&
    bytes[1] === 0x54 &&
    bytes[2] === 0x54 &&
    bytes[3] === 0x50 &&
    bytes[4] === 0x2f &&
    bytes[5] === 0x31 &&
    bytes[6] === 0x2e &&
    (bytes[7] === 0x31 || bytes[7] === 0x30);
  if (!isVersion || bytes[8] !== SP) return 'status line without HTTP/1.1 or HTTP/1.0';
  const [hundreds, tens, ones] = [
    (bytes[9] as number) - 0x30,
    (bytes[10] as number) - 0x30,
    (bytes[11] as number) - 0x30,
  ];
  const isStatus = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  if (!isStatus || bytes[12] !== SP) return 'status line without a status from 100 to 599';
  let at = 13;
  while (REPLY_VALUE[bytes[at] as number]) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return 'status line with a forbidden byte';
  return { status: hundreds * 100 + tens * 10 + ones, minorVersion: bytes[7] === 0x31 ? 1 : 0, end: at + 2 };
}

/** More options than this cost more than they can be worth; the rest is not looked at, and the connection not kept. */
const CONNECTION_OPTIONS_LIMIT = 32;

/** Takes out the fields that Connection names; true when the connection must not be kept. An upstream is trusted with its own fields. */
function dropNamedFields(fields: HeaderFields): boolean {
  const value = (fields.get('connection') ?? '').toLowerCase();
  if (value === 'keep-alive') return false;
  const options = value.split(',', CONNECTION_OPTIONS_LIMIT + 1);
  let close = options.length > CONNECTION_OPTIONS_LIMIT;
  for (const option of options) {
    const name = option.trim();
    if (name === 'close') close = true;
    else if (name !== '' && name !== 'keep-alive') fields.drop(name);
  }
  return close;
}

function readIdleMs(fields: HeaderFields): number | null {
  const value = fields.valueOf(FIELD['keep-alive']);
  const seconds = value === null ? null : /(?:^|[,;\s])timeout=([0-9]{1,6})(?:$|[,;\s])/i.exec(value);
  return seconds === null ? null : Number(seconds[1]) * 1_000;
}
