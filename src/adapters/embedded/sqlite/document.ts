import type { CollectionDeclaration, Keyring, Stored } from '../../../ports/index.ts';

/** A document as it is handed in and out: fields by name. */
export type Fields = Readonly<Record<string, Stored>>;

/** A value of an index column. Booleans are blobs of one byte, so that true never equals 1 or "true". */
export type IndexValue = string | number | Uint8Array | null;

/** What of a row bears the document. `sealed` holds the secret fields by name, base64, and null where there are none. */
export interface DocumentRow {
  readonly version: number;
  readonly json: string;
  readonly sealed: string | null;
}

/** A declaration whose documents are looked at as plain fields. */
export type Declaration = Omit<CollectionDeclaration<Record<string, Stored>>, 'name'> & { readonly name: string };

/** The table of a collection. */
export function tableOf({ name }: Pick<Declaration, 'name'>): `c_${string}` {
  return `c_${name.replaceAll('-', '_')}`;
}

const DEPTH_LIMIT = 64;
const TEXT_LIMIT = 16 * 1024 * 1024;
const SEAL_PURPOSE = 'store';

/**
 * Copies what is to be stored and checks the copy: plain objects and arrays of JSON's values, 64 levels deep at most.
 * Fields that are undefined are left out. Anything else is a bug and throws a TypeError.
 */
export function copyDocument(document: object): Fields {
  const copy = copyValue(document, 0);
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) throw new TypeError('a document is an object');
  return copy as Fields;
}

function copyValue(value: unknown, depth: number): Stored {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} that is no JSON value cannot be stored`);
  if (depth >= DEPTH_LIMIT) throw new TypeError(`a document nested more than ${DEPTH_LIMIT} deep cannot be stored`);
  if (Array.isArray(value)) return value.map((item) => copyValue(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('only plain objects can be stored');
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  // fromEntries makes a field of its own even of `__proto__`.
  return Object.fromEntries(fields.map(([name, field]) => [name, copyValue(field, depth + 1)]));
}

/** A document as a row, its secret fields sealed under collection, id and field. More than 16 MiB throw a RangeError. */
export function encodeRow(declaration: Declaration, id: string, document: Fields, keyring: Keyring): DocumentRow {
  const { version, secrets } = declaration;
  const json = JSON.stringify(document);
  if (json.length > TEXT_LIMIT) throw new RangeError(`${declaration.name}/${id} is larger than 16 MiB`);
  return sealFields({ version, json, sealed: null }, { declaration, id, keyring, secrets });
}

/** Moves fields that lie in clear to the sealed ones: for new rows, and where a field has become a secret. */
export function sealFields(
  row: DocumentRow,
  by: { declaration: Declaration; id: string; keyring: Keyring; secrets: readonly string[] },
): DocumentRow {
  const document = parse(row.json);
  const names = by.secrets.filter((name) => Object.hasOwn(document, name));
  const clear = Object.entries(document).filter(([name]) => !names.includes(name));
  const added = names.map((name): [string, Stored] => {
    const plain = Buffer.from(JSON.stringify(document[name]));
    const sealed = by.keyring.seal(SEAL_PURPOSE, plain, contextOf(by.declaration, by.id, name));
    return [name, Buffer.from(sealed).toString('base64')];
  });
  const sealed = [...Object.entries(row.sealed === null ? {} : parse(row.sealed)), ...added];
  const json = JSON.stringify(Object.fromEntries(clear));
  return { ...row, json, sealed: sealed.length === 0 ? null : JSON.stringify(Object.fromEntries(sealed)) };
}

/**
 * The document of a row as `readRow` brings it to the declared version, checked by the collection's `parse`. One that
 * does not fit throws: a document that was changed from outside, or by a bug of a migration, is not guessed at.
 */
export function decodeRow(declaration: Declaration, id: string, row: DocumentRow, keyring: Keyring): Fields {
  const parsed = declaration.parse(readRow(declaration, id, row, keyring));
  if (!parsed.ok) throw new Error(`${declaration.name}/${id} does not fit its collection: ${parsed.error}`);
  return parsed.value;
}

/**
 * The fields of a row, brought to the declared version and not checked. A newer version, a secret that lies in clear, and one that
 * does not open (changed, moved from another place, or under another key) throw: nothing is guessed.
 */
export function readRow(declaration: Declaration, id: string, row: DocumentRow, keyring: Keyring): Fields {
  const place = `${declaration.name}/${id}`;
  if (row.version > declaration.version) throw newerDocument(declaration, id);
  const document = parse(row.json);
  const bare = declaration.secrets.find((name) => Object.hasOwn(document, name));
  if (bare !== undefined)
    throw new Error(`${place} has its secret field ${bare} in clear: it was changed from outside`);
  const opened = Object.entries(row.sealed === null ? {} : parse(row.sealed)).map(
    ([name, sealed]): [string, Stored] => {
      const plain = keyring.open(
        SEAL_PURPOSE,
        Buffer.from(typeof sealed === 'string' ? sealed : '', 'base64'),
        contextOf(declaration, id, name),
      );
      if (!plain.ok) throw new Error(`the field ${name} of ${place} ${plain.error}`);
      return [name, JSON.parse(new TextDecoder().decode(plain.value)) as Stored];
    },
  );
  let current: Fields = Object.fromEntries([...Object.entries(document), ...opened]);
  for (const migrate of declaration.migrations.slice(row.version - 1)) current = migrate(current);
  return current;
}

/** The error of a document that a newer version of the program has written. */
export function newerDocument(declaration: Declaration, id: string): Error {
  return new Error(`${declaration.name}/${id} was written by a newer version than ${declaration.version}`);
}

/** The value of an index column; what is neither text, number, boolean nor absent is a bug and throws a TypeError. */
export function indexValue(declaration: Declaration, field: string, value: Stored | undefined): IndexValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (typeof value === 'number') return value;
  // SQLite keeps UTF-8: two texts with different halves of a character would become one.
  if (typeof value === 'string' && value.isWellFormed()) return value;
  throw new TypeError(`the index ${field} of ${declaration.name} holds text, numbers and booleans only`);
}

function contextOf(declaration: Declaration, id: string, field: string): string {
  return JSON.stringify([declaration.name, id, field]);
}

function parse(json: string): Fields {
  return JSON.parse(json) as Fields;
}
