import { err, ok, type Result } from '../../base/index.ts';
import { pointerTo } from '../pointer.ts';
import { readScalar, type ReadingMode } from '../request/scalar.ts';
import { emptyObject } from '../request/styled-text.ts';
import { type Judged, judgeReadings } from '../request/two-readings.ts';
import { Unreadable } from '../request/unreadable.ts';
import type { Validator, Violation } from '../validate/validator.ts';
import type { SentAttribute, SentElement } from './sent-element.ts';
import type { MadeObject, XmlNotes } from './xml-notes.ts';
import { ANYTHING, type XmlMember, type XmlRoot, type XmlShape } from './xml-shape.ts';

/** Where `xsi:nil` is from, by which an element says that it is null (XML Schema Part 1 §2.6.2). */
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** Why an element has no value, and the JSON Pointer to where; it grows on the way out. */
export class Misread extends Unreadable {
  pointer: string;

  constructor(message: string, token?: string) {
    super(message);
    this.pointer = token === undefined ? '' : pointerTo('', token);
  }

  within(token: string | number): this {
    this.pointer = pointerTo('', token) + this.pointer;
    return this;
  }
}

/** Judges a body as the value that it says. */
export function judgeXml(root: XmlRoot, sent: SentElement, validate: Validator): Judged {
  return judgeReadings({ ambiguous: root.ambiguous, read: (body, mode) => readBody(root, body, mode) }, sent, validate);
}

function readBody(root: XmlRoot, sent: SentElement, mode: ReadingMode): Result<unknown, Violation> {
  const value = readXml(root, sent, mode);
  return value instanceof Misread ? err({ pointer: value.pointer, message: value.message }) : ok(value);
}

/**
 * What a body of XML says as a value, in one mode; a `Misread` where it is not as described. With `notes` it is read as if
 * elements and attributes that are not described were not there, and they are noted.
 */
export function readXml(
  { member, fault }: XmlRoot,
  sent: SentElement,
  mode: ReadingMode,
  notes: XmlNotes | null = null,
): unknown {
  if (fault !== null) return new Misread('is described in a way the gateway cannot read');
  if (sent.local !== member.name || sent.namespace !== (member.namespace ?? ''))
    return new Misread('has a root element that is not the one described');
  return readElement(sent, member.shape, { inherited: below(member, ''), mode, notes });
}

/** What an element is read under: the namespace of what names none, the mode, and what notes what may go. */
interface Reading {
  readonly inherited: string;
  readonly mode: ReadingMode;
  readonly notes: XmlNotes | null;
}

/** The namespace inside an element: its own, where that has no prefix, which makes it the default one. */
function below({ namespace, hasPrefix }: XmlMember, inherited: string): string {
  return namespace === null || hasPrefix ? inherited : namespace;
}

function readElement(sent: SentElement, shape: XmlShape, reading: Reading): unknown {
  if (shape.nullable && isNil(sent)) return null;
  switch (shape.kind) {
    case 'scalar':
      if (!allGo(sent.attributes, reading)) return new Misread(UNDESCRIBED_ATTRIBUTE);
      if (sent.elements.length > 0) return new Misread(UNDESCRIBED_ELEMENT);
      return readScalar(sent.text, shape.scalar, reading.mode);
    case 'object':
      return readObject(sent, shape, reading);
    case 'list':
      return readList(sent, shape, reading);
    case 'any-object':
      // An element with nothing inside is an object without properties there, and no text.
      return isEmpty(sent) ? emptyObject() : readAnything(sent, reading);
    case 'anything':
      return readAnything(sent, reading);
    case 'unreadable':
      return new Misread('is described in a way the gateway cannot read');
  }
}

/** Whether what is not described may go. That something is null does not: nothing and an empty text are not the same. */
function goes(node: SentAttribute | SentElement, { notes }: Reading): boolean {
  if (notes === null || (node.namespace === INSTANCE && node.local === 'nil')) return false;
  notes.undescribed.add(node);
  return true;
}

function allGo(attributes: readonly SentAttribute[], reading: Reading): boolean {
  for (const attribute of attributes) if (!goes(attribute, reading)) return false;
  return true;
}

const UNDESCRIBED_ELEMENT = 'has an element that is not described';
const UNDESCRIBED_ATTRIBUTE = 'has an attribute that is not described';
const UNDESCRIBED_TEXT = 'has text that is not described';
const REPEATED = 'is sent more than once';

/** Empty, and said to be null by nothing but this one attribute. */
function isNil({ attributes, elements, text }: SentElement): boolean {
  const [nil] = attributes;
  if (nil === undefined || attributes.length > 1 || elements.length > 0 || text !== '') return false;
  return nil.local === 'nil' && nil.namespace === INSTANCE && (nil.value === 'true' || nil.value === '1');
}

function readObject(sent: SentElement, shape: XmlShape, reading: Reading): unknown {
  const object = emptyObject();
  reading.notes?.made.set(object, { sent, shape, inherited: reading.inherited });
  for (const attribute of sent.attributes) {
    const fault = addAttribute(object, shape, attribute, reading);
    if (fault !== null) return fault;
  }
  for (const element of sent.elements) {
    const member = find(shape.elements, element, reading.inherited);
    const fault =
      member === null ? addOther(object, shape, element, reading) : addMember(object, member, element, reading);
    if (fault !== null) return fault;
  }
  if (shape.text === null) return isBlank(sent.text) ? object : new Misread(UNDESCRIBED_TEXT);
  if (sent.elements.length > 0) return sent.text === '' ? object : new Misread(UNDESCRIBED_TEXT);
  const fault = put(object, shape.text.property, readScalar(sent.text, shape.text.shape.scalar, reading.mode));
  return fault ?? object;
}

/** By what name an element or attribute goes in the object that it is right in. */
export function propertyOf(node: SentAttribute | SentElement, { shape, inherited }: MadeObject): string {
  if ('elements' in node) return find(shape.elements, node, inherited)?.property ?? otherName(node, inherited);
  return find(shape.attributes, node, '')?.property ?? otherAttribute(node);
}

function addAttribute(object: Values, shape: XmlShape, attribute: SentAttribute, reading: Reading): Misread | null {
  const { mode } = reading;
  const member = find(shape.attributes, attribute, '');
  if (member !== null) return put(object, member.property, readScalar(attribute.value, member.shape.scalar, mode));
  const name = otherAttribute(attribute);
  if (!takesOther(shape, name)) return goes(attribute, reading) ? null : new Misread(UNDESCRIBED_ATTRIBUTE);
  gather(object, name, scalarOf(attribute.value, shape.others, reading));
  return null;
}

/** Adds an element that is not described by name, where such may be there. Sent again it is a list, as it is of one name in objects. */
function addOther(object: Values, shape: XmlShape, element: SentElement, reading: Reading): Misread | null {
  const name = otherName(element, reading.inherited);
  if (!takesOther(shape, name)) return goes(element, reading) ? null : new Misread(UNDESCRIBED_ELEMENT);
  const value = readElement(element, shape.others, reading);
  if (value instanceof Misread) return value;
  gather(object, name, value);
  return null;
}

/** Whether there may be what is not described by name: nothing else goes by the name of a property. */
function takesOther(shape: XmlShape, name: string): shape is XmlShape & { readonly others: XmlShape } {
  return shape.others !== null && !shape.names.has(name);
}

function find(
  members: ReadonlyMap<string, readonly XmlMember[]>,
  { local, namespace }: SentAttribute | SentElement,
  inherited: string,
): XmlMember | null {
  const named = members.get(local);
  if (named === undefined) return null;
  for (const member of named) if ((member.namespace ?? inherited) === namespace) return member;
  return null;
}

function addMember(object: Values, member: XmlMember, element: SentElement, reading: Reading): Misread | null {
  const { property, shape } = member;
  const { mode, notes } = reading;
  const value = readElement(element, shape, { inherited: below(member, reading.inherited), mode, notes });
  if (!member.isRepeated) return value instanceof Misread ? value.within(property) : put(object, property, value);
  const list = (object[property] ??= []) as unknown[];
  if (value instanceof Misread) return value.within(list.length).within(property);
  list.push(value);
  return null;
}

type Values = Record<string, unknown>;

function put(object: Values, property: string, value: unknown): Misread | null {
  if (Object.hasOwn(object, property)) return new Misread(REPEATED, property);
  object[property] = value;
  return null;
}

function gather(object: Values, name: string, value: unknown): void {
  if (!Object.hasOwn(object, name)) object[name] = value;
  else if (object[name] instanceof Several) object[name].push(value);
  else object[name] = Several.of(object[name], value);
}

/** A list that was made of what came more than once, so that a list within is told from it. */
class Several extends Array<unknown> {}

/** By what name something goes that is not described: that of another namespace than the one around is told apart. */
function otherName({ local, namespace }: SentAttribute | SentElement, inherited: string): string {
  return namespace === inherited ? local : `{${namespace}}${local}`;
}

function otherAttribute(attribute: SentAttribute): string {
  return `@${otherName(attribute, '')}`;
}

function scalarOf(text: string, shape: XmlShape | null, { mode }: Reading): unknown {
  return shape !== null && shape.kind === 'scalar' ? readScalar(text, shape.scalar, mode) : text;
}

/** A list in an element of its own, which has nothing but its items. */
function readList(sent: SentElement, { item }: XmlShape, reading: Reading): unknown {
  if (item === null) return new Misread(UNDESCRIBED_ELEMENT);
  if (!allGo(sent.attributes, reading)) return new Misread(UNDESCRIBED_ATTRIBUTE);
  if (!isBlank(sent.text)) return new Misread(UNDESCRIBED_TEXT);
  const list: unknown[] = [];
  const inside = { ...reading, inherited: below(item, reading.inherited) };
  for (const element of sent.elements) {
    if (element.local !== item.name || element.namespace !== (item.namespace ?? reading.inherited)) {
      if (goes(element, reading)) continue;
      return new Misread(UNDESCRIBED_ELEMENT);
    }
    const value = readElement(element, item.shape, inside);
    if (value instanceof Misread) return value.within(list.length);
    list.push(value);
  }
  return list;
}

/** What nothing is said of: a text, or an object of all that is inside, under names that no two sorts of it share. */
function readAnything(sent: SentElement, reading: Reading): unknown {
  if (sent.attributes.length + sent.elements.length === 0) return sent.text;
  const { inherited, notes } = reading;
  const object = emptyObject();
  notes?.made.set(object, { sent, shape: ANYTHING, inherited });
  for (const attribute of sent.attributes) object[otherAttribute(attribute)] = attribute.value;
  for (const element of sent.elements) {
    gather(object, otherName(element, inherited), readAnything(element, reading));
  }
  if (!isBlank(sent.text)) object['#text'] = sent.text;
  return object;
}

function isEmpty({ attributes, elements, text }: SentElement): boolean {
  return attributes.length + elements.length === 0 && isBlank(text);
}

function isBlank(text: string): boolean {
  return text === '' || /^[\t\n\r ]*$/.test(text);
}
