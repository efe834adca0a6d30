import { type Kysely, sql } from 'kysely';
import type { Keyring } from '../../../ports/index.ts';
import {
  type Declaration,
  type DocumentRow,
  indexValue,
  type IndexValue,
  readRow,
  sealFields,
  tableOf,
} from './document.ts';

/** A row of a collection's table: the document, its times, and a column for each index. */
interface CollectionRow extends DocumentRow {
  readonly id: string;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly [index: `x_${string}`]: IndexValue;
}

/** A row of the table that describes the others. */
interface MetaRow {
  readonly name: string;
  readonly value: Uint8Array;
}

/** The tables of a store: `meta`, and one for each collection. */
export type StoreTables = { readonly meta: MetaRow } & { readonly [table: `c_${string}`]: CollectionRow };

/** A connection to those tables, in a transaction or not. */
export type StoreConnection = Kysely<StoreTables>;

const BATCH = 500;
const META_PURPOSE = 'store meta';
const COLLECTION_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9]*$/;
const NAME_LIMIT = 60;

/** The column of an index. SQLite does not tell letters of different case apart, so capitals are marked. */
function columnOf(field: string): `x_${string}` {
  return `x_${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

/** A declaration that cannot be kept is a bug and throws. */
export function checkDeclaration({ name, version, indexes, secrets, migrations }: Declaration): void {
  const names = [...indexes, ...secrets];
  const sound =
    COLLECTION_NAME.test(name) &&
    [name, ...names].every((text) => text.length <= NAME_LIMIT) &&
    names.every((field) => FIELD_NAME.test(field)) &&
    // No field twice: an indexed secret would lie in its index in clear.
    new Set(names).size === names.length;
  if (!sound) throw new TypeError(`the collection ${JSON.stringify(name)} cannot be named or indexed like this`);
  if (!Number.isSafeInteger(version) || version < 1 || migrations.length !== version - 1) {
    throw new TypeError(`the collection ${name} of version ${version} has ${migrations.length} migrations`);
  }
}

/** Whether the keyring is the one that this store was made with; a new store remembers it. */
export async function checkKeyring(db: StoreConnection, keyring: Keyring): Promise<boolean> {
  await db.schema
    .createTable('meta')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'blob', (column) => column.notNull())
    .execute();
  const known = await readMeta(db, 'keyring');
  if (known !== null) return keyring.open(META_PURPOSE, known, 'keyring').ok;
  await writeMeta(db, keyring, 'keyring', 'the keyring of this store');
  return true;
}

interface Layout {
  readonly version: number;
  readonly indexes: readonly string[];
  readonly secrets: readonly string[];
}

/**
 * Brings a collection's table to its declaration, inside the transaction of `db`: makes it, adds and drops indexes,
 * fills them from the documents as migrated, and seals fields that have become secret. The layout is kept sealed, or
 * whoever can write the file could have a planted field taken for one from before it was a secret.
 */
export async function ensureLayout(db: StoreConnection, declaration: Declaration, keyring: Keyring): Promise<void> {
  const { name, version } = declaration;
  const wanted: Layout = {
    version,
    indexes: [...declaration.indexes].sort(),
    secrets: [...declaration.secrets].sort(),
  };
  const known = await readLayout(db, name, keyring);
  if (JSON.stringify(known) === JSON.stringify(wanted)) return;
  if (known === null) await createTable(db, declaration);
  const indexes = known?.indexes ?? [];
  for (const field of indexes.filter((old) => !wanted.indexes.includes(old))) await dropIndex(db, declaration, field);
  for (const field of wanted.indexes.filter((fresh) => !indexes.includes(fresh)))
    await addIndex(db, declaration, field);
  if (known !== null) await rebuildRows(db, declaration, keyring);
  await writeMeta(db, keyring, `layout ${name}`, JSON.stringify(wanted));
}

async function readLayout(db: StoreConnection, name: string, keyring: Keyring): Promise<Layout | null> {
  const sealed = await readMeta(db, `layout ${name}`);
  if (sealed === null) return null;
  const opened = keyring.open(META_PURPOSE, sealed, `layout ${name}`);
  if (!opened.ok) throw new Error(`the layout of the collection ${name} ${opened.error}`);
  return JSON.parse(new TextDecoder().decode(opened.value)) as Layout;
}

async function readMeta(db: StoreConnection, name: string): Promise<Uint8Array | null> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value ?? null;
}

async function writeMeta(db: StoreConnection, keyring: Keyring, name: string, text: string): Promise<void> {
  const value = keyring.seal(META_PURPOSE, new TextEncoder().encode(text), name);
  const insert = db.insertInto('meta').values({ name, value });
  await insert.onConflict((conflict) => conflict.column('name').doUpdateSet({ value })).execute();
}

/** Fails if the table exists: without a layout it is not ours. */
async function createTable(db: StoreConnection, declaration: Declaration): Promise<void> {
  await db.schema
    .createTable(tableOf(declaration))
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text')
    .addColumn('created_ms', 'integer', (column) => column.notNull())
    .addColumn('updated_ms', 'integer', (column) => column.notNull())
    .execute();
}

function indexName(declaration: Declaration, field: string): string {
  return `${tableOf(declaration)}_${columnOf(field)}`;
}

async function addIndex(db: StoreConnection, declaration: Declaration, field: string): Promise<void> {
  const table = tableOf(declaration);
  // A column of type blob converts nothing: "1" stays text and is not found by 1.
  await db.schema.alterTable(table).addColumn(columnOf(field), 'blob').execute();
  await db.schema
    .createIndex(indexName(declaration, field))
    .on(table)
    .columns([columnOf(field), 'id'])
    .execute();
}

async function dropIndex(db: StoreConnection, declaration: Declaration, field: string): Promise<void> {
  await db.schema.dropIndex(indexName(declaration, field)).execute();
  await db.schema.alterTable(tableOf(declaration)).dropColumn(columnOf(field)).execute();
}

async function rebuildRows(db: StoreConnection, declaration: Declaration, keyring: Keyring): Promise<void> {
  const table = tableOf(declaration);
  const { secrets } = declaration;
  for (let last = ''; ; ) {
    const rows = await db
      .selectFrom(table)
      .select(['id', 'version', 'json', 'sealed'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(BATCH)
      .execute();
    for (const { id, ...row } of rows) {
      last = id;
      // One of a newer version is refused when it is asked for; until then it lies as it is.
      if (row.version > declaration.version) continue;
      const sealed = sealFields(row, { declaration, id, keyring, secrets });
      // Not parsed: one that does not fit is refused when it is asked for, and hinders no other.
      const columns = indexColumns(declaration, readRow(declaration, id, sealed, keyring));
      await db
        .updateTable(table)
        .set({ json: sealed.json, sealed: sealed.sealed, ...columns })
        .where('id', '=', id)
        .execute();
    }
    if (rows.length < BATCH) return;
  }
}

/** The index columns of a document. */
export function indexColumns(
  declaration: Declaration,
  document: ReturnType<typeof readRow>,
): { readonly [column: `x_${string}`]: IndexValue } {
  const columns = declaration.indexes.map((field) => {
    const value = Object.hasOwn(document, field) ? document[field] : undefined;
    return [columnOf(field), indexValue(declaration, field, value)];
  });
  return Object.fromEntries(columns) as { readonly [column: `x_${string}`]: IndexValue };
}

/** A reference to an index column, for queries whose columns are known only at run time. */
export function indexReference(field: string): ReturnType<typeof sql.ref<IndexValue>> {
  return sql.ref<IndexValue>(columnOf(field));
}
