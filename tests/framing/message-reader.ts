/**
 * A reader of HTTP/1.1 messages of its own, which shares no line with the gateway's. It is for the origin and the client
 * of the corpus: it takes the narrowest reading of RFC 9112 and calls everything else a violation, so that a message it
 * accepts is framed alike by every reader, however lenient.
 */
export interface Message {
  /** The first line, without its line end. */
  readonly start: string;
  /** Names in lower case, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly framing: 'none' | 'length' | 'chunked' | 'until-close';
  readonly trailers: number;
  readonly chunkExtensions: boolean;
}

/** What stands at the beginning of some bytes. `partial` also holds for no bytes at all. */
export type Reading =
  | { readonly kind: 'message'; readonly message: Message; readonly length: number }
  | { readonly kind: 'partial'; readonly headComplete: boolean; readonly message: Message | null }
  | { readonly kind: 'violation'; readonly reason: string };

/** How the bytes came and what is known about them. */
export interface ReadingContext {
  readonly from: 'client' | 'server';
  /** The method of the request a reply belongs to. */
  readonly method?: string;
  /** Whether the other side has ended cleanly, so that no more bytes come. */
  readonly ended?: boolean;
}

const NAME = /^[!#$%&'*+.^`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
const REQUEST_LINE = /^[!#$%&'*+.^`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.[01] [1-5][0-9][0-9] [\t\x20-\x7e]*$/;

/** Reads the message at the beginning of `bytes`. */
export function readMessage(bytes: Buffer, context: ReadingContext): Reading {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return { kind: 'partial', headComplete: false, message: null };
  const head = readHead(bytes.toString('latin1', 0, headEnd), context);
  if (typeof head === 'string') return { kind: 'violation', reason: head };
  const rest = bytes.subarray(headEnd + 4);
  const framing = framingOf(head, context);
  if (typeof framing === 'string') return { kind: 'violation', reason: framing };
  return withBody(head, framing, rest, { headLength: headEnd + 4, ended: context.ended === true });
}

interface Head {
  readonly start: string;
  readonly fields: readonly (readonly [string, string])[];
}

interface Framing {
  readonly kind: Message['framing'];
  readonly length: number;
}

function readHead(text: string, { from }: ReadingContext): Head | string {
  const [start = '', ...lines] = text.split('\r\n');
  if (!(from === 'client' ? REQUEST_LINE : STATUS_LINE).test(start)) return `first line ${JSON.stringify(start)}`;
  const fields: (readonly [string, string])[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (colon < 0 || !NAME.test(name) || !VALUE.test(value)) return `field line ${JSON.stringify(line)}`;
    fields.push([name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, '')]);
  }
  return { start, fields };
}

/** How the body is framed, or a violation (RFC 9112 §6.3). */
function framingOf({ start, fields }: Head, { from, method }: ReadingContext): Framing | string {
  const lengths = fields.filter(([name]) => name === 'content-length');
  const codings = fields.filter(([name]) => name === 'transfer-encoding');
  if (lengths.length + codings.length > 1) return 'more than one framing field';
  const length = lengths[0]?.[1];
  if (length !== undefined && !/^(0|[1-9][0-9]{0,14})$/.test(length)) return `content-length ${JSON.stringify(length)}`;
  if (codings[0] !== undefined && codings[0][1].toLowerCase() !== 'chunked')
    return `transfer-encoding ${codings[0][1]}`;
  const status = from === 'server' ? Number(start.slice(9, 12)) : 0;
  if (method === 'HEAD' || status === 204 || status === 304 || (status >= 100 && status < 200))
    return { kind: 'none', length: 0 };
  if (codings.length > 0) return { kind: 'chunked', length: 0 };
  if (length !== undefined) return { kind: 'length', length: Number(length) };
  return { kind: from === 'client' ? 'none' : 'until-close', length: 0 };
}

interface BodyContext {
  readonly headLength: number;
  readonly ended: boolean;
}

function withBody(head: Head, { kind, length }: Framing, rest: Buffer, { headLength, ended }: BodyContext): Reading {
  const whole = (body: Buffer, used: number, more: Partial<Message> = {}): Reading => ({
    kind: 'message',
    message: { ...head, body, framing: kind, trailers: 0, chunkExtensions: false, ...more },
    length: headLength + used,
  });
  const part = (body: Buffer): Reading => ({
    kind: 'partial',
    headComplete: true,
    message: { ...head, body, framing: kind, trailers: 0, chunkExtensions: false },
  });
  switch (kind) {
    case 'none':
      return whole(Buffer.alloc(0), 0);
    case 'length':
      return rest.length < length ? part(rest) : whole(rest.subarray(0, length), length);
    case 'until-close':
      return ended ? whole(rest, rest.length) : part(rest);
    case 'chunked': {
      const chunks = readChunks(rest);
      if (typeof chunks === 'string') return { kind: 'violation', reason: chunks };
      if (chunks.used < 0) return part(chunks.body);
      return whole(chunks.body, chunks.used, { trailers: chunks.trailers, chunkExtensions: chunks.extensions });
    }
  }
}

interface Chunks {
  readonly body: Buffer;
  /** Below zero while the last chunk has not come. */
  readonly used: number;
  readonly trailers: number;
  readonly extensions: boolean;
}

function readChunks(rest: Buffer): Chunks | string {
  const pieces: Buffer[] = [];
  let extensions = false;
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    const unfinished = { body: Buffer.concat(pieces), used: -1, trailers: 0, extensions };
    if (lineEnd < 0) return unfinished;
    const [, digits, extension] =
      /^([0-9A-Fa-f]{1,8})(;[\t\x20-\x7e]*)?$/.exec(rest.toString('latin1', at, lineEnd)) ?? [];
    if (digits === undefined)
      return `chunk line ${JSON.stringify(rest.toString('latin1', at, Math.min(lineEnd, at + 40)))}`;
    if (extension !== undefined) extensions = true;
    const size = Number.parseInt(digits, 16);
    const start = lineEnd + 2;
    if (size === 0) return readTrailers(rest, start, unfinished, extensions);
    pieces.push(rest.subarray(start, Math.min(start + size, rest.length)));
    if (rest.length < start + size + 2) return { ...unfinished, body: Buffer.concat(pieces) };
    if (rest.toString('latin1', start + size, start + size + 2) !== '\r\n') return 'chunk data without CRLF';
    at = start + size + 2;
  }
}

function readTrailers(rest: Buffer, start: number, unfinished: Chunks, extensions: boolean): Chunks | string {
  let trailers = 0;
  for (let at = start; ; trailers++) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return unfinished;
    if (lineEnd === at) return { body: unfinished.body, used: lineEnd + 2, trailers, extensions };
    if (!/^[^:\s]+:[\t\x20-\x7e]*$/.test(rest.toString('latin1', at, lineEnd))) return 'trailer line';
    at = lineEnd + 2;
  }
}

/** The value of a field that stands once, or null. */
export function fieldOf(message: Message, name: string): string | null {
  return message.fields.find(([found]) => found === name)?.[1] ?? null;
}
