import type { ApiConfig } from './config.ts';

type Owner = Pick<ApiConfig, 'path' | 'party'>;

/** The key path below which it stands how an upstream proves itself: a third party says that beside its URL. */
export function upstreamSaidAt({ path, party }: Owner): string {
  return party === null ? `${path}.upstream` : path;
}

/** The key path of where an upstream is. */
export function targetsSaidAt(api: Owner): string {
  return api.party === null ? upstreamSaidAt(api) : `${api.path}.url`;
}

/** The key path of a route that is written by hand. */
export function routeSaidAt({ path, party }: Owner, index: number): string {
  return `${path}.${party === null ? 'routes' : 'allow'}[${index}]`;
}
