import type { ZipEntry } from './zip.ts';

const MACRO =
  /(?:^|\/)vbaProject[^/]*\.bin$|^(?:xl\/(?:macrosheets|dialogsheets)|[a-z]+\/activeX)\/|^(?:Basic|Scripts)\//i;

/** Whether a document of an office suite runs programs: Visual Basic, macros of Excel 4, ActiveX, Basic and scripts. */
export function holdsMacro(entries: readonly ZipEntry[]): boolean {
  return isDocument(entries) && entries.some(({ name }) => MACRO.test(name));
}

function isDocument(entries: readonly ZipEntry[]): boolean {
  return entries.some(({ name }) => name === '[Content_Types].xml' || name === 'mimetype');
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
