import { isUtf8 } from 'node:buffer';
import { isJsonType, type JsonReader, readDocument } from './json-text.ts';
import { chooseMediaRange, type MediaRange, type SentMediaType } from './media-range-choice.ts';
import { readScalar, type ReadingMode } from './scalar.ts';
import { NOT_TEXT, NOT_XML, OTHER_TYPE, type Reading } from './unreadable.ts';
import type { ValueShape } from './value-shape.ts';
import type { SentElement } from '../xml/sent-element.ts';
import type { XmlRoot } from '../xml/xml-shape.ts';
import { isXmlType } from '../xml/xml-type.ts';
import { readXml } from '../xml/xml-value.ts';

/** A part of a multipart body, as the gateway has read it. */
export interface SentPart {
  readonly name: string | null;
  /** Null where it is no file. */
  readonly fileName: string | null;
  /** `text/plain` where it names none. */
  readonly mediaType: SentMediaType;
  readonly contentType: string | null;
  /** Header fields but for those of MIME, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

/** How the parts under one name are read. */
export interface PartReading {
  /** The content types that they may have; null where only their schema says something of that. */
  readonly ranges: readonly { readonly range: MediaRange }[] | null;
  readonly mode: ReadingMode;
  readonly readJson: JsonReader;
  /** How XML in them is written and read; null where none is described. */
  readonly xml: PartXml | null;
}

/** What XML in the parts under one name is read with. */
export interface PartXml {
  readonly root: XmlRoot;
  readonly read: (bytes: Uint8Array) => SentElement | undefined;
}

type Format = 'json' | 'xml' | 'text' | 'bytes';

/**
 * What a part says as a value of this shape: bytes, one character for each, where that is what the shape has room for;
 * else JSON, XML or text, as its content type says. A part that names no type is what its description has (RFC 7578 §4.4
 * would have text), as long as that is one thing. An object is JSON, whatever kind of text it is called.
 */
export function readPart(part: SentPart, shape: ValueShape, how: PartReading): Reading {
  const format = formatGiven(part, how);
  if (format === null) return OTHER_TYPE;
  if (format === 'xml') return readXmlPart(part, how);
  if (shape === null) {
    if (format === 'json' && how.ranges !== null) return readJsonPart(part, how);
    return part.fileName === null && format !== 'bytes' ? (textOf(part) ?? NOT_TEXT) : bytesOf(part);
  }
  const hasParts = shape.object !== null || shape.array !== null;
  if (shape.bytes !== null && !(hasParts && format === 'json')) return bytesOf(part);
  if (format === 'bytes') return how.ranges !== null && shape.scalars.has('string') ? bytesOf(part) : OTHER_TYPE;
  const isJson = format === 'json' ? hasParts || how.ranges !== null : hasParts && shape.scalars.size === 0;
  if (isJson) return readJsonPart(part, how);
  // A JSON text in quotes is text without them to one reader, and with them to another.
  if (format === 'json' && shape.scalars.has('string')) return OTHER_TYPE;
  const text = textOf(part);
  return text === null ? NOT_TEXT : readScalar(text, shape, how.mode);
}

/** Whether a part holds a whole list: JSON may, and XML where the list has an element of its own. */
export function holdsList(part: SentPart, how: PartReading): boolean {
  const format = formatGiven(part, how);
  return format === 'json' || (format === 'xml' && how.xml?.root.member.isRepeated === false);
}

/** The format of a part by its type; null where that is none of the described ones. */
function formatGiven({ contentType, mediaType }: SentPart, { ranges, xml }: PartReading): Format | null {
  const formatOf = xml === null ? plainFormatOf : formatWithXml;
  if (ranges === null) return formatOf(mediaType);
  if (contentType !== null) return chooseMediaRange(ranges, mediaType) === null ? null : formatOf(mediaType);
  const [first, ...others] = ranges;
  const assumed = first === undefined || others.length > 0 ? null : formatOf(first.range);
  const isAny = ranges.some(({ range }) => saysNothing(range));
  if (isAny) return 'bytes';
  const isDocument = assumed === 'json' || assumed === 'xml';
  return isDocument || chooseMediaRange(ranges, mediaType) !== null ? (assumed ?? 'text') : null;
}

/** A type of which nothing is said, as of a part that names none. */
function saysNothing({ type, subtype }: MediaRange): boolean {
  return type === '*' || (type === 'application' && subtype === 'octet-stream');
}

function formatWithXml(sent: Pick<MediaRange, 'type' | 'subtype'>): Format {
  return isXmlType(`${sent.type}/${sent.subtype}`) ? 'xml' : plainFormatOf(sent);
}

function plainFormatOf({ type, subtype }: Pick<MediaRange, 'type' | 'subtype'>): Format {
  if (isJsonType(`${type}/${subtype}`)) return 'json';
  return type === 'text' ? 'text' : 'bytes';
}

function readJsonPart(part: SentPart, { readJson }: PartReading): Reading {
  const text = textOf(part);
  return text === null ? NOT_TEXT : readDocument(text, readJson);
}

function readXmlPart({ bytes }: SentPart, { xml, mode }: PartReading): Reading {
  const sent = xml?.read(bytes);
  return xml === null || sent === undefined ? NOT_XML : readXml(xml.root, sent, mode);
}

/** The text of a part: UTF-8 without NUL, as bodies of text are; null where it is none. */
export function textOf({ bytes }: SentPart): string | null {
  const buffer = bufferOf(bytes);
  return isUtf8(buffer) && !buffer.includes(0) ? buffer.toString('utf8') : null;
}

function bytesOf({ bytes }: SentPart): string {
  return bufferOf(bytes).toString('latin1');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
