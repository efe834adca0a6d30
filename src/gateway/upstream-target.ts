import type { CanonicalRequest } from '../wire/index.ts';
import type { CompiledApi } from './snapshot.ts';

/** The request target as the API's upstream gets it: the base path is taken off, the upstream's own prefix put before. */
export function upstreamTarget(
  { basePath, upstream }: CompiledApi,
  { path, query }: Pick<CanonicalRequest, 'path' | 'query'>,
): string {
  const onward =
    basePath === '' && upstream.pathPrefix === '' ? path : upstream.pathPrefix + (path.slice(basePath.length) || '/');
  return query === null ? onward : `${onward}?${query}`;
}
