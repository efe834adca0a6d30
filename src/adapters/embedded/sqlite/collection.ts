import type { Clock, Collection, Entry, Keyring, Query, Stored } from '../../../ports/index.ts';
import {
  copyDocument,
  type Declaration,
  decodeRow,
  encodeRow,
  indexValue,
  newerDocument,
  tableOf,
} from './document.ts';
import { indexColumns, indexReference, type StoreConnection } from './layout.ts';

/** What a collection needs of its store: `run` gives it a connection on which its table stands ready. */
export interface CollectionAccess {
  readonly keyring: Keyring;
  readonly clock: Clock;
  run<R>(work: (db: StoreConnection) => Promise<R>): Promise<R>;
}

const ID_LIMIT = 512;
const QUERY_LIMIT = 10_000;

/**
 * A collection in its table. An id is well-formed text of 1 to 512 characters, a query asks for 1 to 10,000 documents,
 * and names only declared indexes, with values; anything else is a bug and rejects. Ids sort by code point.
 */
export class SqliteCollection<T extends object> implements Collection<T> {
  readonly #declaration: Declaration;
  readonly #access: CollectionAccess;
  readonly #table: `c_${string}`;

  constructor(declaration: Declaration, access: CollectionAccess) {
    this.#declaration = declaration;
    this.#access = access;
    this.#table = tableOf(declaration);
  }

  async get(id: string): Promise<T | null> {
    checkId(id);
    const row = await this.#access.run((db) =>
      db.selectFrom(this.#table).select(['version', 'json', 'sealed']).where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : (decodeRow(this.#declaration, id, row, this.#access.keyring) as T);
  }

  async put(id: string, document: T): Promise<void> {
    const { created_ms, ...row } = this.#rowOf(id, document);
    const { version } = this.#declaration;
    const { numInsertedOrUpdatedRows: changed } = await this.#access.run((db) =>
      db
        .insertInto(this.#table)
        .values({ id, created_ms, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where(`${this.#table}.version`, '<=', version))
        .executeTakeFirstOrThrow(),
    );
    if (changed !== 1n) throw newerDocument(this.#declaration, id);
  }

  async claim(id: string, document: T): Promise<boolean> {
    const row = { id, ...this.#rowOf(id, document) };
    const { numInsertedOrUpdatedRows: changed } = await this.#access.run((db) =>
      db
        .insertInto(this.#table)
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow(),
    );
    return changed === 1n;
  }

  async delete(id: string): Promise<boolean> {
    checkId(id);
    const { version } = this.#declaration;
    return await this.#access.run(async (db) => {
      const known = await db.selectFrom(this.#table).select('version').where('id', '=', id).executeTakeFirst();
      if (known === undefined) return false;
      if (known.version > version) throw newerDocument(this.#declaration, id);
      await db.deleteFrom(this.#table).where('id', '=', id).execute();
      return true;
    });
  }

  async query(query: Query<T>): Promise<readonly Entry<T>[]> {
    const { limit, orderBy, afterId } = query;
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > QUERY_LIMIT) throw new RangeError(`a query for ${limit}`);
    if (orderBy !== undefined && afterId !== undefined) throw new TypeError('afterId pages in the order of ids only');
    if (orderBy !== undefined) this.#checkIndex(orderBy);
    const conditions = this.#conditions(query.where);
    const direction = query.descending === true ? 'desc' : 'asc';
    const rows = await this.#access.run((db) => {
      let select = db.selectFrom(this.#table).select(['id', 'version', 'json', 'sealed']);
      for (const [field, value] of conditions) select = select.where(indexReference(field), '=', value);
      if (afterId !== undefined) select = select.where('id', direction === 'asc' ? '>' : '<', afterId);
      if (orderBy !== undefined) select = select.orderBy(indexReference(orderBy), direction);
      return select.orderBy('id', direction).limit(limit).execute();
    });
    const { keyring } = this.#access;
    return rows.map(({ id, ...row }) => ({ id, document: decodeRow(this.#declaration, id, row, keyring) as T }));
  }

  async count(where?: Readonly<Partial<T>>): Promise<number> {
    const conditions = this.#conditions(where);
    return await this.#access.run(async (db) => {
      let select = db.selectFrom(this.#table).select((build) => build.fn.countAll<number>().as('count'));
      for (const [field, value] of conditions) select = select.where(indexReference(field), '=', value);
      return (await select.executeTakeFirstOrThrow()).count;
    });
  }

  #rowOf(id: string, document: T) {
    checkId(id);
    const copy = copyDocument(document);
    const now = this.#access.clock.now();
    const row = encodeRow(this.#declaration, id, copy, this.#access.keyring);
    return { ...row, ...indexColumns(this.#declaration, copy), created_ms: now, updated_ms: now };
  }

  #conditions(where: Readonly<Partial<T>> | undefined) {
    return Object.entries(where ?? {}).map(([field, value]) => {
      this.#checkIndex(field);
      const wanted = indexValue(this.#declaration, field, value as Stored | undefined);
      // Left out, a condition would widen the query; compared with NULL it would match nothing, unsaid.
      if (wanted === null) throw new TypeError(`a query by ${field} without a value`);
      return [field, wanted] as const;
    });
  }

  #checkIndex(field: string): void {
    if (!this.#declaration.indexes.includes(field))
      throw new TypeError(`${this.#declaration.name} has no index ${field}`);
  }
}

function checkId(id: string): void {
  if (id === '' || id.length > ID_LIMIT || !id.isWellFormed()) throw new TypeError(`${JSON.stringify(id)} is no id`);
}
