import { FIELD, FieldMark } from './field-names.ts';
import {
  clearFieldScan,
  type FieldScan,
  hasField,
  HEAD_BOUNDS,
  newFieldScan,
  onlyKeepsAlive,
  readFields,
  REPLY_OCTETS,
  takeWords,
} from './fields.ts';
import { HeaderFields } from './header-fields.ts';
import type { BodyFraming } from './message.ts';
import { CR, latin1Text, LF, REPLY_VALUE, SP } from './octets.ts';

const TOO_LARGE = 'head larger than 16 KiB';

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
  /** How long it is, its empty line included. */
  readonly bytes: number;
}

/** What reading a reply head gives; the fault is for the operator's log. */
export type ReplyHeadReading = ReplyHead | { readonly fault: string };

const HEAD_END = Buffer.from('\r\n\r\n');

/** Where the empty line begins that ends the head at the beginning of `bytes`: -1 where it is still to come, or why it can't. */
export function findReplyHeadEnd(bytes: Buffer): number | string {
  const end = bytes.indexOf(HEAD_END);
  if (end >= 0) return end + 2;
  if (bytes.length > HEAD_BOUNDS.bytes) return TOO_LARGE;
  return hasBareLineFeed(bytes) ? 'bare line feed in the head' : -1;
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
  }
  return false;
}

/**
 * Reads the reply head at the beginning of `bytes`, whose last, empty line begins at `end`, as the answer to a request of
 * this method (RFC 9112 §4, §6.3). Anything whose framing is in doubt is a fault.
 */
export function readReplyHead(bytes: Buffer, end: number, method: string): ReplyHeadReading {
  if (end + 2 > HEAD_BOUNDS.bytes) return { fault: TOO_LARGE };
  const lineFault = readStatusLine(bytes);
  if (lineFault !== null) return { fault: lineFault };
  clearFieldScan(measured);
  const fault = readFields(bytes, { from: line.end, end }, REPLY_OCTETS, measured);
  return fault === null ? assemble(bytes, end, method, measured) : { fault };
}

/** More interim replies than this to one request are a flood. */
export const INTERIM_LIMIT = 10;
const SWITCHING_PROTOCOLS = 101;

/**
 * Reads the next head of a reply at the beginning of `bytes`, to a request of this method that had so many interim ones
 * already. Null where its end is still to come.
 */
export function nextReplyHead(bytes: Buffer, method: string, interims: number): ReplyHeadReading | null {
  const end = findReplyHeadEnd(bytes);
  if (typeof end === 'string') return { fault: end };
  if (end < 0) return null;
  const head = readReplyHead(bytes, end, method);
  const isInterim = head.fault === null && head.status < 200 && head.status !== SWITCHING_PROTOCOLS;
  return isInterim && interims >= INTERIM_LIMIT ? { fault: `more than ${INTERIM_LIMIT} interim replies` } : head;
}

/**
 * Reads the reply head at the beginning of `bytes` at one go, without looking for its end first. Null where that gives no
 * sound head: then it is for `readReplyHead` to say why, once its end is there.
 */
export function readSoundReply(bytes: Buffer, method: string): ReplyHead | null {
  if (readStatusLine(bytes) !== null) return null;
  clearFieldScan(open);
  span.from = line.end;
  span.end = bytes.length;
  const fault = readFields(bytes, span, REPLY_OCTETS, open);
  if (fault !== null || open.end < 0 || open.end + 2 > HEAD_BOUNDS.bytes) return null;
  const head = assemble(bytes, open.end, method, open);
  return head.fault === null ? head : null;
}

// Looked up once: the table of all names is no small object.
const CONTENT_LENGTH = FIELD['content-length'];
const CONNECTION = FIELD.connection;
const KEEP_ALIVE = FIELD['keep-alive'];

// Filled anew for each head; reading is synchronous, so one of each is enough.
const measured = newFieldScan();
const open = newFieldScan(true);
const span = { from: 0, end: 0 };

function assemble(bytes: Buffer, end: number, method: string, scan: FieldScan): ReplyHeadReading {
  const hasLength = hasField(scan, CONTENT_LENGTH);
  if (scan.chunked && hasLength) return { fault: 'length-and-chunked' };
  if (scan.chunked && line.minorVersion === 0) return { fault: 'invalid-transfer-encoding' };
  const fields = new HeaderFields(latin1Text(bytes, 0, end), takeWords(scan), scan, NOT_FOR_CLIENTS);
  const announcedLength = hasLength ? scan.contentLength : null;
  const bodiless = method === 'HEAD' || line.status === 204 || line.status === 304 || line.status < 200;
  const framing = bodiless ? NO_BODY : framingOf(scan.chunked, announcedLength);
  const closes = hasField(scan, CONNECTION) && !onlyKeepsAlive(bytes, scan) && dropNamedFields(fields);
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
    idleMs: hasField(scan, KEEP_ALIVE) ? readIdleMs(fields) : null,
    bytes: end + 2,
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

// Filled anew for each head.
const line = { status: 0, minorVersion: 1, end: 0 };

/** HTTP/1.x SP 3DIGIT SP [reason] CRLF, into `line`; statuses 100 to 599. Gives what is wrong, or null. */
function readStatusLine(bytes: Buffer): string | null {
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
  const hundreds = (bytes[9] as number) - 0x30;
  const tens = (bytes[10] as number) - 0x30;
  const ones = (bytes[11] as number) - 0x30;
  const isStatus = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  if (!isStatus || bytes[12] !== SP) return 'status line without a status from 100 to 599';
  let at = 13;
  while (REPLY_VALUE[bytes[at] as number]) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return 'status line with a forbidden byte';
  line.status = hundreds * 100 + tens * 10 + ones;
  line.minorVersion = bytes[7] === 0x31 ? 1 : 0;
  line.end = at + 2;
  return null;
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
  const value = fields.valueOf(KEEP_ALIVE);
  const seconds = value === null ? null : /(?:^|[,;\s])timeout=([0-9]{1,6})(?:$|[,;\s])/i.exec(value);
  return seconds === null ? null : Number(seconds[1]) * 1_000;
}
