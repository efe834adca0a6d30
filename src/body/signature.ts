import { isUtf8 } from 'node:buffer';
import { hasActiveContent } from './active-picture.ts';
import type { MediaType } from './media-type.ts';
import { ARCHIVE, hasSignature, SIGNATURES } from './signatures.ts';
import { bufferOf } from './text.ts';

/**
 * Why bytes are not what their media type says. `other-format`: they begin otherwise than that format does.
 * `executable`: they begin as a program does. `active`: they hold script where none is expected. `archive`: an archive
 * hangs at the end of what seems a picture, a sound, a film or a font.
 */
export type SignatureFault = 'other-format' | 'executable' | 'active' | 'archive';

/** What is known of a body that nobody reads. */
export interface SeenBytes {
  /** From its first byte on. */
  readonly bytes: Uint8Array;
  /** Whether that is all of it: its end is looked at then. */
  readonly whole: boolean;
}

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'font']);

/** Of these types nothing is said of what is inside, or it is a program. */
const ANYTHING: ReadonlySet<string> = new Set([
  'application/octet-stream',
  'application/x-executable',
  'application/x-elf',
  'application/x-sharedlib',
  'application/x-pie-executable',
  'application/x-mach-binary',
  'application/vnd.microsoft.portable-executable',
  'application/x-msdownload',
  'application/x-dosexec',
  'application/x-sh',
  'application/x-shellscript',
  'application/x-php',
  'application/x-httpd-php',
  'application/java-vm',
]);

/**
 * Holds a body that is not read to what its media type says, by its beginning and, of pictures and other media, by what
 * browsers and servers are known to run in them. `application/octet-stream` says nothing, so nothing can differ from it.
 * Null where nothing is wrong. Takes time linear in the bytes.
 */
export function signatureFault(mediaType: MediaType, { bytes, whole }: SeenBytes): SignatureFault | null {
  const { type, suffix, essence } = mediaType;
  if (ANYTHING.has(essence) || bytes.length === 0) return null;
  const seen = bufferOf(bytes);
  if (type === 'multipart') return isMultipart(mediaType, seen) ? null : 'other-format';
  if (isXml(mediaType)) return xmlFault(mediaType, seen, whole);
  const signature = SIGNATURES.get(essence) ?? (isArchive(mediaType) ? ARCHIVE : null);
  if (signature === null) {
    if (isProgram(seen)) return 'executable';
    if (beginsAsPage(seen)) return 'active';
  } else if (!hasSignature(signature, seen)) return isProgram(seen) ? 'executable' : 'other-format';
  if (!MEDIA.has(type) || suffix === 'json') return null;
  if (hasTag(seen)) return 'active';
  return whole && endsAsArchive(seen) ? 'archive' : null;
}

/** Whether bytes of a type can be told from others by how they begin, so that they can differ from what it says. */
export function isHeldToSignature({ type, suffix, essence }: MediaType): boolean {
  if (ANYTHING.has(essence) || type === 'text' || suffix === 'json') return false;
  return isXml({ suffix, essence }) || SIGNATURES.has(essence) || isArchive({ suffix, essence });
}

/** Whether a type is of XML. */
export function isXml({ suffix, essence }: Pick<MediaType, 'suffix' | 'essence'>): boolean {
  return suffix === 'xml' || essence === 'application/xml';
}

/** What office suites and others keep as a ZIP archive. */
function isArchive({ suffix, essence }: Pick<MediaType, 'suffix' | 'essence'>): boolean {
  return (
    suffix === 'zip' ||
    essence.startsWith('application/vnd.openxmlformats-officedocument.') ||
    essence.startsWith('application/vnd.oasis.opendocument.')
  );
}

const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

/** Begins with a boundary (RFC 2046 §5.1.1). What may stand before the first one no client sends, and readers differ on it. */
function isMultipart({ parameters }: MediaType, bytes: Buffer): boolean {
  const boundary = parameters.get('boundary');
  if (boundary === undefined || !BOUNDARY.test(boundary)) return false;
  return bytes.subarray(0, boundary.length + 2).equals(Buffer.from(`--${boundary}`, 'latin1'));
}

const DECLARED_ENCODING = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/;

/**
 * UTF-8 that begins with a tag. A `charset` other than UTF-8 is refused before; XML may name its encoding by itself, and
 * by a mark at its beginning, and would then be read otherwise than whoever looks for something in it reads it.
 */
function xmlFault({ type }: MediaType, seen: Buffer, whole: boolean): SignatureFault | null {
  const sound = isUtf8(whole ? seen : withoutCut(seen)) && !seen.includes(0);
  const text = sound ? seen.toString('utf8').replace(/^\ufeff/, '') : '';
  if (!/^[\t\n\r ]*</.test(text)) return isProgram(seen) ? 'executable' : 'other-format';
  const encoding = DECLARED_ENCODING.exec(text)?.[1]?.toLowerCase();
  if (encoding !== undefined && encoding !== 'utf-8' && encoding !== 'us-ascii') return 'other-format';
  if (/^[\t\n\r ]*<\?php/i.test(text)) return 'executable';
  return type === 'image' && (hasActiveContent(text) || hasTag(seen)) ? 'active' : null;
}

/** Without the bytes at the end that may be a part of a character. */
function withoutCut(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes.length - end < 3 && (bytes[end - 1]! & 0xc0) === 0x80) end--;
  return end > 0 && bytes[end - 1]! >= 0xc0 ? bytes.subarray(0, end - 1) : bytes;
}

const PROGRAMS: readonly RegExp[] = [
  // ELF; Mach-O in both orders of bytes; what is for several machines, and Java classes.
  /^(?:\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe)/,
  // A line that names an interpreter, and PHP.
  /^(?:\xef\xbb\xbf)?#![\t ]*\//,
  /^(?:\xef\xbb\xbf)?[\t\n\r ]{0,100}<\?php/i,
];

/** Whether bytes begin as a program does, or as a script that names what runs it. */
export function isProgram(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, 120));
  return PROGRAMS.some((program) => program.test(head)) || isWindowsProgram(bytes);
}

/** Two letters are too few to tell by; behind them the place of the second head must make sense. */
function isWindowsProgram(bytes: Buffer): boolean {
  if (bytes.length < 64 || bytes[0] !== 0x4d || bytes[1] !== 0x5a) return false;
  const at = bytes.readUInt32LE(0x3c);
  if (at < 4 || at > 0xff_ffff) return false;
  return at + 2 > bytes.length || /^(?:PE|NE|LE|LX)/.test(bytes.toString('latin1', at, at + 2));
}

const PAGE =
  /^(?:\xef\xbb\xbf)?[\t\n\f\r ]{0,100}(?:<!--|<!doctype html|<(?:html|head|body|script|iframe|svg)[\t\n\f\r />])/i;

/** Whether a browser that guesses could take it for a page (WHATWG MIME Sniffing §7.1). */
export function beginsAsPage(bytes: Buffer): boolean {
  return PAGE.test(bytes.toString('latin1', 0, Math.min(bytes.length, 150)));
}

const TAG = /<(?:script[\s/>]|\?php)/i;

/** Whether `<script` or `<?php` stands anywhere, in any case: five bytes that no coded picture comes to by chance. */
export function hasTag(bytes: Buffer): boolean {
  return TAG.test(bytes.toString('latin1'));
}

/** The record at the end of an archive (APPNOTE.TXT §4.3.16): 22 bytes and a comment of at most 65,535. */
const END_LENGTH = 22;
const COMMENT_LIMIT = 65_535;

/** What stands before that record where the archive is one of ZIP64 (§4.3.15). */
const LOCATOR_LENGTH = 20;

/**
 * Whether a reader of archives, which begins at the end, finds one: its list of files stands before its end record, or
 * where that says, since there are readers that go by one and by the other; or a record of ZIP64 says where.
 */
export function endsAsArchive(bytes: Buffer): boolean {
  const tail = bytes.subarray(Math.max(0, bytes.length - END_LENGTH - COMMENT_LIMIT));
  const offset = bytes.length - tail.length;
  for (let at = tail.lastIndexOf('PK\x05\x06'); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf('PK\x05\x06', at - 1)) {
    if (at + END_LENGTH > tail.length) continue;
    const end = offset + at;
    const lists = [end - tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    if (lists.some((list) => isMarked(bytes, list, 'PK\x01\x02'))) return true;
    if (isMarked(bytes, end - LOCATOR_LENGTH, 'PK\x06\x07')) return true;
  }
  return false;
}

function isMarked(bytes: Buffer, at: number, mark: string): boolean {
  return at >= 0 && bytes.toString('latin1', at, at + mark.length) === mark;
}
