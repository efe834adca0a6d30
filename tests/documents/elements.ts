import { type Facts, isObject, schemaAt, targetOf, Unbuildable } from './facts.ts';
import { type Mutant, UNDESCRIBED } from './mutations.ts';
import { type BodySource, isWrongAsText, siteAt, type WrongText } from './parts.ts';
import type { Site } from './values.ts';
import { plainText } from './written.ts';

/** What an XML Object says (OpenAPI 3.1 §4.8.26); empty where it says nothing of it. */
interface XmlObject {
  readonly name: string;
  readonly namespace: string;
  readonly prefix: string;
  readonly attribute: boolean;
  readonly wrapped: boolean;
}

const NOTHING_SAID: XmlObject = { name: '', namespace: '', prefix: '', attribute: false, wrapped: false };

interface Writing extends BodySource {
  /** The property of the root that comes twice. */
  readonly twice: string | null;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"';

/** Writes a value as XML, as the XML Objects of its schemas say (OpenAPI 3.1 §4.8.26). */
export function writeXml(source: BodySource, value: unknown): string {
  return writeRoot({ ...source, twice: null }, value);
}

function writeRoot(writing: Writing, value: unknown): string {
  const { home, made, schemaPointer } = writing;
  if (home.specification === '3.2') throw new Unbuildable('XML of 3.2 is tried elsewhere');
  const said = xmlOf(writing, []);
  if (Array.isArray(made.value) && !said.wrapped) throw new Unbuildable('a list has no element of its own');
  const name = componentOf(schemaPointer) ?? referredComponent(writing) ?? said.name;
  if (name === '') throw new Unbuildable('nothing names the root');
  return element(writing, { name, path: [] }, value);
}

function componentOf(pointer: string): string | null {
  return /^#?\/components\/schemas\/([^/]+)$/.exec(pointer)?.[1] ?? null;
}

function referredComponent({ home, schemaPointer }: Writing): string | null {
  const schema = schemaAt(home, schemaPointer);
  const reference = isObject(schema) ? schema.$ref : undefined;
  if (typeof reference !== 'string') return null;
  const target = targetOf(home.document, reference);
  return isObject(target) && target.$ref === undefined ? componentOf(reference) : null;
}

/** The XML Object of a value. Where its schema is made of several, only the words of the first one are beyond doubt. */
function xmlOf(writing: BodySource, path: Site['path']): XmlObject {
  const own = [...(siteAt(writing, path)?.facts.joined ?? [])].filter(
    (schema) => isObject(schema) && schema.$ref === undefined,
  );
  const said = own.flatMap((schema, index) =>
    isObject(schema) && isObject(schema.xml) ? [{ index, xml: schema.xml }] : [],
  );
  const [first, ...others] = said;
  if (first === undefined) return NOTHING_SAID;
  if (others.length > 0 || first.index > 0) throw new Unbuildable('the XML Objects of several schemas');
  if (first.xml.nodeType !== undefined) throw new Unbuildable('XML of 3.2 is tried elsewhere');
  const { attribute, wrapped } = first.xml;
  const textOf = (keyword: string): string => {
    const said = first.xml[keyword];
    return typeof said === 'string' ? said : '';
  };
  const [name, namespace, prefix] = ['name', 'namespace', 'prefix'].map(textOf) as [string, string, string];
  return { name, namespace, prefix, attribute: attribute === true, wrapped: wrapped === true };
}

interface Named {
  readonly name: string;
  readonly path: Site['path'];
}

/** The name in its words, else that which is inferred, with its prefix and the declaration that goes with it. */
function qualified(
  { name: own, namespace, prefix, attribute: isAttribute }: XmlObject,
  inferred: string,
): readonly [name: string, declaration: string] {
  const name = own === '' ? inferred : own;
  if (!NAME.test(name)) throw new Unbuildable('a name that no element can have');
  if (namespace === '' && prefix !== '') throw new Unbuildable('a prefix without a namespace');
  if (namespace === '') return [name, ''];
  const before = prefix === '' && isAttribute ? 'made' : prefix;
  const uri = escaped(namespace);
  return before === '' ? [name, ` xmlns="${uri}"`] : [`${before}:${name}`, ` xmlns:${before}="${uri}"`];
}

function element(writing: Writing, { name, path }: Named, value: unknown): string {
  const said = xmlOf(writing, path);
  const [tag, declaration] = qualified(said, name);
  if (value === null) return `<${tag}${declaration} ${NIL}/>`;
  if (!isObject(value)) {
    const inside = Array.isArray(value) ? items(writing, { name: said.name || name, path }, value) : text(value);
    return `<${tag}${declaration}>${inside}</${tag}>`;
  }
  let attributes = declaration;
  let inside = '';
  for (const [property, member] of Object.entries(value)) {
    const place = [...path, property];
    const about = xmlOf(writing, place);
    const own = property === UNDESCRIBED ? 'undescribed-9' : property;
    if (about.attribute) attributes += attribute(about, own, member);
    else if (Array.isArray(member) && !about.wrapped) {
      if (member.length === 0) throw new Unbuildable('nothing is written for an empty list or object');
      inside += items(writing, { name: itemName(writing, place, own), path: place }, member);
    } else {
      const written = element(writing, { name: own, path: place }, member);
      inside += path.length === 0 && property === writing.twice ? written + written : written;
    }
  }
  return `<${tag}${attributes}>${inside}</${tag}>`;
}

function items(writing: Writing, { name, path }: Named, list: readonly unknown[]): string {
  return list
    .map((item, index) => {
      if (Array.isArray(item)) throw new Unbuildable('a list in a list as XML');
      return element(writing, { name, path: [...path, index] }, item);
    })
    .join('');
}

/** Items of a list without an element go by the property; what the list's own name is then, nothing says. */
function itemName(writing: Writing, path: Site['path'], property: string): string {
  const isNamed = xmlOf(writing, [...path, 0]).name !== '';
  if (!isNamed && xmlOf(writing, path).name !== '') throw new Unbuildable('a name of a list without an element');
  return property;
}

function attribute(said: XmlObject, property: string, value: unknown): string {
  const [name, declaration] = qualified(said, property);
  return `${declaration} ${name}="${text(value)}"`;
}

function text(value: unknown): string {
  const plain = plainText(value);
  if (plain !== plain.trim()) throw new Unbuildable('white space around a text of XML');
  return escaped(plain);
}

function escaped(plain: string): string {
  if (!plain.isWellFormed() || /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(plain))
    throw new Unbuildable('a character that XML has no room for');
  return plain.replace(/[&<>"\t\n\r\x7f-\x9f\u2028]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Whether XML shows that a value is wrong in this way: it is text, in elements that may be there or not. */
export function isWrongAsXml(source: BodySource, { what, path, value }: Mutant): boolean {
  const facts = siteAt(source, path)?.facts;
  const wrong = path.reduce<unknown>((at, token) => (at as Readonly<Record<string | number, unknown>>)[token], value);
  if (Array.isArray(wrong)) return wrong.length > 0 && !Array.isArray(wrong[0]);
  if (what === 'missing property' || what === 'undescribed property') return true;
  if (facts?.types?.includes('object') === true) return facts.described && facts.types.length === 1;
  if (facts?.types?.includes('array') === true) return false;
  // Said in words of XML, so of text too.
  if (what === 'null') return facts?.types?.length === 1;
  return isWrongAsText(facts, what);
}

/** XML that is wrong as such: an attribute that nothing describes, and an element that comes twice and is no list. */
export function* wrongXml(source: BodySource): Generator<WrongText> {
  const { value, sites } = source.made;
  const [root] = sites;
  if (root === undefined || root.chosen || !isClosed(root.facts) || !isObject(value)) return;
  const whole = writeXml(source, value);
  const where = '';
  yield {
    what: 'undescribed attribute',
    where,
    text: whole.replace(/^<[^\s/>]+/, (tag) => `${tag} undescribed-9="1"`),
  };
  for (const [property, member] of Object.entries(value)) {
    if (typeof member === 'object' || xmlOf(source, [property]).attribute) continue;
    yield { what: 'element twice', where: property, text: writeRoot({ ...source, twice: property }, value) };
    return;
  }
}

function isClosed({ described, saysRest }: Facts): boolean {
  return described && !saysRest;
}
