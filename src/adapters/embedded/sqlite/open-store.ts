import type { OpenStore } from '../../../ports/index.ts';
import type { SqliteStoreOptions } from './store.ts';

/**
 * Opens a store as `store.ts` says. That is loaded here and now, with the library it speaks SQL by: 250 files, which
 * only a process with a store needs, and a gateway that starts not at once.
 */
export const openSqliteStore: OpenStore<SqliteStoreOptions> = async (options) => {
  const store = await import('./store.ts');
  return await store.openSqliteStore(options);
};
