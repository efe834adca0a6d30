import { execFileSync } from 'node:child_process';
import { DOMParser, type Element } from '@xmldom/xmldom';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { parseBody, type XmlAttribute, type XmlElement } from '../../src/body/index.ts';

/** What the gateway reads; why in words where it refuses. */
export function read(bytes: Uint8Array): XmlElement | string {
  const parsed = parseBody('application/xml', bytes);
  if (!parsed.ok) return parsed.error.internal;
  return parsed.value.kind === 'xml' ? parsed.value.root : parsed.value.kind;
}

/** An element as an oracle reads it, to be compared with ours. */
interface GrowingElement extends XmlElement {
  readonly attributes: XmlAttribute[];
  readonly elements: GrowingElement[];
  text: string;
}

const DECLARATIONS = 'http://www.w3.org/2000/xmlns/';

/** What saxes reads; null where it refuses. */
export function readBySaxes(text: string): XmlElement | null {
  const parser = new SaxesParser({ xmlns: true });
  const open: GrowingElement[] = [];
  let root: GrowingElement | null = null;
  let refused = false;
  parser.on('error', () => (refused = true));
  parser.on('opentag', (tag: SaxesTagNS) => {
    const attributes = Object.values(tag.attributes).filter(({ uri }) => uri !== DECLARATIONS);
    const element: GrowingElement = {
      local: tag.local,
      namespace: tag.uri,
      attributes: attributes.map(({ local, uri, value }) => ({ local, namespace: uri, value })),
      elements: [],
      text: '',
    };
    open.at(-1)?.elements.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => tidy(open.pop()));
  const append = (piece: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += piece;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  try {
    parser.write(text).close();
  } catch {
    return null;
  }
  return refused ? null : root;
}

/** What xmldom reads; null where it refuses. It has no word for a byte order mark. */
export function readByXmldom(text: string): XmlElement | null {
  try {
    const parser = new DOMParser({
      onError(level, message) {
        if (level !== 'warning') throw new Error(message);
      },
    });
    const { documentElement } = parser.parseFromString(text.replace(/^\ufeff/, ''), 'application/xml');
    return documentElement === null ? null : ofDom(documentElement);
  } catch {
    return null;
  }
}

function ofDom(node: Element): XmlElement {
  const attributes: XmlAttribute[] = [];
  for (let at = 0; at < node.attributes.length; at++) {
    const { localName, name, namespaceURI, value } = node.attributes[at]!;
    if (namespaceURI === DECLARATIONS) continue;
    attributes.push({ local: localName ?? name, namespace: namespaceURI ?? '', value });
  }
  const element = {
    local: node.localName ?? '',
    namespace: node.namespaceURI ?? '',
    attributes,
    elements: [] as XmlElement[],
    text: '',
  };
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.nodeType === child.ELEMENT_NODE) element.elements.push(ofDom(child as Element));
    else if (child.nodeType === child.TEXT_NODE || child.nodeType === child.CDATA_SECTION_NODE)
      element.text += child.nodeValue ?? '';
  }
  tidy(element);
  return element;
}

/** White space between elements means nothing, to ours. */
function tidy(element: { readonly elements: readonly XmlElement[]; text: string } | undefined): void {
  if (element !== undefined && element.elements.length > 0 && /^[\t\n\r ]*$/.test(element.text)) element.text = '';
}

/** Whether libxml2 is installed with its command. */
export function hasXmllint(): boolean {
  try {
    execFileSync('xmllint', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The canonical form (Canonical XML 1.0) that libxml2 gives a document; null where it refuses. */
export function canonicalByLibxml(bytes: Buffer): Buffer | null {
  try {
    return execFileSync('xmllint', ['--nonet', '--c14n', '-'], { input: bytes, stdio: ['pipe', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}
