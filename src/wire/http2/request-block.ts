import type { ProblemCode } from '../../base/index.ts';
import { CHUNK_BOUNDS } from '../chunked.ts';
import { FIELD } from '../field-names.ts';
import { HEAD_BOUNDS } from '../fields.ts';
import type { HeaderFields } from '../header-fields.ts';
import { TOKEN } from '../octets.ts';
import { TARGET_LIMIT_BYTES } from '../request-head.ts';
import {
  addLine,
  clearFieldLines,
  countOfFields,
  type FieldLines,
  newFieldLines,
  readLength,
  takeFields,
} from './field-lines.ts';
import { type FieldSink, type HpackField, PSEUDO } from './hpack-field.ts';
import { HTTP2_BOUNDS } from './protocol.ts';
import {
  assembleRequest,
  clearRequestParts,
  type HeadMemory,
  type Http2RequestReading,
  newRequestParts,
  type RequestCarriage,
  type RequestParts,
} from './request-head.ts';

const METHOD_LIMIT_BYTES = 32;

/** ` ` and ` HTTP/1.1` with its CRLF, and the empty line: what HTTP/1.1 would have besides method, target and fields. */
const LINE_BYTES = 1 + 11 + 2;
/** `host: ` and CRLF, and `cookie: ` and CRLF. */
const HOST_BYTES = 8;
const COOKIE_BYTES = 10;

const HOST = FIELD.host;
const COOKIE = FIELD.cookie;
const CONTENT_LENGTH = FIELD['content-length'];

/**
 * Gathers the block of one request (RFC 9113 §8.2, §8.3); one for each decoder, cleared for each block. It keeps the first
 * thing that is wrong, in order of the block, and nothing of what comes behind it, so a block that is too large costs no
 * memory beyond its bounds: those of a head over HTTP/1.1.
 */
export class RequestBlock implements FieldSink {
  readonly #parts: RequestParts = newRequestParts();
  #fault: ProblemCode | null = null;
  #malformed = false;
  /** Ordinary fields have begun, so no pseudo field may come any more. */
  #opened = false;
  #fields = 0;
  #crumbs = 0;
  #asksForHead = false;

  /** Makes it new for the next block. */
  clear(): void {
    clearRequestParts(this.#parts);
    this.#fault = null;
    this.#malformed = this.#opened = this.#asksForHead = false;
    this.#fields = this.#crumbs = 0;
    this.#parts.bytes = LINE_BYTES;
  }

  field(field: HpackField): void {
    const { fault, number } = field;
    if (number === PSEUDO.method) this.#asksForHead = field.value === 'HEAD';
    if (this.#fault !== null) return;
    if (number < 0) {
      this.#pseudo(field);
      return;
    }
    if (!this.#opened) this.#open();
    if (this.#fault !== null) return;
    if (fault !== null) this.#refuse(fault.code, fault.malformed);
    else if (number === COOKIE) this.#crumb(field.value);
    else if (this.#count(field.line.length, 1)) this.#ordinary(field);
  }

  /** Whether the method is HEAD, also of a block that is refused: the reply to it has no content (RFC 9110 §9.3.2). */
  get asksForHead(): boolean {
    return this.#asksForHead;
  }

  /** The request, once its block is whole; once only, since nothing of it is kept. */
  read(memory: HeadMemory, carriage: RequestCarriage): Http2RequestReading {
    if (!this.#opened && this.#fault === null) this.#open();
    const reading: Http2RequestReading =
      this.#fault === null
        ? assembleRequest(this.#parts, memory, carriage)
        : { fault: this.#fault, malformed: this.#malformed };
    clearRequestParts(this.#parts);
    return reading;
  }

  #refuse(fault: ProblemCode, malformed: boolean): void {
    this.#fault = fault;
    this.#malformed = malformed;
  }

  #pseudo({ number, value, fault }: HpackField): void {
    // What octets a method, scheme or path may hold is for their own readings to say; Host has none over HTTP/1.1 either.
    if (fault !== null && (fault.malformed || number === PSEUDO.authority)) {
      this.#refuse(fault.code, fault.malformed);
      return;
    }
    const parts = this.#parts;
    if (this.#opened) this.#refuse('malformed-pseudo-header', true);
    else if (number === PSEUDO.method && parts.method === null) {
      parts.method = value;
      if (isMethod(value)) this.#count(value.length, 0);
      else this.#refuse('malformed-pseudo-header', true);
    } else if (number === PSEUDO.path && parts.path === null) {
      parts.path = value;
      if (value.length > TARGET_LIMIT_BYTES) this.#refuse('target-too-long', false);
      else this.#count(value.length, 0);
    } else if (number === PSEUDO.authority && parts.authority === null) {
      parts.authority = value;
      this.#count(value.length + HOST_BYTES, 1);
    } else if (number === PSEUDO.protocol && parts.protocol === null) {
      parts.protocol = value;
      this.#count(value.length, 0);
    } else if (number === PSEUDO.scheme && parts.scheme === null) parts.scheme = value;
    else this.#refuse('malformed-pseudo-header', true);
  }

  /** All pseudo fields are there that will come. */
  #open(): void {
    this.#opened = true;
    const parts = this.#parts;
    if (!hasSoundPseudoFields(parts)) this.#refuse('malformed-pseudo-header', true);
    // As over HTTP/1.1, for policies that look at the fields.
    else if (parts.authority !== null) addLine(parts.lines, 'host', HOST, `host: ${parts.authority}\r\n`);
  }

  #ordinary({ name, value, number, line }: HpackField): void {
    const parts = this.#parts;
    if (number === HOST) {
      if (parts.host !== null) this.#refuse('invalid-host', false);
      parts.host = value;
      // Its line stands there already.
      if (parts.authority !== null) return;
    } else if (number === CONTENT_LENGTH) {
      const repeated = parts.contentLength >= 0;
      parts.contentLength = readLength(value);
      if (repeated || parts.contentLength < 0) this.#refuse('invalid-content-length', false);
    }
    addLine(parts.lines, name, number, line);
  }

  #crumb(value: string): void {
    const parts = this.#parts;
    if (++this.#crumbs > HTTP2_BOUNDS.crumbs) this.#refuse('header-too-large', false);
    else if (parts.cookie === null) {
      if (this.#count(value.length + COOKIE_BYTES, 1)) parts.cookie = value;
    } else if (value !== '' && this.#count(value.length + 2, 0)) {
      // An empty crumb would leave a space at an end, which no value has.
      parts.cookie = parts.cookie === '' ? value : `${parts.cookie}; ${value}`;
    }
  }

  /** Whether so many more bytes and fields fit into a head; a fault where they don't. */
  #count(bytes: number, fields: number): boolean {
    this.#parts.bytes += bytes;
    this.#fields += fields;
    const fits = this.#parts.bytes <= HEAD_BOUNDS.bytes && this.#fields <= HEAD_BOUNDS.fields;
    if (!fits) this.#refuse('header-too-large', false);
    return fits;
  }
}

/**
 * Gathers the block of trailers (RFC 9113 §8.1); one for each decoder, cleared for each block. Any fault ends the stream:
 * a reply may be under way, so there is none to give. Bounds are those of the trailers behind a chunked body.
 */
export class TrailerBlock implements FieldSink {
  readonly #lines: FieldLines = newFieldLines();
  #fault: ProblemCode | null = null;

  /** The first thing that is wrong, or null. */
  get fault(): ProblemCode | null {
    return this.#fault;
  }

  /** Makes it new for the next block. */
  clear(): void {
    clearFieldLines(this.#lines);
    this.#fault = null;
  }

  field({ name, number, line, fault }: HpackField): void {
    if (this.#fault !== null) return;
    const lines = this.#lines;
    const bytes = lines.text.length + line.length;
    if (number < 0) this.#fault = 'malformed-pseudo-header';
    else if (fault !== null) this.#fault = fault.code;
    else if (bytes > CHUNK_BOUNDS.trailerBytes || countOfFields(lines) === CHUNK_BOUNDS.trailerFields)
      this.#fault = 'header-too-large';
    else addLine(lines, name, number, line);
  }

  /** The fields, where there is no fault; those that no trailer may carry are marked as dropped. */
  fields(): HeaderFields {
    return takeFields(this.#lines);
  }
}

/**
 * Which pseudo fields belong together: all three of a request, or those of CONNECT, which names an authority only
 * (RFC 9113 §8.3.1, §8.5), or all of them where it names a protocol too (RFC 8441 §4). A path begins with a slash; OPTIONS alone may mean the server itself.
 */
function hasSoundPseudoFields({ method, scheme, authority, path, protocol }: RequestParts): boolean {
  if (method === null || (protocol !== null && (method !== 'CONNECT' || authority === null))) return false;
  if (method === 'CONNECT' && protocol === null) return scheme === null && path === null && authority !== null;
  if (scheme === null || scheme === '' || path === null) return false;
  return path.charCodeAt(0) === SLASH || (path === '*' && method === 'OPTIONS');
}

const SLASH = 0x2f;

/** A token of at most 32 characters, as in a request line. */
function isMethod(text: string): boolean {
  if (text.length === 0 || text.length > METHOD_LIMIT_BYTES) return false;
  for (let at = 0; at < text.length; at++) if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  return true;
}
