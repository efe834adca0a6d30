import type { ProblemCode } from '../../base/index.ts';
import { FIELD, SINGLE_BITS } from '../field-names.ts';
import type { HeaderFields } from '../header-fields.ts';
import { type Authority, readAuthority } from '../host.ts';
import { type AuthorityMemory, type CanonicalHead, newAuthorityMemory } from '../request-head.ts';
import { canonicalizeTarget, type TargetReading } from '../target.ts';
import { addLine, clearFieldLines, type FieldLines, newFieldLines, takeFields } from './field-lines.ts';

/** A request's head as HTTP/2 carries it. */
export interface Http2RequestHead extends CanonicalHead {
  /** The body's length in bytes; -1 where the head does not say. */
  readonly contentLength: number;
  /** It is an extended CONNECT that asks for WebSocket (RFC 8441 §4), given as the GET that stands for it over HTTP/1.1. */
  readonly upgrades: boolean;
}

/**
 * What reading a head gives. `malformed`: by RFC 9113 §8, so that the stream is reset and nobody replies; else the fault
 * is answered as over HTTP/1.1.
 */
export type Http2RequestReading = Http2RequestHead | { readonly fault: ProblemCode; readonly malformed: boolean };

/** What a connection remembers of its last head, since a client sends the same host and often the same path again. */
export interface HeadMemory {
  readonly authority: AuthorityMemory;
  pathText: string;
  path: TargetReading | null;
}

/** A memory with nothing in it. */
export function newHeadMemory(): HeadMemory {
  return { authority: newAuthorityMemory(), pathText: '', path: null };
}

/** What the block of a request holds while it is gathered, each field sound by itself. */
export interface RequestParts {
  /** The pseudo fields as they came; null: not there. */
  method: string | null;
  scheme: string | null;
  authority: string | null;
  path: string | null;
  protocol: string | null;
  /** The value of Host, which may stand beside `:authority`. */
  host: string | null;
  /** All cookies, joined; null where there is none. */
  cookie: string | null;
  /** -1: not there. */
  contentLength: number;
  /** How long the head would be as HTTP/1.1. */
  bytes: number;
  readonly lines: FieldLines;
}

/** Parts to fill. */
export function newRequestParts(): RequestParts {
  return {
    method: null,
    scheme: null,
    authority: null,
    path: null,
    protocol: null,
    host: null,
    cookie: null,
    contentLength: -1,
    bytes: 0,
    lines: newFieldLines(),
  };
}

/** Makes parts new again, for there is one of them for each decoder. */
export function clearRequestParts(parts: RequestParts): void {
  parts.method = parts.scheme = parts.authority = parts.path = null;
  parts.protocol = parts.host = parts.cookie = null;
  parts.contentLength = -1;
  parts.bytes = 0;
  clearFieldLines(parts.lines);
}

const COOKIE = FIELD.cookie;
const EXPECT = FIELD.expect;
const EXPECT_BIT = 1 << EXPECT;

/** What of a request its block does not say. */
export interface RequestCarriage {
  /** That of the connection. */
  readonly scheme: 'http' | 'https';
  /** The block bears END_STREAM, so nothing follows: a body that is announced all the same is a fault. */
  readonly ended: boolean;
}

/**
 * Puts the request together. Where several things are wrong it names the same one as HTTP/1.1 does: the target, fields
 * that may stand once, the host, the length, the expectation.
 */
export function assembleRequest(
  parts: RequestParts,
  memory: HeadMemory,
  { scheme, ended }: RequestCarriage,
): Http2RequestReading {
  const asked = parts.method as string;
  const upgrades = asked === 'CONNECT' && parts.protocol === 'websocket';
  const isConnect = asked === 'CONNECT' && !upgrades;
  if (!isConnect && parts.scheme !== scheme) return refused('malformed-target');
  // CONNECT has no path and is answered before it would matter (RFC 9113 §8.5).
  const target = isConnect || parts.path === '*' ? ASTERISK : readPath(parts.path as string, memory);
  if (target.fault !== null) return refused(target.fault);
  if ((parts.lines.repeated & SINGLE_BITS) !== 0) return refused('duplicate-header');
  const authority = readHost(parts, memory.authority);
  if (authority === null) return refused('invalid-host');
  if (ended && parts.contentLength > 0) return { fault: 'content-length-mismatch', malformed: true };
  // All crumbs as one field, behind the others (RFC 9113 §8.2.3).
  if (parts.cookie !== null) addLine(parts.lines, 'cookie', COOKIE, `cookie: ${parts.cookie}\r\n`);
  const fields = takeFields(parts.lines);
  const expectation = (parts.lines.seen & EXPECT_BIT) === 0 ? 'none' : readExpect(fields, parts, ended);
  if (expectation !== 'none' && expectation !== 'continue') return refused(expectation);
  return {
    fault: null,
    method: upgrades ? 'GET' : asked,
    authority,
    path: target.path,
    query: target.query,
    fields,
    contentLength: parts.contentLength,
    upgrades,
    expectsContinue: expectation === 'continue',
    bytes: parts.bytes,
  };
}

const ASTERISK: TargetReading = { fault: null, path: '*', query: null };

function refused(fault: ProblemCode): Http2RequestReading {
  return { fault, malformed: false };
}

/** Longer paths are seldom sent twice, and a connection that does nothing should keep little. */
const REMEMBERED_PATH_BYTES = 512;

function readPath(text: string, memory: HeadMemory): TargetReading {
  if (memory.path !== null && memory.pathText === text) return memory.path;
  const reading = canonicalizeTarget(text);
  if (text.length <= REMEMBERED_PATH_BYTES) {
    memory.pathText = text;
    memory.path = reading;
  }
  return reading;
}

/** `:authority`, or Host in its place; where both are there they must name the same (RFC 9113 §8.3.1). */
function readHost(parts: RequestParts, memory: AuthorityMemory): Authority | null {
  const text = parts.authority ?? parts.host;
  if (text === null) return null;
  if (memory.authority === null || memory.text !== text) {
    memory.text = text;
    memory.authority = readAuthority(text);
  }
  const { authority } = memory;
  if (authority === null || parts.host === null || parts.host === text) return authority;
  const host = readAuthority(parts.host);
  return host !== null && host.host === authority.host && host.port === authority.port ? authority : null;
}

/** As over HTTP/1.1: once, one word, and only where a body may follow (RFC 9110 §10.1.1). */
function readExpect(fields: HeaderFields, parts: RequestParts, ended: boolean): ProblemCode | 'continue' {
  const value = (fields.valueOf(EXPECT) ?? '').toLowerCase();
  const repeated = (parts.lines.repeated & EXPECT_BIT) !== 0;
  const bodiless = ended || parts.contentLength === 0;
  if (repeated || value === '' || /[,\s]/.test(value) || bodiless) return 'invalid-expect';
  return value === '100-continue' ? 'continue' : 'expectation-failed';
}
