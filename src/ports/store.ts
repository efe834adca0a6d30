import type { Result } from '../base/index.ts';

/** What a stored document may hold. */
export type Stored = null | boolean | number | string | readonly Stored[] | { readonly [key: string]: Stored };

/**
 * A collection declared by the room that owns it. `parse` is its schema: every document read is checked by it after
 * migration, and its error says what does not fit without quoting values, which may be secret. `indexes` are top-level fields of string, number or boolean that queries may name;
 * `secrets` are top-level fields that lie encrypted, bound to collection, id and field. `migrations[n]` turns a document of version n+1 into n+2.
 */
export interface CollectionDeclaration<T extends object> {
  readonly name: string;
  readonly version: number;
  readonly parse: (document: unknown) => Result<T, string>;
  readonly indexes: readonly (keyof T & string)[];
  readonly secrets: readonly (keyof T & string)[];
  readonly migrations: readonly ((document: Readonly<Record<string, Stored>>) => Record<string, Stored>)[];
}

/** A query by equality on indexed fields, ordered by id or by one indexed field. */
export interface Query<T extends object> {
  readonly where?: Readonly<Partial<T>>;
  readonly orderBy?: keyof T & string;
  readonly descending?: boolean;
  readonly limit: number;
  /** Only documents behind this id in id order; for paging without `orderBy`. */
  readonly afterId?: string;
}

/** A document with its id. */
export interface Entry<T extends object> {
  readonly id: string;
  readonly document: T;
}

/** Typed access to one collection. */
export interface Collection<T extends object> {
  get(id: string): Promise<T | null>;
  put(id: string, document: T): Promise<void>;
  /** Puts only if the id is free; true for exactly one of all who try. */
  claim(id: string, document: T): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  query(query: Query<T>): Promise<readonly Entry<T>[]>;
  count(where?: Readonly<Partial<T>>): Promise<number>;
}

/** Why a store could not be opened; `detail` is for the operator. */
export interface StoreFault {
  readonly reason: 'locked' | 'not-writable' | 'corrupt' | 'newer-version' | 'wrong-key' | 'other';
  readonly detail: string;
}

/** A store of declared collections. A document of a newer version than declared, or one that does not fit its schema, rejects the
 * reading with an error that names collection and id; it is never guessed at. */
export interface Store {
  collection<T extends object>(declaration: CollectionDeclaration<T>): Collection<T>;
  /** All or nothing: what `work` does through the store it is given happens together, or, when it throws, not at all. */
  transaction<R>(work: (store: Store) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

/** Opens a store; the adapters export functions of this shape. */
export type OpenStore<Options> = (options: Options) => Promise<Result<Store, StoreFault>>;
