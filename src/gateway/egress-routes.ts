import type { EgressConfig } from '../config/compiled.ts';
import { type Route, RouterBuilder } from './router.ts';
import type { CompiledApi, CompiledOperation, Snapshot } from './snapshot.ts';

const NOWHERE: Snapshot['router'] = { find: () => ({ kind: 'notFound' }) };

/** Where calls of third parties go. Without any they lead nowhere. */
export function outwardRouter({ egress }: Pick<Snapshot, 'egress'>): Snapshot['router'] {
  return egress ?? NOWHERE;
}

/** The router that leads to the operations of an API, by the listener over which that is called. */
export function routerFor(
  { party }: Pick<CompiledApi, 'party'>,
  snapshot: Pick<Snapshot, 'router' | 'egress'>,
): Snapshot['router'] {
  return party === null ? snapshot.router : outwardRouter(snapshot);
}

/** The names of this machine for itself. */
const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** The routes of the listener over which third parties are called. */
export class EgressRoutes {
  readonly #hosts: readonly (string | null)[];
  readonly #builder: RouterBuilder<CompiledOperation>;

  constructor({ callers, host }: EgressConfig) {
    // Where no key is asked for, a page whose own name was turned round to this machine must not be a caller.
    const named = callers === 'any' ? [...new Set([...OWN_NAMES, host])] : null;
    this.#hosts = named ?? [null];
    this.#builder = new RouterBuilder<CompiledOperation>(new Set(named ?? []), (a, b) => a.api === b.api);
  }

  /** In how many places a route stands. */
  get places(): number {
    return this.#hosts.length;
  }

  add(route: Route<CompiledOperation>): void {
    for (const host of this.#hosts) this.#builder.add({ ...route, host });
  }

  finish(): ReturnType<RouterBuilder<CompiledOperation>['finish']> {
    const built = this.#builder.finish();
    // What is wrong once is wrong at each name.
    const once = <T>(all: readonly T[], keyOf: (each: T) => unknown): T[] => [
      ...new Map(all.map((each) => [keyOf(each), each])).values(),
    ];
    return {
      router: built.router,
      clashes: once(built.clashes, ({ later }) => later.target),
      crowded: once(built.crowded, ({ target }) => target),
    };
  }
}
