import { isUtf8 } from 'node:buffer';
import { type ParsedBody, parseJson, replaceFields, replaceTexts } from '../../../body/index.ts';
import { HtmlBudget } from './html.ts';
import type { Cleaning, Field, Places } from './places.ts';
import { cleanForm, cleanWritten } from './written-text.ts';

type Multipart = Extract<ParsedBody, { kind: 'multipart' }>;
type Part = Multipart['parts'][number];

/** Makes of the bytes of a body those of the cleaned one. */
export type Rewrite = (whole: Uint8Array) => Uint8Array;

/** Why a body can't be cleaned at all: nobody here reads its format, or it has another reading as well. */
export type BodyCleaning = Cleaning<Rewrite> | { readonly kind: 'unread'; readonly why: string };

const CLEAN = { kind: 'clean' } as const;

/** What is to be changed of a body. */
export function cleanBody(body: ParsedBody, places: Places): BodyCleaning {
  switch (body.kind) {
    case 'empty':
      return CLEAN;
    case 'json': {
      const { value } = body;
      if (typeof value === 'string') return { kind: 'unread', why: 'the body is a text by itself' };
      return rewriting(places.json(value, new HtmlBudget()), (texts) => (whole) => replaceTexts(whole, value, texts));
    }
    case 'form': {
      const { fields } = body;
      return rewriting(
        cleanForm(fields, places, new HtmlBudget()),
        (values) => (whole) => replaceFields(whole, fields, values),
      );
    }
    case 'multipart':
      return cleanParts(body, places);
    case 'text':
    case 'xml':
    case 'opaque':
    default:
      return { kind: 'unread', why: `the body is ${body.kind}` };
  }
}

function rewriting<T>(cleaning: Cleaning<T>, make: (texts: T) => Rewrite): Cleaning<Rewrite> {
  return cleaning.kind === 'changed' ? { ...cleaning, texts: make(cleaning.texts) } : cleaning;
}

/** The content of a part that takes the place of what was sent. */
interface CleanedPart {
  readonly part: Part;
  readonly bytes: Buffer;
}

/**
 * Fields of a form, whose content is text to every reader. Files are whatever they are, but where a place names them: a
 * file name would keep any text from being cleaned. JSON is none: browsers give it a file name, and servers read it.
 */
function cleanParts({ mediaType, parts }: Multipart, places: Places): BodyCleaning {
  if (mediaType.essence !== 'multipart/form-data') return { kind: 'unread', why: `the body is ${mediaType.essence}` };
  const boundary = `--${mediaType.parameters.get('boundary')}`;
  const cleaned: CleanedPart[] = [];
  const budget = new HtmlBudget();
  let first: string | null = null;
  for (const part of parts) {
    const field = places.field(part.name ?? '');
    if (field === null) continue;
    if (field.kind === 'failed') return field;
    if (part.fileName !== null && !field.isNamed && !isJson(part.mediaType)) continue;
    const cleaning = cleanField(part, field, budget);
    if (cleaning.kind === 'clean') continue;
    if (cleaning.kind !== 'changed') return cleaning;
    // What was taken out of it must not leave a delimiter behind.
    if (cleaning.texts.includes(boundary)) return { kind: 'failed', place: cleaning.place };
    cleaned.push({ part, bytes: cleaning.texts });
    first ??= cleaning.place;
  }
  return first === null
    ? CLEAN
    : { kind: 'changed', texts: (whole) => spliced(whole, cleaned, boundary), place: first };
}

function cleanField({ bytes, mediaType, fileName }: Part, field: Field, budget: HtmlBudget): Cleaning<Buffer> {
  const place = field.text?.place ?? field.within;
  // A file may be no text at all, or text in two readings.
  if (place !== null && fileName !== null && !isPlainText(bytes)) return { kind: 'failed', place };
  // References in XML say what nobody sees in its text.
  if (place !== null && isXml(mediaType)) return { kind: 'failed', place };
  const text = Buffer.from(bytes).toString('utf8');
  if (!isJson(mediaType)) {
    const cleaning = cleanWritten(text, field, budget);
    return cleaning.kind === 'changed' ? { ...cleaning, texts: Buffer.from(cleaning.texts) } : cleaning;
  }
  const json = parseJson(bytes);
  // Some servers take it for text, others read it: it can't be cleaned as both.
  if (!json.ok || typeof json.value === 'string') return place === null ? CLEAN : { kind: 'failed', place };
  const cleaning = field.json(json.value, budget);
  return cleaning.kind === 'changed'
    ? { ...cleaning, texts: replaceTexts(bytes, json.value, cleaning.texts) }
    : cleaning;
}

function isPlainText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0) && !(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf);
}

function isJson({ suffix, essence }: Part['mediaType']): boolean {
  return suffix === 'json' || essence === 'application/json' || essence === 'text/json';
}

/** Pictures in XML are files. */
function isXml({ type, suffix, subtype }: Part['mediaType']): boolean {
  return type !== 'image' && (suffix === 'xml' || subtype === 'xml');
}

function spliced(whole: Uint8Array, parts: readonly CleanedPart[], boundary: string): Buffer {
  const kept: Uint8Array[] = [];
  let done = 0;
  for (const { part, bytes } of parts) {
    const before = bufferOf(whole.subarray(done, part.offset));
    const head = before.lastIndexOf(boundary);
    kept.push(before.subarray(0, head), headWith(bytes.length, before.subarray(head)), bytes);
    done = part.offset + part.bytes.length;
  }
  kept.push(whole.subarray(done));
  return Buffer.concat(kept);
}

/** The head of a part with the length that its content has now, where it says one: many clients on phones write it. */
function headWith(length: number, head: Buffer): Buffer {
  return Buffer.from(
    head.toString('latin1').replace(LENGTH, (_, name: string) => `${name} ${length}`),
    'latin1',
  );
}

const LENGTH = /(\r\ncontent-length:)[^\r\n]*/i;

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
