import zlib from 'node:zlib';
import type { Turns } from '../turns.ts';
import { parseXml } from '../xml.ts';
import { DEFAULT_XML_LIMITS, type XmlElement } from '../xml-tree.ts';
import type { ZipEntry } from './zip.ts';

const MACRO =
  /(?:^|\/)vbaProject[^/]*\.bin$|^(?:xl\/(?:macrosheets|dialogsheets)|[a-z]+\/activeX)\/|^(?:Basic|Scripts)\//i;
/** The same by content type, which is what suites go by, whatever a part is called. */
const MACRO_TYPE = /vbaProject|macrosheet|dialogsheet|activeX/i;
/** The list of parts has one element with two attributes for each, and archives have 10,000 entries at most. */
const LIST_LIMITS = { ...DEFAULT_XML_LIMITS, nodes: 30_000 };
const LIST_BYTES = 2 * 1024 * 1024;

/** What a byte of the list takes, in bytes that are looked at: it is made a tree of. */
const LIST_COST = 4;

/**
 * Whether a document of an office suite runs programs: Visual Basic, macros of Excel 4, ActiveX, Basic and scripts. Where
 * its list of parts (ECMA-376 Part 2 §7.2) can't be read, or there are two, nobody knows, which makes it malformed.
 */
export async function macroFault(entries: readonly ZipEntry[], turns: Turns): Promise<'macro' | 'malformed' | null> {
  if (!isDocument(entries)) return null;
  if (entries.some(({ name }) => MACRO.test(name))) return 'macro';
  const [list, other] = entries.filter(isPartList);
  // Readers differ on which of two counts; and many would take the time of many, before any bound is looked at.
  if (other !== undefined) return 'malformed';
  // What has a password, or is packed in another way, is judged as such.
  if (list === undefined || list.encrypted || (list.method !== 0 && list.method !== 8)) return null;
  const bytes = contentOf(list);
  if (bytes === null) return 'malformed';
  const turn = turns.spend(LIST_COST * bytes.length);
  if (turn !== null) await turn;
  const read = parseXml(bytes, LIST_LIMITS);
  if (!read.ok) return 'malformed';
  return namesMacro(read.value) ? 'macro' : null;
}

function isDocument(entries: readonly ZipEntry[]): boolean {
  return entries.some((entry) => entry.name === 'mimetype' || isPartList(entry));
}

/** Names of parts differ in more than their case. */
function isPartList({ name }: ZipEntry): boolean {
  return name.toLowerCase() === '[content_types].xml';
}

function contentOf({ method, packed }: ZipEntry): Buffer | null {
  if (method === 0) return packed.length > LIST_BYTES ? null : packed;
  try {
    return zlib.inflateRawSync(packed, { maxOutputLength: LIST_BYTES });
  } catch {
    return null;
  }
}

function namesMacro({ elements, attributes }: XmlElement): boolean {
  return attributes.some(({ value }) => MACRO_TYPE.test(value)) || elements.some(namesMacro);
}

const OFFICE = [
  ['word/', /^application\/(?:vnd\.openxmlformats-officedocument\.wordprocessingml\.|vnd\.ms-word\.)/],
  ['xl/', /^application\/(?:vnd\.openxmlformats-officedocument\.spreadsheetml\.|vnd\.ms-excel\.)/],
  ['ppt/', /^application\/(?:vnd\.openxmlformats-officedocument\.presentationml\.|vnd\.ms-powerpoint\.)/],
  ['visio/', /^application\/vnd\.(?:ms-visio\.|visio)/],
] as const;

/** Types that say by themselves what must be inside. */
const TOLD =
  /^application\/(?:vnd\.(?:openxmlformats-officedocument|oasis\.opendocument)\.|vnd\.ms-(?:word|excel|powerpoint)\.|vnd\.android\.package-archive$|java-archive$|epub\+zip$)/;

/** Whether a ZIP archive of this media type is told by what it holds. */
export function isToldInside(essence: string): boolean {
  return TOLD.test(essence);
}

/**
 * Whether a ZIP archive with these entries may be of this media type: office documents, books and packages of programs
 * are told by what they hold. Of other types nothing is known that could differ.
 */
export function mayBe(essence: string, entries: readonly ZipEntry[]): boolean {
  if (!TOLD.test(essence)) return true;
  const has = (name: string): boolean => entries.some((entry) => entry.name === name);
  if (essence === 'application/java-archive') return has('META-INF/MANIFEST.MF');
  if (essence === 'application/vnd.android.package-archive') return has('AndroidManifest.xml');
  if (/^application\/(?:epub\+zip$|vnd\.oasis\.opendocument\.)/.test(essence)) return saidType(entries) === essence;
  const office = OFFICE.find(([, types]) => types.test(essence));
  if (!has('[Content_Types].xml')) return false;
  return office === undefined || entries.some(({ name }) => name.startsWith(office[0]));
}

/** What books and open documents say of themselves in their first entry, which is not packed (EPUB 3.3 OCF §4.2.2). */
function saidType(entries: readonly ZipEntry[]): string | null {
  const said = entries.find(({ name }) => name === 'mimetype');
  return said === undefined || said.method !== 0 || said.packed.length > 200 ? null : said.packed.toString('latin1');
}
