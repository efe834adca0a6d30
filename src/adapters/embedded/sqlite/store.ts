import { AsyncLocalStorage } from 'node:async_hooks';
import { dirname } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import { ok, type Result } from '../../../base/index.ts';
import type {
  Clock,
  Collection,
  CollectionDeclaration,
  Keyring,
  OpenStore,
  Store,
  StoreFault,
} from '../../../ports/index.ts';
import { SqliteCollection } from './collection.ts';
import { makeFolders } from '../make-folders.ts';
import { forKysely, openDatabase, reasonOf, storeFault } from './database.ts';
import type { Declaration } from './document.ts';
import { checkDeclaration, checkKeyring, ensureLayout, type StoreConnection, type StoreTables } from './layout.ts';

/** Where the store lies, and what seals its secret fields. */
export interface SqliteStoreOptions {
  readonly path: string;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** Whether other processes may have it open at the same time; false unless said. */
  readonly shared?: boolean;
  /** How long to wait for another process to let go of the file; the thread stands still meanwhile. 1 s unless said, shared 5 s. */
  readonly lockWaitMs?: number;
}

const FOLDER_MODE = 0o700;
const DEFAULT_LOCK_WAIT_MS = 1000;
/** Others hold it for milliseconds, but they may be many, and their disk far away. */
const SHARED_LOCK_WAIT_MS = 5000;
const COLLECTION_LIMIT = 256;
// Work beyond this has no chance of being done in time, and would fill the memory when the disk stands still.
const WAITING_LIMIT = 10_000;

/**
 * A store in one SQLite file, for one process unless it is shared, made with its folder, for the owner only, where missing. Every write is on the disk when its promise resolves (synchronous=FULL). Transactions run one after the other; the others wait. A transaction inside a transaction, and
 * use of the outer store inside one, which would wait for itself, are bugs and reject. A rolled-back transaction has
 * changed nothing, layouts included.
 */
export const openSqliteStore: OpenStore<SqliteStoreOptions> = async (options) => {
  const failure = await makeFolders(dirname(options.path), FOLDER_MODE);
  if (failure !== null) {
    const { folder, error } = failure;
    const more = `the folder ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`;
    return storeFault(options.path, reasonOf(error), more);
  }
  const { shared = false } = options;
  const lockWaitMs = options.lockWaitMs ?? (shared ? SHARED_LOCK_WAIT_MS : DEFAULT_LOCK_WAIT_MS);
  const opened = openDatabase(options.path, { lockWaitMs, shared });
  if (!opened.ok) return opened;
  const database = forKysely(opened.value, shared);
  const kysely = new Kysely<StoreTables>({ dialect: new SqliteDialect({ database }) });
  const refused = await refuse(kysely, options);
  if (refused === null) return ok(new SqliteStore(kysely, options));
  await kysely.destroy();
  return refused;
};

async function refuse(kysely: StoreConnection, options: SqliteStoreOptions): Promise<Result<never, StoreFault> | null> {
  try {
    const known = await kysely.transaction().execute((trx) => checkKeyring(trx, options.keyring));
    return known ? null : storeFault(options.path, 'wrong-key');
  } catch (error) {
    return storeFault(options.path, 'other', error instanceof Error ? error.message : String(error));
  }
}

/** A transaction as the code inside it sees it. */
interface Scope {
  open: boolean;
}

class SqliteStore implements Store {
  readonly #kysely: StoreConnection;
  readonly #options: SqliteStoreOptions;
  readonly #declared = new Map<string, Declaration>();
  readonly #ready = new Map<string, Promise<void>>();
  readonly #scopes = new AsyncLocalStorage<Scope>();
  #waiting = 0;
  /** Resolves when the last of those who wait has had its turn. */
  #turn: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(kysely: StoreConnection, options: SqliteStoreOptions) {
    this.#kysely = kysely;
    this.#options = options;
  }

  collection<T extends object>(declaration: CollectionDeclaration<T>): Collection<T> {
    const known = this.#declare(declaration);
    return this.#collection(known, (work) => this.#alone((db) => work(db)));
  }

  async transaction<R>(work: (store: Store) => Promise<R>): Promise<R> {
    return await this.#alone(async (db) => {
      try {
        return await db.transaction().execute((trx) => this.#within(trx, work));
      } catch (error) {
        // A table that was made inside has gone with the rest.
        this.#ready.clear();
        throw error;
      }
    });
  }

  close(): Promise<void> {
    // Waits behind everything that was asked for before.
    this.#closing ??= this.#turn.then(() => this.#kysely.destroy());
    return this.#closing;
  }

  /** Runs work while nobody else uses the one connection. */
  async #alone<R>(work: (db: StoreConnection) => Promise<R>): Promise<R> {
    if (this.#scopes.getStore()?.open === true) {
      throw new Error('inside a transaction, use the store that it was given');
    }
    if (this.#closing !== null) throw new Error('the store is closed');
    if (this.#waiting >= WAITING_LIMIT) throw new Error(`more than ${WAITING_LIMIT} calls wait for the store`);
    // Kysely would wake all who wait at every turn: quadratic work when many do.
    const turn = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    this.#waiting++;
    try {
      await turn;
      return await this.#kysely.connection().execute((db) => work(db));
    } finally {
      this.#waiting--;
      resolve();
    }
  }

  async #within<R>(trx: StoreConnection, work: (store: Store) => Promise<R>): Promise<R> {
    const scope: Scope = { open: true };
    const refuseNested = (): Promise<never> =>
      Promise.reject(new Error('a transaction holds no other, and is not closed'));
    const inside: Store = {
      collection: (declaration) =>
        this.#collection(this.#declare(declaration), async (part) => {
          if (!scope.open) throw new Error('the transaction has ended');
          return await part(trx);
        }),
      transaction: refuseNested,
      close: refuseNested,
    };
    try {
      return await this.#scopes.run(scope, () => work(inside));
    } finally {
      scope.open = false;
    }
  }

  #collection<T extends object>(
    declaration: Declaration,
    run: <R>(work: (db: StoreConnection) => Promise<R>) => Promise<R>,
  ): Collection<T> {
    const { keyring, clock } = this.#options;
    return new SqliteCollection<T>(declaration, {
      keyring,
      clock,
      run: (work) =>
        run(async (db) => {
          await this.#ensure(db, declaration);
          return await work(db);
        }),
    });
  }

  #ensure(db: StoreConnection, declaration: Declaration): Promise<void> {
    const known = this.#ready.get(declaration.name);
    if (known !== undefined) return known;
    const { keyring } = this.#options;
    const ensured = db.isTransaction
      ? ensureLayout(db, declaration, keyring)
      : db.transaction().execute((trx) => ensureLayout(trx, declaration, keyring));
    this.#ready.set(declaration.name, ensured);
    // What failed is tried again by the next call.
    ensured.catch(() => this.#ready.delete(declaration.name));
    return ensured;
  }

  #declare<T extends object>(given: CollectionDeclaration<T>): Declaration {
    const declaration = given as unknown as Declaration;
    const known = this.#declared.get(declaration.name);
    if (known === undefined) {
      checkDeclaration(declaration);
      if (this.#declared.size >= COLLECTION_LIMIT) throw new RangeError(`more than ${COLLECTION_LIMIT} collections`);
      this.#declared.set(declaration.name, declaration);
      return declaration;
    }
    if (wordsOf(known) !== wordsOf(declaration)) throw new Error(`${known.name} was declared before in other words`);
    return known;
  }
}

function wordsOf({ version, indexes, secrets }: Declaration): string {
  return JSON.stringify([version, indexes.toSorted(), secrets.toSorted()]);
}
