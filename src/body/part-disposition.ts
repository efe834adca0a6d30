import { isAscii, isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../base/index.ts';

/** What Content-Disposition says of a part; what it does not say is null. */
export interface Disposition {
  readonly name: string | null;
  readonly fileName: string | null;
}

/** Bounds on the names of a part, in bytes. */
export interface NameLimits {
  readonly nameBytes: number;
  readonly fileNameBytes: number;
}

/** Why a Content-Disposition has no single reading. */
export type DispositionFault =
  | 'disposition'
  | 'duplicate-parameter'
  | 'unknown-parameter'
  | 'no-name'
  | 'bad-name'
  | 'name-too-long'
  | 'no-file-name'
  | 'bad-file-name'
  | 'file-name-path'
  | 'file-name-too-long'
  | 'other-file-name';

const TYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
// A token or a quoted string. With a backslash in it a quoted string has two readings: browsers escape by percent signs.
const PARAMETER = /; *([a-z]+\*?)=(?:([!#$%&'*+.^_`|~0-9a-z-]+)|"([^"\\]*)")/iy;

/**
 * Reads a Content-Disposition (RFC 6266 §4.1, RFC 7578 §4.2), which names a part and, where it is a file, that.
 * Nothing but `name`, `filename` and `filename*` may stand there, each once, and the last must say what `filename` does.
 * `%22` in a quoted file name is the quotation mark that browsers write so; anywhere else it has two readings.
 */
export function readDisposition(
  field: string,
  isForm: boolean,
  limits: NameLimits,
): Result<Disposition, DispositionFault> {
  const type = TYPE.exec(field)?.[0];
  if (type === undefined || (isForm && type.toLowerCase() !== 'form-data')) return err('disposition');
  const parameters = readParameters(field, type.length);
  if (!parameters.ok) return parameters;
  const name = parameters.value.get('name') ?? null;
  if (isForm && name === null) return err('no-name');
  const nameFault = name === null ? null : faultOfName(name, limits);
  if (nameFault !== null) return err(nameFault);
  const written = parameters.value.get('filename') ?? null;
  const extended = parameters.value.get('filename*');
  if (written === null) return extended === undefined ? ok({ name, fileName: null }) : err('other-file-name');
  const fileName = written.replaceAll('%22', '"');
  const fileNameFault = faultOfFileName(fileName, limits);
  if (fileNameFault !== null) return err(fileNameFault);
  if (extended !== undefined && decodeExtended(extended) !== fileName) return err('other-file-name');
  return ok({ name, fileName });
}

/**
 * Reads what a Content-Disposition calls the one file of a message that is no form (RFC 6266 §4.1); null where it calls it
 * nothing. What is said of a part has one reading here too, with two differences: outside of ASCII, of which nobody knows
 * what charset it is in, there is `filename*` alone, and it may stand alone. Whether a name may be taken is judged elsewhere.
 */
export function readSentName(field: string): Result<string | null, DispositionFault> {
  const type = TYPE.exec(field)?.[0];
  if (type === undefined) return err('disposition');
  const parameters = readParameters(field, type.length);
  if (!parameters.ok) return parameters;
  const written = parameters.value.get('filename');
  const extended = parameters.value.get('filename*');
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  if (decoded === null || (written !== undefined && decoded !== undefined && written !== decoded)) {
    return err('other-file-name');
  }
  const fileName = written ?? decoded ?? null;
  if (fileName === null) return ok(null);
  if (written !== undefined && (!isAscii(Buffer.from(written)) || written.includes('%22'))) return err('bad-file-name');
  return isHostile(fileName) || DECODED.test(fileName) ? err('bad-file-name') : ok(fileName);
}

function readParameters(field: string, start: number): Result<ReadonlyMap<string, string>, DispositionFault> {
  const parameters = new Map<string, string>();
  for (let at = start; at < field.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const found = PARAMETER.exec(field);
    if (found === null) return err('disposition');
    const name = found[1]!.toLowerCase();
    if (name !== 'name' && name !== 'filename' && name !== 'filename*') return err('unknown-parameter');
    if (parameters.has(name)) return err('duplicate-parameter');
    // Without quotation marks: `%22` stays what it is, and some readers take apostrophes for quotation marks.
    if (name !== 'filename*' && /%22|'/.test(found[2] ?? '')) return err('disposition');
    parameters.set(name, found[2] ?? found[3]!);
  }
  return ok(parameters);
}

// Control characters, also those between ASCII and Latin, and percent-encoded ones, which some readers decode; and the
// byte order mark, which some take away.
const HIDDEN = /[\0-\x1f\x7f-\x9f\\\ufeff]|%(?:[01][0-9a-f]|7f|5c)/i;

function isHostile(name: string): boolean {
  // An encoded word (RFC 2047), which mail readers decode.
  return HIDDEN.test(name) || (name.includes('=?') && name.includes('?='));
}

function faultOfName(name: string, { nameBytes }: NameLimits): DispositionFault | null {
  if (name === '') return 'no-name';
  if (Buffer.byteLength(name) > nameBytes) return 'name-too-long';
  // A field of this name says in which charset the others are (RFC 7578 §4.6).
  return isHostile(name) || name.includes('%22') || name.toLowerCase() === '_charset_' ? 'bad-name' : null;
}

// Some readers decode file names: letters, digits, points, colons and slashes would make another path or ending of them.
const DECODED = /%(?:2[ef]|3[0-9a]|[46][1-9a-f]|[57][0-9a])/i;

function faultOfFileName(fileName: string, { fileNameBytes }: NameLimits): DispositionFault | null {
  if (Buffer.byteLength(fileName) > fileNameBytes) return 'file-name-too-long';
  if (isHostile(fileName) || DECODED.test(fileName)) return 'bad-file-name';
  const isPath = /[/]|^[a-z]:/i.test(fileName) || fileName === '.' || fileName === '..';
  return isPath ? 'file-name-path' : null;
}

// Without a language: some readers take that for a part of the name.
const EXTENDED = /^utf-8''((?:[!#$&+.^_`|~0-9a-z-]|%[0-9a-f]{2})*)$/i;

/** What an extended value (RFC 8187 §3.2) says; null where it is none, or not in UTF-8. */
function decodeExtended(value: string): string | null {
  const [, encoded] = EXTENDED.exec(value) ?? [];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(
    encoded.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}
