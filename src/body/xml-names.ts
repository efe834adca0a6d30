import { XmlRefusal } from './xml-tree.ts';

/** What `xml:` always stands for (Namespaces in XML 1.0 §3). */
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** What `xmlns:` always stands for. */
const DECLARATIONS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

const COLON = 0x3a;

// A name without colon: its first character, then others (XML 1.0, fifth edition, §2.3 [4], [4a]).
const NAME =
  /[A-Z_a-z\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{2ff}\u{370}-\u{37d}\u{37f}-\u{1fff}\u{200c}-\u{200d}\u{2070}-\u{218f}\u{2c00}-\u{2fef}\u{3001}-\u{d7ff}\u{f900}-\u{fdcf}\u{fdf0}-\u{fffd}\u{10000}-\u{effff}][-.\w\u{b7}\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{37d}\u{37f}-\u{1fff}\u{200c}-\u{200d}\u{203f}\u{2040}\u{2070}-\u{218f}\u{2c00}-\u{2fef}\u{3001}-\u{d7ff}\u{f900}-\u{fdcf}\u{fdf0}-\u{fffd}\u{10000}-\u{effff}]*/uy;

const STARTS = tableOf(/[A-Za-z_]/);
const GOES_ON = tableOf(/[-.0-9A-Za-z_]/);

function tableOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Where the name without colon ends that begins at `at`; `at` itself where none does. */
function nameEnd(text: string, at: number): number {
  let end = at;
  let code = text.charCodeAt(end);
  if (code < 128 && STARTS[code] === 1) {
    do code = text.charCodeAt(++end);
    while (code < 128 && GOES_ON[code] === 1);
  }
  // NaN, behind the last character, is neither.
  if (!(code >= 128)) return end;
  NAME.lastIndex = at;
  return NAME.test(text) ? NAME.lastIndex : at;
}

/** A name as it is written: up to `colon` goes the prefix, and -1 says that it has none. */
export interface WrittenName {
  readonly at: number;
  readonly colon: number;
  readonly end: number;
}

/** Reads a name with at most one colon in it (Namespaces in XML 1.0 §4 [7]). */
export function readName(text: string, at: number, limit: number): WrittenName {
  const first = nameEnd(text, at);
  if (first === at) throw new XmlRefusal('name', at);
  let end = first;
  const colon = text.charCodeAt(first) === COLON ? first : -1;
  if (colon !== -1) {
    end = nameEnd(text, first + 1);
    if (end === first + 1) throw new XmlRefusal('name', end);
  }
  if (end - at > limit) throw new XmlRefusal('too-long-name', at);
  return { at, colon, end };
}

/** The namespaces that are declared where a reader stands: for each prefix a stack, so that each look takes one step. */
export class Scope {
  readonly #stacks = new Map<string, string[]>([
    ['', ['']],
    ['xml', [XML_NAMESPACE]],
  ]);

  /**
   * Declares a namespace, `''` as the default one (Namespaces in XML 1.0 §3, §6.2). What `xml` and `xmlns` stand for can't
   * be changed, nothing else can stand for the same, and a prefix can't stand for nothing. No address has white space, which
   * some readers take away.
   */
  declare(prefix: string, namespace: string, at: number): void {
    const isReserved = namespace === XML_NAMESPACE || namespace === DECLARATIONS_NAMESPACE;
    if (prefix === 'xmlns' || (prefix === 'xml') !== (namespace === XML_NAMESPACE) || (isReserved && prefix !== 'xml'))
      throw new XmlRefusal('reserved-namespace', at);
    if (/\s/.test(namespace)) throw new XmlRefusal('spaced-namespace', at);
    if (namespace === '' && prefix !== '') throw new XmlRefusal('undeclared-prefix', at);
    const stack = this.#stacks.get(prefix);
    if (stack === undefined) this.#stacks.set(prefix, [namespace]);
    else stack.push(namespace);
  }

  /** Takes the last declaration of a prefix back. */
  leave(prefix: string): void {
    this.#stacks.get(prefix)?.pop();
  }

  /** The namespace of a prefix, `''` of the default one. */
  of(prefix: string, at: number): string {
    const namespace = this.#stacks.get(prefix)?.at(-1);
    if (namespace === undefined) throw new XmlRefusal('undeclared-prefix', at);
    return namespace;
  }
}
