import type { RequestEditor, ResponseEditor } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { IDENTITY_FIELDS } from './identity-fields.ts';

const NAME = /^[a-z0-9!#$%&'*+.^`|~-]{1,256}$/;
const VALUE_LIMIT_CHARACTERS = 8_192;
/** Names that were found fit to be written: those of the configuration and of our own policies, so a few. */
const FIT_NAMES_LIMIT = 256;
/** A longer value is hardly said twice in turn, and would only be held. */
const KEPT_VALUE_CHARACTERS = 256;

/** What no policy may write: framing is the codec's, hop-by-hop fields end here (RFC 9110 §7.6.1), the id is the gateway's. */
const RESERVED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'sec-websocket-accept',
  'te',
  'trailer',
  'via',
  'x-request-id',
]);

/** Besides, what the gateway itself says to upstreams of connection, trace and caller, and what would change how the body is sent. */
const RESERVED_IN_REQUESTS: ReadonlySet<string> = new Set([
  ...RESERVED,
  'expect',
  'http2-settings',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'traceparent',
  'tracestate',
  ...IDENTITY_FIELDS,
]);

/** Besides, when a reply was made (RFC 9110 §6.6.1). */
const RESERVED_IN_REPLIES: ReadonlySet<string> = new Set([...RESERVED, 'date']);

/** The fields that are true of one body only, in one coding (RFC 9110 §8.8, RFC 9530). */
export const ONE_BODY_FIELDS: readonly string[] = [
  'etag',
  'accept-ranges',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
];

/** A name that was found fit to be written, in lower case, and the value that was found fit under it last. */
interface FitField {
  readonly name: string;
  value: string;
}

/**
 * Which fields may be written in one place. Names are looked at closely once, and values where they differ from the last
 * one of their name, since a reply's fields are mostly those of the reply before.
 */
class WritableFields {
  readonly #reserved: ReadonlySet<string>;
  readonly #fit = new Map<string, FitField>();

  constructor(reserved: ReadonlySet<string>) {
    this.#reserved = reserved;
  }

  /** The name in lower case; throws where nobody may write it. */
  nameOf(name: string): string {
    return this.#fieldOf(name).name;
  }

  /** The same, where the value may be written too. */
  nameFor(name: string, value: string): string {
    const field = this.#fieldOf(name);
    if (value === field.value) return field.name;
    // What a policy wanted to write may be a secret, so it is not repeated.
    if (!isValue(value))
      throw new TypeError('no value for a header: it holds what no field may, or is longer than 8192');
    if (value.length <= KEPT_VALUE_CHARACTERS) field.value = value;
    return field.name;
  }

  #fieldOf(name: string): FitField {
    const fit = this.#fit.get(name);
    if (fit !== undefined) return fit;
    const lower = name.toLowerCase();
    if (!NAME.test(lower) || this.#reserved.has(lower))
      throw new TypeError(`no header for a policy to write: ${JSON.stringify(name.slice(0, 80))}`);
    const field: FitField = { name: lower, value: '' };
    if (this.#fit.size < FIT_NAMES_LIMIT) this.#fit.set(name, field);
    return field;
  }
}

const IN_ANSWERS = new WritableFields(RESERVED);
const IN_REQUESTS = new WritableFields(RESERVED_IN_REQUESTS);
const IN_REPLIES = new WritableFields(RESERVED_IN_REPLIES);

/** Header edits, gathered while steps run. A name or value that could break a line is a policy's bug and throws. */
class HeaderEdits {
  readonly #fields: HeaderFields | null;
  readonly #writable: WritableFields;
  /** Names and values in turn. */
  readonly added: string[];

  constructor(fields: HeaderFields | null, added: string[], writable: WritableFields) {
    this.#fields = fields;
    this.added = added;
    this.#writable = writable;
  }

  setHeader(name: string, value: string): void {
    const lower = this.#writable.nameFor(name, value);
    this.#remove(lower);
    this.added.push(lower, value);
  }

  appendHeader(name: string, value: string): void {
    this.added.push(this.#writable.nameFor(name, value), value);
  }

  removeHeader(name: string): void {
    this.#remove(this.#writable.nameOf(name));
  }

  #remove(lower: string): void {
    this.#fields?.drop(lower);
    for (let at = this.added.length - 2; at >= 0; at -= 2) if (this.added[at] === lower) this.added.splice(at, 2);
  }
}

/** Edits to the request that goes upstream; the canonical request stays as it was read. */
export class RequestEdits extends HeaderEdits implements RequestEditor {
  constructor(fields: HeaderFields) {
    super(fields, [], IN_REQUESTS);
  }
}

/** Edits to a reply. */
export class ReplyEdits extends HeaderEdits implements ResponseEditor {
  /** Whether the step that runs now reads the whole body, and so may replace it. */
  readsBody = false;
  #body: Buffer | null = null;

  constructor(fields: HeaderFields | null, added: string[]) {
    super(fields, added, IN_REPLIES);
  }

  /** What was said of the former body alone is taken out. */
  replaceBody(bytes: Uint8Array): void {
    if (!this.readsBody) throw new TypeError('only a step that reads the body may replace it');
    for (const name of ONE_BODY_FIELDS) this.removeHeader(name);
    this.#body = Buffer.from(bytes);
  }

  /** The body that takes the place of the one that was read, once; null where there is none. */
  takeBody(): Buffer | null {
    const body = this.#body;
    this.#body = null;
    return body;
  }
}

/** What a policy that only observes edits: nothing. */
export const NO_EDITS: RequestEditor & ResponseEditor = Object.freeze({
  setHeader() {},
  appendHeader() {},
  removeHeader() {},
  replaceBody() {},
});

/** Headers that a policy gave a reply of its own, checked, as names and values in turn. Throws as the editors do. */
export function checkedHeaders(headers: readonly (readonly [name: string, value: string])[]): string[] {
  return headers.flatMap(([name, value]) => [IN_ANSWERS.nameFor(name, value), value]);
}

/** Visible characters and obs-text, with spaces and tabs between them alone (RFC 9110 §5.5). */
function isValue(value: string): boolean {
  const { length } = value;
  if (length > VALUE_LIMIT_CHARACTERS) return false;
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at);
    if (code > SPACE && code < DELETE) continue;
    const blank = code === SPACE || code === TAB || code === NO_BREAK_SPACE;
    if (blank ? at === 0 || at === length - 1 : code <= DELETE || code > LAST_OCTET) return false;
  }
  return true;
}

const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;
const NO_BREAK_SPACE = 0xa0;
const LAST_OCTET = 0xff;
