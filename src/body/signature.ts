import { hasActiveContent } from './active-picture.ts';
import { endsAsArchive } from './archive/zip-end.ts';
import type { MediaType } from './media-type.ts';
import { delimiterOf } from './multipart.ts';
import { ARCHIVE, hasSignature, SIGNATURES } from './signatures.ts';
import { bufferOf, isText } from './text.ts';

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

const PROGRAM_TYPES: ReadonlySet<string> = new Set(
  (
    'x-executable x-elf x-sharedlib x-pie-executable x-mach-binary vnd.microsoft.portable-executable x-msdownload x-dosexec ' +
    'x-sh x-shellscript x-php x-httpd-php java-vm'
  )
    .split(' ')
    .map((subtype) => `application/${subtype}`),
);

/** Whether files of this type are programs. */
export function isProgramType(essence: string): boolean {
  return PROGRAM_TYPES.has(essence);
}

/** Of these types nothing is said of what is inside, or it is a program. */
function isAnything(essence: string): boolean {
  return essence === 'application/octet-stream' || isProgramType(essence);
}

/**
 * Holds a body that is not read to what its media type says, by its beginning and, of pictures and other media, by what
 * browsers and servers are known to run in them. `application/octet-stream` says nothing, so nothing can differ from it.
 * Null where nothing is wrong. Takes time linear in the bytes.
 */
export function signatureFault(mediaType: MediaType, { bytes, whole }: SeenBytes): SignatureFault | null {
  const { type, suffix, essence } = mediaType;
  if (isAnything(essence) || bytes.length === 0) return null;
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
  if (isAnything(essence) || type === 'text' || suffix === 'json') return false;
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

/** What may stand before the first boundary no client sends, and readers differ on it. */
function isMultipart(mediaType: MediaType, bytes: Buffer): boolean {
  const delimiter = delimiterOf(mediaType);
  return delimiter !== null && bytes.subarray(0, delimiter.length).equals(delimiter);
}

const DECLARED_ENCODING = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/;

/**
 * UTF-8 that begins with a tag. A `charset` other than UTF-8 is refused before; XML may name its encoding by itself, and
 * by a mark at its beginning, and would then be read otherwise than whoever looks for something in it reads it.
 */
function xmlFault({ type }: MediaType, seen: Buffer, whole: boolean): SignatureFault | null {
  const sound = isText(whole ? seen : withoutCut(seen));
  const text = sound ? seen.toString('utf8').replace(/^\ufeff/, '') : '';
  if (!/^[\t\n\r ]*</.test(text)) return isProgram(seen) ? 'executable' : 'other-format';
  const encoding = DECLARED_ENCODING.exec(text)?.[1]?.toLowerCase();
  if (encoding !== undefined && encoding !== 'utf-8' && encoding !== 'us-ascii') return 'other-format';
  if (/^[\t\n\r ]*<\?php/i.test(text)) return 'executable';
  return type === 'image' && hasActiveContent(text) ? 'active' : null;
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
const TAG_BYTES = '<script>'.length;
const TAG_STARTS: readonly Buffer[] = ['<s', '<S', '<?'].map((start) => Buffer.from(start));
/** In coded pictures two bytes stand together once in 65,536. Where they do so this often, one search for it all is faster. */
const OFTEN_BYTES = 1_024;

/** Whether `<script` or `<?php` stands anywhere, in any case: five bytes that no coded picture comes to by chance. */
export function hasTag(bytes: Buffer): boolean {
  return TAG_STARTS.some((start) => hasTagOf(bytes, start));
}

function hasTagOf(bytes: Buffer, start: Buffer): boolean {
  let seen = 0;
  for (let at = bytes.indexOf(start); at !== -1; at = bytes.indexOf(start, at + start.length)) {
    if (seen * OFTEN_BYTES > at) return TAG.test(bytes.toString('latin1', at));
    if (TAG.test(bytes.toString('latin1', at, at + TAG_BYTES))) return true;
    seen++;
  }
  return false;
}
