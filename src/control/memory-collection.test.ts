// No tests here: a collection in memory, for the tests of this room. Kept apart from the product by its name.
import type { Collection } from '../ports/index.ts';
import type { Revision } from './revisions.ts';

/** A collection of revisions that lies in this map; it pages and sorts as the store does. */
export function memoryCollection(held: Map<string, Revision>): Collection<Revision> {
  return {
    get: (id) => Promise.resolve(held.get(id) ?? null),
    put: (id, revision) => Promise.resolve(void held.set(id, revision)),
    claim: () => Promise.reject(new Error('not used here')),
    delete: (id) => Promise.resolve(held.delete(id)),
    count: () => Promise.reject(new Error('not used here')),
    query: ({ limit, afterId, descending }) => {
      const entries = [...held].map(([id, document]) => ({ id, document })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const ordered = descending === true ? entries.toReversed() : entries;
      return Promise.resolve(ordered.filter(({ id }) => afterId === undefined || id > afterId).slice(0, limit));
    },
  };
}
