import { outwardRouter } from './egress-routes.ts';
import type { Snapshot } from './snapshot.ts';

/** A Snapshot that finds its routes in another way. Its coverage is not worked out for that. */
export function withRouter(
  snapshot: Snapshot,
  { router, preflights }: Pick<Snapshot, 'router' | 'preflights'>,
): Snapshot {
  const { revision, hash, apis, operations, tables, roles, cacheMemoryBytes, strictTransport, trusted } = snapshot;
  const { lists, material } = snapshot;
  const same = { revision, hash, apis, operations, tables, roles, cacheMemoryBytes, strictTransport };
  return {
    ...same,
    router,
    egress: null,
    preflights,
    trusted,
    lists,
    material,
    trusts: null,
    pages: null,
    takesReports: false,
    get coverage() {
      return snapshot.coverage;
    },
  };
}

/** A Snapshot as the listener sees it over which third parties are called. */
export function egressView(snapshot: Snapshot): Snapshot {
  const seen = withRouter(snapshot, { router: outwardRouter(snapshot), preflights: null });
  // Who calls there stands at the other end of the connection, and the lists are for clients.
  return Object.defineProperties(seen, { trusted: { value: null }, lists: { value: null } });
}
