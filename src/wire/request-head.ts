import type { ProblemCode } from '../base/index.ts';
import { FIELD, FIELD_MARKS, FieldMark, fieldNumber } from './field-names.ts';
import {
  clearFieldScan,
  type FieldFault,
  type FieldScan,
  hasField,
  HEAD_BOUNDS,
  hasRepeatedSingle,
  isRepeated,
  newFieldScan,
  onlyKeepsAlive,
  readFields,
  REQUEST_OCTETS,
  takeWords,
} from './fields.ts';
import { HeaderFields } from './header-fields.ts';
import { type Authority, readAuthority } from './host.ts';
import type { BodyFraming } from './message.ts';
import { CR, latin1Text, LF, SP, TOKEN } from './octets.ts';
import { canonicalizeTarget, type PlainTarget, walkTarget } from './target.ts';

/** The request target's bound in bytes. */
export const TARGET_LIMIT_BYTES = 8_192;

const METHOD_LIMIT_BYTES = 32;

/** So much of a version is looked at to say what is wrong with it. */
const VERSION_GLANCE_BYTES = 16;

/** What a request's head says in whatever protocol, read once and whole; see CanonicalRequest for the canonical parts. */
export interface CanonicalHead {
  readonly fault: null;
  readonly method: string;
  readonly authority: Authority;
  readonly path: string;
  readonly query: string | null;
  readonly fields: HeaderFields;
  readonly expectsContinue: boolean;
  /** How long it is as HTTP/1.1, its empty line included. */
  readonly bytes: number;
}

/** A request's head as HTTP/1.1 carries it. */
export interface RequestHead extends CanonicalHead {
  readonly framing: BodyFraming;
  readonly minorVersion: 0 | 1;
  readonly keepAlive: boolean;
}

/** What reading a head gives. */
export type RequestHeadReading = RequestHead | { readonly fault: ProblemCode };

/** Remembers the last host text of a connection, since a client sends the same one again and again. */
export interface AuthorityMemory {
  text: string;
  authority: Authority | null;
}

/** A memory with nothing in it. */
export function newAuthorityMemory(): AuthorityMemory {
  return { text: '', authority: null };
}

interface RequestLine {
  fault: FieldFault | null;
  methodEnd: number;
  targetStart: number;
  minorVersion: 0 | 1;
  end: number;
}

// Looked up once: the table of all names is no small object.
const HOST = FIELD.host;
const CONTENT_LENGTH = FIELD['content-length'];
const CONNECTION = FIELD.connection;
const EXPECT = FIELD.expect;

// Filled anew for each head; reading is synchronous, so one of each is enough.
const line: RequestLine = { fault: null, methodEnd: 0, targetStart: 0, minorVersion: 1, end: 0 };
const target: PlainTarget = { pathEnd: 0, end: 0, plain: false };
const span = { from: 0, end: 0 };

/**
 * Reads the head that stands at the beginning of `bytes`; `end` is where its last, empty line begins.
 * One reading, or the first thing that is wrong with it (RFC 9112 §3, §5, §6; RFC 9110 §7.2).
 */
export function readRequestHead(bytes: Buffer, end: number, memory: AuthorityMemory): RequestHeadReading {
  readRequestLine(bytes);
  if (line.fault !== null) return { fault: certain(line.fault) };
  const scan = newFieldScan();
  if (end + 2 > HEAD_BOUNDS.bytes) return { fault: overlongFault(bytes, scan) };
  const fault = readFields(bytes, { from: line.end, end }, REQUEST_OCTETS, scan);
  if (fault !== null) return { fault: certain(fault) };
  return assemble(bytes, end, scan, memory);
}

/** Filled anew for each head that is read at one go. */
const scratch = newFieldScan(true);

/**
 * Reads the head at the beginning of `bytes` at one go, without looking for its end first. Null where that gives no
 * sound head, for whatever reason: then it is for `readRequestHead` and `earlyFault` to say what is wrong. What is given
 * is what `readRequestHead` would give, since in a sound head the first empty line is its end.
 */
export function readSoundHead(bytes: Buffer, memory: AuthorityMemory): RequestHead | null {
  readRequestLine(bytes);
  if (line.fault !== null) return null;
  clearFieldScan(scratch);
  span.from = line.end;
  span.end = bytes.length;
  const fault = readFields(bytes, span, REQUEST_OCTETS, scratch);
  if (fault !== null || scratch.end < 0 || scratch.end + 2 > HEAD_BOUNDS.bytes) return null;
  const head = assemble(bytes, scratch.end, scratch, memory);
  return head.fault === null ? head : null;
}

/**
 * What is wrong with a head whose end is not here yet; null while nothing is. It says what `readRequestHead` would say
 * of the whole, since both name the first fault in order of the bytes; that way the cutting into packets decides nothing.
 */
export function earlyFault(bytes: Buffer): ProblemCode | null {
  readRequestLine(bytes);
  if (line.fault !== null) return line.fault === 'incomplete' ? null : line.fault;
  if (bytes.length > HEAD_BOUNDS.bytes) return overlongFault(bytes, newFieldScan());
  if (!hasBareBreak(bytes)) return null;
  return certain(
    readFields(bytes, { from: line.end, end: bytes.length }, REQUEST_OCTETS, newFieldScan()) ?? 'bare-line-break',
  );
}

/** A head that is too large may be wrong before it gets too large. */
function overlongFault(bytes: Buffer, scan: FieldScan): ProblemCode {
  const known = bytes.subarray(0, HEAD_BOUNDS.bytes);
  const fault = readFields(known, { from: line.end, end: known.length }, REQUEST_OCTETS, scan);
  return fault === null || fault === 'incomplete' ? 'header-too-large' : fault;
}

/** In a whole head nothing is incomplete; should something be, it is no head. */
function certain(fault: FieldFault): ProblemCode {
  return fault === 'incomplete' ? 'malformed-request-line' : fault;
}

/** Whether a line feed stands without its carriage return, or the other way round; a carriage return at the very end may still get its own. */
function hasBareBreak(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
  }
  for (let at = bytes.indexOf(CR); at >= 0 && at < bytes.length - 1; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] !== LF) return true;
  }
  return false;
}

/** METHOD SP TARGET SP HTTP/1.x CRLF, into `line` and `target`. */
function readRequestLine(bytes: Buffer): void {
  let at = 0;
  while (TOKEN[bytes[at] as number]) at++;
  line.methodEnd = at;
  if (bytes[at] !== SP || at === 0 || at > METHOD_LIMIT_BYTES) {
    line.fault = at > METHOD_LIMIT_BYTES ? 'malformed-request-line' : breakFault(bytes, at, 'malformed-request-line');
    return;
  }
  const start = at + 1;
  line.targetStart = start;
  walkTarget(bytes, start, target);
  at = target.end;
  // Whatever the walk stopped at, the target ends at the next space or line end.
  while (at < bytes.length && bytes[at] !== SP && bytes[at] !== CR && bytes[at] !== LF) at++;
  if (at !== target.end) target.plain = false;
  target.end = at;
  if (at - start > TARGET_LIMIT_BYTES) line.fault = 'target-too-long';
  else if (at === bytes.length) line.fault = 'incomplete';
  else if (at === start) line.fault = 'malformed-request-line';
  else line.fault = readVersion(bytes, at);
}

/** SP HTTP/1.0 or HTTP/1.1, and CRLF; `at` is where the space should be. */
function readVersion(bytes: Buffer, at: number): FieldFault | null {
  if (bytes[at] !== SP) return breakFault(bytes, at, 'unsupported-http-version');
  const start = at + 1;
  let end = start;
  while (end < bytes.length && end - start < VERSION_GLANCE_BYTES && bytes[end] !== CR && bytes[end] !== LF) end++;
  if (end - start < VERSION_GLANCE_BYTES && end === bytes.length) return 'incomplete';
  if (!isVersion(bytes, start, end)) {
    return isVersionLike(bytes, start, end) ? 'unsupported-http-version' : 'malformed-request-line';
  }
  if (bytes[end] !== CR || bytes[end + 1] !== LF)
    return end + 1 === bytes.length && bytes[end] === CR ? 'incomplete' : 'bare-line-break';
  line.minorVersion = bytes[end - 1] === 0x31 ? 1 : 0;
  line.end = end + 2;
  return null;
}

/** HTTP/1.0 or HTTP/1.1, in upper case. */
function isVersion(bytes: Buffer, at: number, end: number): boolean {
  return (
    end - at === 8 &&
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    bytes[at + 5] === 0x31 &&
    bytes[at + 6] === 0x2e &&
    (bytes[at + 7] === 0x31 || bytes[at + 7] === 0x30)
  );
}

function isVersionLike(bytes: Buffer, from: number, to: number): boolean {
  return /^https?\/[0-9.]*$/i.test(bytes.toString('latin1', from, to));
}

/** A line that stops at `at`, where something else should follow: a line break alone, the end of what is here, or `otherwise`. */
function breakFault(bytes: Buffer, at: number, otherwise: ProblemCode): FieldFault {
  if (at >= bytes.length || (bytes[at] === CR && at + 1 === bytes.length)) return 'incomplete';
  const bare = bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF);
  return bare ? 'bare-line-break' : otherwise;
}

/** Puts the request together from `line`, `target` and the scan; `end` is where the head's empty line begins. */
function assemble(bytes: Buffer, end: number, scan: FieldScan, memory: AuthorityMemory): RequestHeadReading {
  const text = latin1Text(bytes, 0, end);
  const { minorVersion } = line;
  const method = commonMethod(bytes) ?? text.slice(0, line.methodEnd);
  const place = target.plain ? PLAIN : readTarget(text, method);
  if (place.fault !== null) return place;
  if (hasRepeatedSingle(scan)) return { fault: 'duplicate-header' };
  if (!hasField(scan, HOST)) return { fault: 'invalid-host' };
  const authority = readHost(bytes, scan.hostWord, memory);
  if (authority === null || (place.host !== null && place.host !== authority.host)) return { fault: 'invalid-host' };
  if (scan.paddedLength) return { fault: 'invalid-content-length' };
  if (scan.chunked && hasField(scan, CONTENT_LENGTH)) return { fault: 'length-and-chunked' };
  if (scan.chunked && minorVersion === 0) return { fault: 'invalid-transfer-encoding' };
  const framing = framingOf(scan);
  const fields = new HeaderFields(text, takeWords(scan), scan);
  const plainConnection = !hasField(scan, CONNECTION) || onlyKeepsAlive(bytes, scan);
  const connection = plainConnection ? NO_CONNECTION : readConnection(fields);
  if (connection.fault !== null) return connection;
  const expects = hasField(scan, EXPECT) && minorVersion !== 0;
  const expectation = expects ? readExpect(fields, scan, framing) : 'none';
  if (expectation !== 'none' && expectation !== 'continue') return { fault: expectation };
  return {
    fault: null,
    method,
    authority,
    path: place === PLAIN ? text.slice(line.targetStart, target.pathEnd) : place.path,
    query: place === PLAIN ? plainQuery(text) : place.query,
    fields,
    framing,
    minorVersion,
    // Behind CONNECT a client may speak anything.
    keepAlive: minorVersion === 1 && !connection.close && method !== 'CONNECT',
    expectsContinue: expectation === 'continue',
    bytes: end + 2,
  };
}

const COMMON_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

/** The method where it is one of those, so that no text is made for it; else null. */
function commonMethod(bytes: Buffer): string | null {
  for (const method of COMMON_METHODS) if (method.length === line.methodEnd && holdsAt(bytes, 0, method)) return method;
  return null;
}

type Place =
  | { readonly fault: null; readonly host: string | null; readonly path: string; readonly query: string | null }
  | { readonly fault: ProblemCode };

/** Stands for what `target` says, whose path and query are cut out of the head where they are wanted. */
const PLAIN: Place = { fault: null, host: null, path: '', query: null };

function plainQuery(text: string): string | null {
  return target.pathEnd === target.end ? null : text.slice(target.pathEnd + 1, target.end);
}

/** Origin-form, absolute-form for http and https, `*` for OPTIONS only (RFC 9112 §3.2). CONNECT is answered before its target matters. */
function readTarget(text: string, method: string): Place {
  const raw = text.slice(line.targetStart, target.end);
  if (method === 'CONNECT')
    return readAuthority(raw) === null
      ? { fault: 'malformed-target' }
      : { fault: null, host: null, path: '*', query: null };
  if (raw === '*')
    return method === 'OPTIONS' ? { fault: null, host: null, path: '*', query: null } : { fault: 'malformed-target' };
  if (raw.startsWith('/')) {
    const reading = canonicalizeTarget(raw);
    return reading.fault === null ? { ...reading, host: null } : reading;
  }
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(raw);
  if (absolute === null) return { fault: 'malformed-target' };
  const authority = readAuthority(absolute[1] as string);
  if (authority === null) return { fault: 'invalid-host' };
  const rest = absolute[2] as string;
  const reading = canonicalizeTarget(rest.startsWith('/') ? rest : `/${rest}`);
  return reading.fault === null ? { ...reading, host: authority.host } : reading;
}

function readHost(bytes: Buffer, word: number, memory: AuthorityMemory): Authority | null {
  const start = word & 0xffff;
  const length = word >>> 16;
  if (memory.authority === null || memory.text.length !== length || !holdsAt(bytes, start, memory.text)) {
    memory.text = latin1Text(bytes, start, start + length);
    memory.authority = readAuthority(memory.text);
  }
  return memory.authority;
}

function holdsAt(bytes: Buffer, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

const NO_BODY: BodyFraming = { kind: 'none' };
const CHUNKED_BODY: BodyFraming = { kind: 'chunked' };

/** A request's body ends where Content-Length or the last chunk says, or there is none (RFC 9112 §6.3). */
function framingOf(scan: FieldScan): BodyFraming {
  if (scan.chunked) return CHUNKED_BODY;
  return scan.contentLength > 0 ? { kind: 'length', bytes: scan.contentLength } : NO_BODY;
}

/** What the Connection field asks for; see `readConnection`. */
interface ConnectionOptions {
  readonly fault: null;
  readonly close: boolean;
}

const NO_CONNECTION: ConnectionOptions = { fault: null, close: false };
const CLOSE: ConnectionOptions = { fault: null, close: true };
const PROTECTED = { fault: 'connection-names-protected-header' } as const;

/** More options than this are no list anybody needs, and each one costs a walk over the fields. */
const CONNECTION_OPTIONS_LIMIT = 32;

/**
 * Reads Connection (RFC 9110 §7.6.1) and drops the fields it names. A fault when it names a field that belongs to both
 * ends, or is no list of tokens: a client must not be able to take away what the gateway or the upstream relies on.
 */
function readConnection(fields: HeaderFields): ConnectionOptions | { readonly fault: ProblemCode } {
  const value = (fields.get('connection') ?? '').toLowerCase();
  if (value === 'close') return CLOSE;
  let close = false;
  const options = value.split(',', CONNECTION_OPTIONS_LIMIT + 1);
  if (options.length > CONNECTION_OPTIONS_LIMIT) return { fault: 'header-too-large' };
  for (const option of options) {
    const name = option.trim();
    if (name === '') continue;
    const octets = Buffer.from(name, 'latin1');
    if (!octets.every((octet) => TOKEN[octet])) return PROTECTED;
    if (name === 'close') close = true;
    else if ((FIELD_MARKS[fieldNumber(octets, 0, octets.length)] as number) & FieldMark.guarded) return PROTECTED;
    else fields.drop(name);
  }
  return close ? CLOSE : NO_CONNECTION;
}

function readExpect(fields: HeaderFields, scan: FieldScan, framing: BodyFraming): ProblemCode | 'continue' {
  const value = (fields.valueOf(EXPECT) ?? '').toLowerCase();
  if (isRepeated(scan, EXPECT) || value === '' || /[,\s]/.test(value) || framing.kind === 'none')
    return 'invalid-expect';
  return value === '100-continue' ? 'continue' : 'expectation-failed';
}
