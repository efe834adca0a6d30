import type { RequestEditor, ResponseEditor } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';

const NAME = /^[a-z0-9!#$%&'*+.^`|~-]{1,256}$/;
// oxlint-disable-next-line no-control-regex
const VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

/** What no editor may touch: framing is the codec's, and hop-by-hop fields end here (RFC 9110 §7.6.1). */
const OUT_OF_REACH = new Set([
  'host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'proxy-connection', 'via', 'x-request-id',
]);

/** Header edits, gathered while steps run. A name or value that could break a line is a policy's bug and throws. */
export class HeaderEdits implements RequestEditor {
  readonly #fields: HeaderFields | null;
  readonly added: string[];

  constructor(fields: HeaderFields | null, added: string[]) {
    this.#fields = fields;
    this.added = added;
  }

  setHeader(name: string, value: string): void {
    this.removeHeader(name);
    this.appendHeader(name, value);
  }

  appendHeader(name: string, value: string): void {
    const lower = checkedName(name);
    if (!VALUE.test(value) || value.trim() !== value) throw new TypeError(`no value for a header: ${JSON.stringify(value.slice(0, 80))}`);
    this.added.push(lower, value);
  }

  removeHeader(name: string): void {
    const lower = checkedName(name);
    this.#fields?.drop(lower);
    for (let at = this.added.length - 2; at >= 0; at -= 2) if (this.added[at] === lower) this.added.splice(at, 2);
  }
}

/** Edits to a reply. */
export class ReplyEdits extends HeaderEdits implements ResponseEditor {
  /** The body that takes the place of the one that was read, or null. */
  body: Buffer | null = null;
  readonly #bodyRead: boolean;

  constructor(fields: HeaderFields | null, added: string[], bodyRead: boolean) {
    super(fields, added);
    this.#bodyRead = bodyRead;
  }

  replaceBody(bytes: Uint8Array): void {
    if (!this.#bodyRead) throw new TypeError('a body can be replaced only where a step reads it');
    this.body = Buffer.from(bytes);
  }
}

function checkedName(name: string): string {
  const lower = name.toLowerCase();
  if (!NAME.test(lower) || OUT_OF_REACH.has(lower)) throw new TypeError(`no header for a policy to edit: ${JSON.stringify(name.slice(0, 80))}`);
  return lower;
}
