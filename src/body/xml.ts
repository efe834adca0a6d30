import { err, ok, type Result } from '../base/index.ts';
import { bufferOf, firstInvalidUtf8 } from './text.ts';
import { readName, Scope, type WrittenName } from './xml-names.ts';
import { foreignCharacter, isBlank, meaningOf } from './xml-text.ts';
import {
  DEFAULT_XML_LIMITS,
  type XmlAttribute,
  type XmlElement,
  type XmlFault,
  type XmlFaultCode,
  type XmlLimits,
  XmlRefusal,
} from './xml-tree.ts';

/**
 * Reads one XML document (XML 1.0, fifth edition, with Namespaces in XML 1.0, third edition) of UTF-8 bytes to the element
 * that is its root. What is well-formed is read, but for what was made for other uses and is known for its attacks, or
 * what readers take in different ways (ADR 57): a document type, and so any entity but the five that are built in;
 * processing instructions; another version or encoding in the XML declaration; line ends and tabs that are not written as
 * references in attributes, and those of XML 1.1 anywhere; and in an element without others inside, text that comments or CDATA sections split.
 * Takes time linear in the bytes, and no recursion. A byte order mark may stand at the beginning.
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits = DEFAULT_XML_LIMITS): Result<XmlElement, XmlFault> {
  const buffer = bufferOf(bytes);
  const invalid = firstInvalidUtf8(buffer);
  if (invalid !== -1) return err({ code: 'invalid-utf8', offset: invalid });
  const text = buffer.toString('utf8');
  const foreign = foreignCharacter(text);
  if (foreign !== -1) return err(faultAt(text, 'invalid-character', foreign));
  try {
    return ok(new Reader(text, limits).read());
  } catch (refusal) {
    if (refusal instanceof XmlRefusal) return err(faultAt(text, refusal.code, refusal.at));
    throw refusal;
  }
}

function faultAt(text: string, code: XmlFaultCode, at: number): XmlFault {
  return { code, offset: Buffer.byteLength(text.slice(0, at)) };
}

const BYTE_ORDER_MARK = 0xfeff;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const EXCLAMATION_MARK = 0x21;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION_MARK = 0x3f;

// XML 1.0 §2.8 [23]: version, then encoding, then standalone, with nothing else and in no other order.
const DECLARATION =
  /<\?xml[\t\n\r ]+version[\t\n\r ]*=[\t\n\r ]*(?:"1\.0"|'1\.0')(?:[\t\n\r ]+encoding[\t\n\r ]*=[\t\n\r ]*(?:"([A-Za-z][\w.-]{0,39})"|'([A-Za-z][\w.-]{0,39})'))?(?:[\t\n\r ]+standalone[\t\n\r ]*=[\t\n\r ]*(?:"(?:yes|no)"|'(?:yes|no)'))?[\t\n\r ]*\?>/y;
const DECLARED = /<\?xml[\t\n\r ]/y;
/** What in the value of an attribute some readers keep, and others make spaces of (§3.3.3). */
const LINE = /[\t\n\r]/;

const SECTION = '<![CDATA[';
const SECTION_END = ']]>';
const COMMENT = '<!--';

const NO_ATTRIBUTES: readonly XmlAttribute[] = [];
const NO_ELEMENTS: readonly XmlElement[] = [];

/** An element while it is read. */
interface GrowingElement {
  readonly local: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  elements: XmlElement[] | readonly XmlElement[];
  text: string;
}

/** An element that is open, and what its end must know of it. */
interface OpenElement {
  readonly element: GrowingElement;
  /** As it is written: the end tag repeats it. */
  readonly name: string;
  readonly at: number;
  /** The prefixes that it declares; null for none. */
  readonly declared: readonly string[] | null;
  /** How often text or a CDATA section began in it. */
  pieces: number;
  hasComment: boolean;
}

/** An attribute as it is written. */
interface WrittenAttribute extends WrittenName {
  readonly value: string;
}

class Reader {
  readonly #text: string;
  readonly #limits: XmlLimits;
  readonly #scope = new Scope();
  readonly #open: OpenElement[] = [];
  #root: XmlElement | null = null;
  #nodes = 0;
  #at = 0;

  constructor(text: string, limits: XmlLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  read(): XmlElement {
    const text = this.#text;
    if (text.charCodeAt(0) === BYTE_ORDER_MARK) this.#at = 1;
    this.#declaration();
    while (this.#at < text.length) {
      if (text.charCodeAt(this.#at) === LESS_THAN) this.#markup();
      else this.#characters();
    }
    if (this.#open.length > 0) throw new XmlRefusal('unexpected-end', text.length);
    if (this.#root === null) throw new XmlRefusal('no-element', text.length);
    return this.#root;
  }

  #declaration(): void {
    DECLARED.lastIndex = this.#at;
    if (!DECLARED.test(this.#text)) return;
    DECLARATION.lastIndex = this.#at;
    const found = DECLARATION.exec(this.#text);
    if (found === null) throw new XmlRefusal('declaration', this.#at);
    const encoding = found[1] ?? found[2];
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') throw new XmlRefusal('encoding', this.#at);
    this.#at = DECLARATION.lastIndex;
  }

  /** Reads what begins with `<`. */
  #markup(): void {
    const text = this.#text;
    switch (text.charCodeAt(this.#at + 1)) {
      case SLASH:
        return this.#endTag();
      case QUESTION_MARK:
        throw new XmlRefusal('processing-instruction', this.#at);
      case EXCLAMATION_MARK:
        if (text.startsWith(COMMENT, this.#at)) return this.#comment();
        if (text.startsWith(SECTION, this.#at)) return this.#section();
        throw new XmlRefusal('document-type', this.#at);
      default:
        return this.#startTag();
    }
  }

  /** Reads text up to the next markup. */
  #characters(): void {
    const text = this.#text;
    const from = this.#at;
    const found = text.indexOf('<', from);
    const to = found === -1 ? text.length : found;
    this.#at = to;
    const written = text.slice(from, to);
    const open = this.#open.at(-1);
    if (open === undefined) {
      if (!isBlank(written)) throw new XmlRefusal('text-outside', from);
      return;
    }
    const meant = meaningOf(written, from);
    // Within what is written, not what is meant: `]]&gt;` is how it is to be written (§2.4).
    const end = written.indexOf(SECTION_END);
    if (end !== -1) throw new XmlRefusal('section-end', from + end);
    append(open, meant);
  }

  #section(): void {
    const open = this.#open.at(-1);
    if (open === undefined) throw new XmlRefusal('text-outside', this.#at);
    const from = this.#at + SECTION.length;
    const to = this.#text.indexOf(SECTION_END, from);
    if (to === -1) throw new XmlRefusal('unexpected-end', this.#text.length);
    append(open, this.#text.slice(from, to).replace(/\r\n?/g, '\n'));
    this.#at = to + SECTION_END.length;
  }

  #comment(): void {
    const hyphens = this.#text.indexOf('--', this.#at + COMMENT.length);
    if (hyphens === -1) throw new XmlRefusal('unexpected-end', this.#text.length);
    if (this.#text.charCodeAt(hyphens + 2) !== GREATER_THAN) throw new XmlRefusal('comment', hyphens);
    const open = this.#open.at(-1);
    if (open !== undefined) open.hasComment = true;
    this.#at = hyphens + 3;
  }

  #startTag(): void {
    const text = this.#text;
    const at = this.#at;
    const name = readName(text, at + 1, this.#limits.name);
    if (this.#root !== null && this.#open.length === 0) throw new XmlRefusal('second-element', at);
    if (this.#open.length === this.#limits.depth) throw new XmlRefusal('too-deep', at);
    this.#count(at);
    this.#at = name.end;
    const written = this.#attributes();
    const declared = written === null ? null : this.#declarations(written);
    const prefix = prefixOf(text, name);
    // Some readers take an element of that name, too, for a declaration.
    if (prefix === 'xmlns' || text.slice(name.at, name.end) === 'xmlns') throw new XmlRefusal('reserved-namespace', at);
    const element: GrowingElement = {
      local: localOf(text, name),
      namespace: this.#scope.of(prefix, at),
      attributes: written === null ? NO_ATTRIBUTES : this.#resolved(written),
      elements: NO_ELEMENTS,
      text: '',
    };
    const around = this.#open.at(-1);
    if (around === undefined) this.#root = element;
    else if (around.element.elements === NO_ELEMENTS) around.element.elements = [element];
    else (around.element.elements as XmlElement[]).push(element);
    if (text.charCodeAt(this.#at) !== SLASH) {
      this.#at += 1;
      const spelt = text.slice(name.at, name.end);
      this.#open.push({ element, name: spelt, at, declared, pieces: 0, hasComment: false });
      return;
    }
    if (text.charCodeAt(this.#at + 1) !== GREATER_THAN) throw this.#unexpected(this.#at + 1);
    this.#at += 2;
    this.#leave(declared);
  }

  /** Reads attributes up to `>` or `/`; null where there are none. */
  #attributes(): WrittenAttribute[] | null {
    const text = this.#text;
    let written: WrittenAttribute[] | null = null;
    for (;;) {
      const before = this.#at;
      const code = this.#skipSpace();
      if (code === GREATER_THAN || code === SLASH) return written;
      if (this.#at === before || this.#at >= text.length) throw this.#unexpected(this.#at);
      written ??= [];
      if (written.length === this.#limits.attributes) throw new XmlRefusal('too-many-attributes', this.#at);
      this.#count(this.#at);
      written.push(this.#attribute());
    }
  }

  #attribute(): WrittenAttribute {
    const text = this.#text;
    const name = readName(text, this.#at, this.#limits.name);
    this.#at = name.end;
    if (this.#skipSpace() !== EQUALS) throw this.#unexpected(this.#at);
    this.#at += 1;
    const quote = this.#skipSpace();
    if (quote !== QUOTE && quote !== APOSTROPHE) throw this.#unexpected(this.#at);
    const from = this.#at + 1;
    const to = text.indexOf(quote === QUOTE ? '"' : "'", from);
    if (to === -1) throw new XmlRefusal('unexpected-end', text.length);
    const value = text.slice(from, to);
    const tag = value.indexOf('<');
    if (tag !== -1) throw this.#unexpected(from + tag);
    if (LINE.test(value)) throw new XmlRefusal('attribute-line', from);
    this.#at = to + 1;
    return { at: name.at, colon: name.colon, end: name.end, value: meaningOf(value, from) };
  }

  /** Declares the namespaces among attributes, and yields their prefixes; null for none. */
  #declarations(written: readonly WrittenAttribute[]): readonly string[] | null {
    let declared: string[] | null = null;
    for (const attribute of written) {
      const prefix = declaredPrefix(this.#text, attribute);
      if (prefix === null) continue;
      declared ??= [];
      if (declared.includes(prefix)) throw new XmlRefusal('duplicate-attribute', attribute.at);
      if (attribute.value.length > this.#limits.name) throw new XmlRefusal('too-long-name', attribute.at);
      this.#scope.declare(prefix, attribute.value, attribute.at);
      declared.push(prefix);
    }
    return declared;
  }

  /** The attributes that declare nothing; a prefix is that of a namespace, without one they are in none. */
  #resolved(written: readonly WrittenAttribute[]): readonly XmlAttribute[] {
    const attributes: XmlAttribute[] = [];
    for (const name of written) {
      if (declaredPrefix(this.#text, name) !== null) continue;
      const namespace = name.colon === -1 ? '' : this.#scope.of(prefixOf(this.#text, name), name.at);
      const local = localOf(this.#text, name);
      for (const other of attributes) {
        if (other.local === local && other.namespace === namespace)
          throw new XmlRefusal('duplicate-attribute', name.at);
      }
      attributes.push({ local, namespace, value: name.value });
    }
    return attributes;
  }

  #endTag(): void {
    const text = this.#text;
    const at = this.#at;
    const open = this.#open.pop();
    if (open === undefined || !text.startsWith(open.name, at + 2)) throw new XmlRefusal('wrong-end-tag', at);
    this.#at = at + 2 + open.name.length;
    if (this.#skipSpace() !== GREATER_THAN) throw new XmlRefusal('wrong-end-tag', at);
    this.#at += 1;
    this.#leave(open.declared);
    const { element } = open;
    if (element.elements !== NO_ELEMENTS) {
      if (isBlank(element.text)) element.text = '';
    } else if (open.pieces > 1 || (open.pieces === 1 && open.hasComment)) {
      throw new XmlRefusal('text-in-pieces', open.at);
    }
  }

  #leave(declared: readonly string[] | null): void {
    if (declared !== null) for (const prefix of declared) this.#scope.leave(prefix);
  }

  #count(at: number): void {
    if (++this.#nodes > this.#limits.nodes) throw new XmlRefusal('too-many-nodes', at);
  }

  /** Passes over white space and yields the character it stops at; NaN at the end. */
  #skipSpace(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) return code;
      this.#at += 1;
    }
  }

  #unexpected(at: number): XmlRefusal {
    return new XmlRefusal(at < this.#text.length ? 'unexpected-character' : 'unexpected-end', at);
  }
}

function append(open: OpenElement, piece: string): void {
  open.element.text = open.pieces === 0 ? piece : open.element.text + piece;
  open.pieces += 1;
}

function prefixOf(text: string, { at, colon }: WrittenName): string {
  return colon === -1 ? '' : text.slice(at, colon);
}

function localOf(text: string, { at, colon, end }: WrittenName): string {
  return text.slice(colon === -1 ? at : colon + 1, end);
}

/** The prefix that an attribute declares, `''` for the default namespace; null for one that declares nothing. */
function declaredPrefix(text: string, name: WrittenName): string | null {
  if (name.end - name.at < 5 || !text.startsWith('xmlns', name.at)) return null;
  if (name.colon === -1) return name.end - name.at === 5 ? '' : null;
  return name.colon - name.at === 5 ? text.slice(name.colon + 1, name.end) : null;
}
