import { isUtf8 } from 'node:buffer';
import { hasActiveContent } from '../active-picture.ts';
import { endsAsArchive } from '../archive/zip-end.ts';
import { type MediaType, parseMediaType } from '../media-type.ts';
import { beginsAsPage, hasTag, isProgram, isProgramType, isXml, signatureFault } from '../signature.ts';
import { hasSignature, SIGNATURES, typesOf } from '../signatures.ts';
import { bufferOf } from '../text.ts';
import { isTextual, typesOfExtension } from './file-extensions.ts';
import { extensionOf } from './file-name.ts';
import { usualType } from './usual-type.ts';

/** A file as it was sent. */
export interface SentFile {
  /** Null where nothing says its type. */
  readonly mediaType: MediaType | null;
  /** Null where it has none. */
  readonly name: string | null;
  readonly bytes: Uint8Array;
}

/**
 * What is wrong with what a file is. `other-format`: its bytes are not of the type that it is sent as; `extension`: nor of
 * the one that its name ends on; `type`: it is none of those that are taken; `executable`: a program; `active`: it holds
 * what browsers or servers run; `archive`, `document`: it can be read as that too; `macro`: it runs programs when opened.
 */
export type FileTypeFault =
  | 'other-format'
  | 'extension'
  | 'type'
  | 'executable'
  | 'active'
  | 'archive'
  | 'document'
  | 'macro';

/** Which files are taken. */
export interface FileTypeRules {
  /** Media types, in lower case and by their usual names, a subtype may be `*`; null for all that do not run. */
  readonly types: readonly string[] | null;
  readonly macros: 'refuse' | 'pass';
}

const NO_NAMES: readonly string[] = [];
/** Nothing said. */
const OPAQUE = 'application/octet-stream';

/**
 * Tells what a file is by its bytes and holds that to the type that it is sent as, to the end of its name and to what is
 * taken; and looks for what makes two files of one. The types that it may be are returned where nothing is wrong; those of
 * archives are to be held against what is inside. Takes time linear in the bytes.
 */
export function judgeFileType(
  file: SentFile,
  { types, macros }: FileTypeRules,
): { readonly fault: FileTypeFault } | { readonly types: readonly string[] } {
  const seen = bufferOf(file.bytes);
  const found = typesOf(seen);
  const isUnicode = isUtf8(seen);
  let xml: boolean | null = null;
  const facts: Facts = {
    seen,
    found,
    isUnicode,
    isText: found.length === 0 && (isUnicode ? !seen.includes(0) : isOldText(seen)),
    fitsXml: () => (xml ??= signatureFault(XML, { bytes: seen, whole: true }) !== 'other-format'),
  };
  const extension = file.name === null ? '' : extensionOf(file.name.normalize('NFKC'));
  const said = saidType(file, extension, facts);
  // By another of its names a type would be one of which nothing is known.
  const names = said === null ? NO_NAMES : [...new Set([said, usualType(said)])];
  if (!names.every((type) => fits(type, facts))) return { fault: 'other-format' };
  const meant = typesOfExtension(extension).filter((type) => fits(type, facts));
  if (meant.length === 0 && typesOfExtension(extension).length > 0) return { fault: 'extension' };
  const candidates = said === null ? guessed(meant, facts) : names;
  const programs = (types ?? []).filter(isProgramType);
  if (isProgram(seen) && !programs.some((type) => candidates.includes(type))) return { fault: 'executable' };
  const taken = candidates.filter((type) => isTaken(type, types));
  if (taken.length === 0) return { fault: 'type' };
  const fault = contentFault({ ...facts, taken, named: types ?? [] }) ?? macroFault(facts, macros);
  return fault === null ? { types: taken } : { fault };
}

/** Whether files of this type run somewhere: they are taken only where it is named in full. */
export function isRunType(essence: string): boolean {
  const usual = usualType(essence);
  return PAGES.includes(usual) || isProgramType(usual);
}

interface Facts {
  readonly seen: Buffer;
  /** The types whose signature it has. */
  readonly found: readonly string[];
  /** Whether it is UTF-8. */
  readonly isUnicode: boolean;
  readonly isText: boolean;
  /** Whether it may be XML; told once, for all of it is looked at. */
  readonly fitsXml: () => boolean;
}

const XML: MediaType = {
  type: 'application',
  subtype: 'xml',
  suffix: null,
  essence: 'application/xml',
  parameters: new Map(),
};

/** Control characters that no text has, in any of the charsets that are ASCII where it is. Tabs and ends of lines it has. */
const CONTROL = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/;

/** Tables and notes are still written in the charsets of old: what is ASCII in them is found as it is in UTF-8. */
function isOldText(bytes: Buffer): boolean {
  return !CONTROL.test(bytes.toString('latin1'));
}

/** What it is sent as; null where that says nothing. Where office suites are installed tables of text are sent as theirs. */
function saidType({ mediaType }: SentFile, extension: string, { isText }: Facts): string | null {
  if (mediaType === null || mediaType.essence === OPAQUE) return null;
  const isTable = mediaType.essence === 'application/vnd.ms-excel' && extension === 'csv' && isText;
  return isTable ? 'text/csv' : mediaType.essence;
}

/** Whether bytes may be of this type. Of a type that nothing is known of they may be whatever is none that is known. */
function fits(essence: string, { seen, isText, isUnicode, fitsXml }: Facts): boolean {
  const mediaType = parseMediaType(essence);
  if (!mediaType.ok) return false;
  // What runs in pictures of XML is looked for once, and not here.
  if (isXml(mediaType.value)) return fitsXml();
  if (isTextual(essence)) return seen.length === 0 || (isText && (isUnicode || essence.startsWith('text/')));
  const signature = SIGNATURES.get(essence);
  if (signature !== undefined) return hasSignature(signature, seen);
  const fault = signatureFault(mediaType.value, { bytes: seen, whole: true });
  return fault !== 'other-format';
}

/** What it may be where nobody says it: what its name ends on, and what its bytes are. */
function guessed(meant: readonly string[], { found, isText, isUnicode, seen }: Facts): readonly string[] {
  if (found.length > 0 || meant.length > 0) return [...new Set([...meant, ...found])];
  if (!isText || !isUnicode) return [OPAQUE];
  return /^(?:\ufeff)?[\t\n\r ]*<\?xml/.test(seen.toString('utf8', 0, 200)) ? ['application/xml'] : ['text/plain'];
}

function isTaken(type: string, types: readonly string[] | null): boolean {
  if (types === null) return true;
  return types.includes(type) || types.includes(`${type.slice(0, type.indexOf('/'))}/*`) || types.includes('*/*');
}

interface Taken extends Facts {
  readonly taken: readonly string[];
  /** The types that are taken by their whole name. */
  readonly named: readonly string[];
}

const MEDIA = /^(?:image|audio|video|font)\//;
/** What browsers run as it is; taken only where it is named. */
const PAGES = ['text/html', 'application/xhtml+xml', 'text/javascript', 'application/javascript', 'text/xsl'];
/** Archives, of which more is seen when they are opened: these end as what they are. */
const ZIPS = new Set(['application/zip', 'application/x-zip-compressed']);
const HALT = Buffer.from('__HALT_COMPILER');
const OTHER_ARCHIVES = [Buffer.from('Rar!\x1a\x07', 'latin1'), Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1')];
/** Readers of PDF look for its head in so many bytes (ISO 32000-1 Annex H.3). */
const PDF_HEAD_BYTES = 1_024;

function contentFault(file: Taken): FileTypeFault | null {
  const { seen, found, taken, named } = file;
  const pages = taken.filter((type) => PAGES.includes(type));
  const isPage = pages.length > 0 && pages.every((type) => named.includes(type));
  if (!isPage && (pages.length > 0 || beginsAsPage(seen))) {
    // A picture in XML may begin so, and is looked into below.
    if (!taken.includes('image/svg+xml')) return 'active';
  }
  const hidden = hiddenFault(file);
  if (hidden !== null || isPage) return hidden;
  const isPicture = taken.includes('image/svg+xml');
  if (taken.some(isXmlType) && runsAsXml(seen, isPicture)) return 'active';
  const isMedia = found.some((type) => MEDIA.test(type)) || taken.every((type) => MEDIA.test(type));
  // Of pictures in XML that has just been seen.
  return isMedia && ((!isPicture && hasTag(seen)) || seen.includes(HALT) || beginsAsScript(seen)) ? 'active' : null;
}

/** Whether another file hangs behind it, or begins a little behind its beginning. */
function hiddenFault({ seen, found, isText }: Taken): FileTypeFault | null {
  if (isText) return null;
  const isZip = found.some((type) => ZIPS.has(type));
  if (!isZip && endsAsArchive(seen)) return 'archive';
  const isMedia = found.some((type) => MEDIA.test(type));
  if ((isMedia || found.includes('application/pdf')) && OTHER_ARCHIVES.some((mark) => seen.includes(mark))) {
    return 'archive';
  }
  const isPdf = found.includes('application/pdf');
  const head = seen.subarray(0, PDF_HEAD_BYTES);
  if (isPdf) return hasTag(head) || /<html[\s>]/i.test(head.toString('latin1')) ? 'active' : null;
  return head.includes('%PDF-') ? 'document' : null;
}

function isXmlType(essence: string): boolean {
  const read = parseMediaType(essence);
  return read.ok && isXml(read.value);
}

/** What makes a picture or a page of XML: a namespace, or a name. One that is written in references may be any. */
const SHOWN =
  /www\.w3\.org\/(?:1999\/xhtml|2000\/svg|1998\/Math|1999\/XSL)|<(?:svg|html)[\s>]|<!(?:entity|attlist)|<\?xml-stylesheet|xmlns(?::[^\s=:]{1,100})?\s*=\s*(?:"[^"]*&|'[^']*&)/i;

/** XML with parts that browsers show is a page or a picture, whatever it is called. */
function runsAsXml(seen: Buffer, isPicture: boolean): boolean {
  const text = seen.toString('utf8');
  if (!isPicture && !SHOWN.test(text)) return false;
  return hasActiveContent(text) || /1999\/XSL/.test(text);
}

/**
 * Heads of pictures whose free bytes make them the beginning of a script: a comment or an assignment behind the letters
 * of GIF or BMP, and the length of a first segment of JPEG that opens a comment.
 */
function beginsAsScript(seen: Buffer): boolean {
  const head = seen.toString('latin1', 0, 16);
  return /^(?:GIF8[79]a|BM)(?:\/\*|\/\/|=[\t -~])/.test(head) || /^\xff\xd8\xff[\xe0-\xef\xfe]\/\*/.test(head);
}

const OLE_TYPE = 'application/msword';
const OLE_MACRO = Buffer.from('_VBA_PROJECT', 'utf16le');

/** Documents of the years before 2007 keep programs in a folder of this name. */
function macroFault({ seen, found }: Facts, macros: 'refuse' | 'pass'): FileTypeFault | null {
  return macros === 'refuse' && found.includes(OLE_TYPE) && seen.includes(OLE_MACRO) ? 'macro' : null;
}
