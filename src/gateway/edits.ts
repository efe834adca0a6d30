import type { RequestEditor, ResponseEditor } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { IDENTITY_FIELDS } from './identity-fields.ts';

const NAME = /^[a-z0-9!#$%&'*+.^`|~-]{1,256}$/;
// oxlint-disable-next-line no-control-regex
const VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

/** What no policy may write: framing is the codec's, hop-by-hop fields end here (RFC 9110 §7.6.1), the id is the gateway's. */
const RESERVED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
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

/** What is true of one body only (RFC 9110 §8.8, RFC 9530). */
const OF_ONE_BODY = ['etag', 'accept-ranges', 'content-md5', 'content-digest', 'repr-digest', 'digest'];

/** Header edits, gathered while steps run. A name or value that could break a line is a policy's bug and throws. */
class HeaderEdits {
  readonly #fields: HeaderFields | null;
  readonly #reserved: ReadonlySet<string>;
  /** Names and values in turn. */
  readonly added: string[];

  constructor(fields: HeaderFields | null, added: string[], reserved: ReadonlySet<string>) {
    this.#fields = fields;
    this.added = added;
    this.#reserved = reserved;
  }

  setHeader(name: string, value: string): void {
    const lower = checkedName(name, this.#reserved);
    const checked = checkedValue(value);
    this.#remove(lower);
    this.added.push(lower, checked);
  }

  appendHeader(name: string, value: string): void {
    this.added.push(checkedName(name, this.#reserved), checkedValue(value));
  }

  removeHeader(name: string): void {
    this.#remove(checkedName(name, this.#reserved));
  }

  #remove(lower: string): void {
    this.#fields?.drop(lower);
    for (let at = this.added.length - 2; at >= 0; at -= 2) if (this.added[at] === lower) this.added.splice(at, 2);
  }
}

/** Edits to the request that goes upstream; the canonical request stays as it was read. */
export class RequestEdits extends HeaderEdits implements RequestEditor {
  constructor(fields: HeaderFields) {
    super(fields, [], RESERVED_IN_REQUESTS);
  }
}

/** Edits to a reply. */
export class ReplyEdits extends HeaderEdits implements ResponseEditor {
  /** Whether the step that runs now reads the whole body, and so may replace it. */
  readsBody = false;
  #body: Buffer | null = null;

  constructor(fields: HeaderFields | null, added: string[]) {
    super(fields, added, RESERVED_IN_REPLIES);
  }

  /** What was said of the former body alone is taken out. */
  replaceBody(bytes: Uint8Array): void {
    if (!this.readsBody) throw new TypeError('only a step that reads the body may replace it');
    for (const name of OF_ONE_BODY) this.removeHeader(name);
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
  return headers.flatMap(([name, value]) => [checkedName(name, RESERVED), checkedValue(value)]);
}

function checkedName(name: string, reserved: ReadonlySet<string>): string {
  const lower = name.toLowerCase();
  if (NAME.test(lower) && !reserved.has(lower)) return lower;
  throw new TypeError(`no header for a policy to write: ${JSON.stringify(name.slice(0, 80))}`);
}

function checkedValue(value: string): string {
  if (VALUE.test(value) && value.trim() === value) return value;
  // What a policy wanted to write may be a secret, so it is not repeated.
  throw new TypeError('no value for a header: it holds what no field may, or is longer than 8192');
}
