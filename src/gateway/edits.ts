import {
  isFieldName,
  isFieldValue,
  type RequestEditor,
  RESERVED_FIELDS,
  type ResponseEditor,
} from '../policy/index.ts';
import { canonicalizeTarget, type HeaderFields, readAuthority } from '../wire/index.ts';

/** Names that were found fit to be written: those of the configuration and of our own policies, so a few. */
const FIT_NAMES_LIMIT = 256;
/** A longer value is hardly said twice in turn, and would only be held. */
const KEPT_VALUE_CHARACTERS = 256;

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

  /** The name in lower case; throws where nobody may write it. Fields of upstreams may have underscores, and can be taken out. */
  nameOf(name: string): string {
    if (!name.includes('_')) return this.#fieldOf(name).name;
    this.#fieldOf(name.replaceAll('_', '-'));
    return name.toLowerCase();
  }

  /** The same, where the value may be written too. */
  nameFor(name: string, value: string): string {
    const field = this.#fieldOf(name);
    if (value === field.value) return field.name;
    // What a policy wanted to write may be a secret, so it is not repeated.
    if (!isFieldValue(value))
      throw new TypeError('no value for a header: it holds what no field may, or is longer than 8192');
    if (value.length <= KEPT_VALUE_CHARACTERS) field.value = value;
    return field.name;
  }

  #fieldOf(name: string): FitField {
    const fit = this.#fit.get(name);
    if (fit !== undefined) return fit;
    const lower = name.toLowerCase();
    if (!isFieldName(lower) || this.#reserved.has(lower))
      throw new TypeError(`no header for a policy to write: ${JSON.stringify(name.slice(0, 80))}`);
    const field: FitField = { name: lower, value: '' };
    if (this.#fit.size < FIT_NAMES_LIMIT) this.#fit.set(name, field);
    return field;
  }
}

const IN_ANSWERS = new WritableFields(RESERVED_FIELDS.answers);
const IN_REQUESTS = new WritableFields(RESERVED_FIELDS.requests);
const IN_REPLIES = new WritableFields(RESERVED_FIELDS.replies);

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

/** Edits to the request that goes upstream; the canonical request stays as it was read. What is not canonical throws. */
export class RequestEdits extends HeaderEdits implements RequestEditor {
  /** Behind the upstream's own prefix; null where that of the request goes on. */
  path: string | null = null;
  /** Null for none; undefined where that of the request goes on. */
  query: string | null | undefined = undefined;
  /** Null where the upstream hears its own name. */
  host: string | null = null;

  constructor(fields: HeaderFields) {
    super(fields, [], IN_REQUESTS);
  }

  setPath(path: string): void {
    this.path = canonicalPart(path, '', 'path');
  }

  setQuery(query: string | null): void {
    this.query = query === null ? null : canonicalQuery(query);
  }

  setHost(host: string): void {
    // Mostly the same for all requests.
    if (host !== fitHost && !isCanonicalHost(host)) throw new TypeError('no host that a request can go to');
    fitHost = host;
    this.host = host;
  }
}

/** The same query; throws where it is none in canonical form. */
export function canonicalQuery(query: string): string {
  return canonicalPart(`/?${query}`, '/?', 'query');
}

/** The host that was found fit last. */
let fitHost: string | null = null;

function isCanonicalHost(text: string): boolean {
  const authority = readAuthority(text);
  if (authority === null) return false;
  const { host, port } = authority;
  return text === (port === null ? host : `${host}:${port}`);
}

/** The target behind what was put before it; throws where it is another one in its canonical form, which was judged by nobody. */
function canonicalPart(target: string, before: string, what: 'path' | 'query'): string {
  const reading = canonicalizeTarget(target);
  const same = reading.fault === null && (reading.query === null) === (what === 'path');
  const again = same ? `${reading.path}${reading.query === null ? '' : `?${reading.query}`}` : null;
  if (again !== target) throw new TypeError(`no ${what} in canonical form`);
  return target.slice(before.length);
}

/** Edits to a reply. */
export class ReplyEdits extends HeaderEdits implements ResponseEditor {
  /** Whether the step that runs now reads the whole body, and so may replace it. */
  readsBody = false;
  /** What a step said of the body that it replaced. */
  originalHash: string | null = null;
  readonly #own: HeaderFields | null;
  #body: Buffer | null = null;

  constructor(fields: HeaderFields | null, added: string[]) {
    super(fields, added, IN_REPLIES);
    this.#own = fields;
  }

  /** What was said of the former body alone is taken out. */
  replaceBody(bytes: Uint8Array, originalHash?: string): void {
    if (!this.readsBody) throw new TypeError('only a step that reads the body may replace it');
    for (const name of ONE_BODY_FIELDS) this.removeHeader(name);
    this.#own?.drop('content-encoding');
    this.#body = Buffer.from(bytes);
    this.originalHash = originalHash ?? this.originalHash;
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
  setPath() {},
  setQuery() {},
  setHost() {},
  replaceBody() {},
});

/** Headers that a policy gave a reply of its own, checked, as names and values in turn. Throws as the editors do. */
export function checkedHeaders(headers: readonly (readonly [name: string, value: string])[]): string[] {
  return headers.flatMap(([name, value]) => [IN_ANSWERS.nameFor(name, value), value]);
}
