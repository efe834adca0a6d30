import { KeptBytes } from './kept-bytes.ts';
import { bufferOf } from './text.ts';
import type { XmlAttribute, XmlElement } from './xml-tree.ts';

/** Elements and attributes that go; they are some of the tree that was read. */
export type NodesToCut = ReadonlyMap<XmlElement | XmlAttribute, unknown>;

/**
 * Takes elements and attributes out of an XML text that `parseXml` has read as `root`, which itself stays. Whatever stays,
 * stays byte for byte: white space, comments and declarations of namespaces too. The result shares no memory with `bytes`.
 */
export function cutNodes(bytes: Uint8Array, root: XmlElement, nodes: NodesToCut): Buffer {
  return new Walk(bytes, nodes).over(root);
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const EXCLAMATION_MARK = 0x21;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION_MARK = 0x3f;

/** An element that is open, how many of those in it have begun, and where it begins if it is the one that goes. */
interface OpenElement {
  readonly element: XmlElement;
  begun: number;
  readonly goesFrom: number;
}

/** One walk over a text that is known to be XML, beside what was read of it. */
class Walk {
  readonly #bytes: Buffer;
  readonly #nodes: NodesToCut;
  readonly #kept: KeptBytes;
  readonly #open: OpenElement[] = [];
  /** Whether what the cursor is in goes as a whole. */
  #goes = false;
  #at = 0;

  constructor(bytes: Uint8Array, nodes: NodesToCut) {
    this.#bytes = bufferOf(bytes);
    this.#nodes = nodes;
    this.#kept = new KeptBytes(bytes);
  }

  over(root: XmlElement): Buffer {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(LESS_THAN); at !== -1; at = bytes.indexOf(LESS_THAN, this.#at)) {
      const mark = bytes[at + 1];
      if (mark === QUESTION_MARK) this.#pass('?>', at);
      else if (mark === EXCLAMATION_MARK) this.#pass(bytes[at + 2] === HYPHEN ? '-->' : ']]>', at + 4);
      else if (mark === SLASH) this.#endTag(at);
      else this.#startTag(at, root);
    }
    return this.#kept.rest();
  }

  #startTag(at: number, root: XmlElement): void {
    const around = this.#open.at(-1);
    const element = around === undefined ? root : around.element.elements[around.begun++];
    if (element === undefined) throw new Error('what was read as XML is other XML');
    const starts = around !== undefined && !this.#goes && this.#nodes.has(element);
    this.#goes ||= starts;
    this.#at = this.#nameEnd(at + 1);
    this.#attributes(element);
    this.#open.push({ element, begun: 0, goesFrom: starts ? at : -1 });
    const isEmpty = this.#bytes[this.#at] === SLASH;
    this.#at += isEmpty ? 2 : 1;
    if (isEmpty) this.#leave();
  }

  /** Passes over attributes, up to `>` or `/`. */
  #attributes({ attributes }: XmlElement): void {
    const bytes = this.#bytes;
    let passed = 0;
    for (;;) {
      const before = this.#at;
      const name = this.#spaceEnd(before);
      this.#at = name;
      if (bytes[name] === GREATER_THAN || bytes[name] === SLASH) return;
      const nameEnd = this.#nameEnd(name);
      const quote = this.#spaceEnd(bytes.indexOf(EQUALS, nameEnd) + 1);
      const mark = bytes[quote];
      const end = mark === QUOTE || mark === APOSTROPHE ? bytes.indexOf(mark, quote + 1) : -1;
      if (end === -1) throw new Error('what was read as XML is none');
      this.#at = end + 1;
      if (isDeclaration(bytes.toString('latin1', name, nameEnd))) continue;
      const attribute = attributes[passed++];
      if (attribute !== undefined && !this.#goes && this.#nodes.has(attribute)) this.#kept.drop(before, this.#at);
    }
  }

  #endTag(at: number): void {
    this.#pass('>', at);
    this.#leave();
  }

  #leave(): void {
    const goesFrom = this.#open.pop()?.goesFrom ?? -1;
    if (goesFrom === -1) return;
    this.#kept.drop(goesFrom, this.#at);
    this.#goes = false;
  }

  #pass(mark: string, from: number): void {
    const found = this.#bytes.indexOf(mark, from);
    if (found === -1) throw new Error('what was read as XML is none');
    this.#at = found + mark.length;
  }

  #nameEnd(from: number): number {
    let at = from;
    for (let byte = this.#bytes[at]; !endsName(byte); byte = this.#bytes[at]) at++;
    return at;
  }

  #spaceEnd(from: number): number {
    let at = from;
    while (isSpace(this.#bytes[at])) at++;
    return at;
  }
}

function endsName(byte: number | undefined): boolean {
  return byte === undefined || isSpace(byte) || byte === EQUALS || byte === SLASH || byte === GREATER_THAN;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}

/** Declarations of namespaces are not among attributes. */
function isDeclaration(name: string): boolean {
  return name === 'xmlns' || name.startsWith('xmlns:');
}
