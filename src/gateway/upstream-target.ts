import type { CanonicalRequest } from '../wire/index.ts';
import type { RequestEdits } from './edits.ts';
import type { CompiledApi } from './snapshot.ts';

/**
 * The request target as the API's upstream gets it: the base path is taken off, or another path stands for the whole, and
 * the upstream's own prefix is put before.
 */
export function upstreamTarget(
  { basePath, upstream }: CompiledApi,
  request: Pick<CanonicalRequest, 'path' | 'query'>,
  edited: Pick<RequestEdits, 'path' | 'query'> | null,
): string {
  const { path } = request;
  const query = edited === null || edited.query === undefined ? request.query : edited.query;
  const onward =
    edited !== null && edited.path !== null
      ? upstream.pathPrefix + edited.path
      : basePath === '' && upstream.pathPrefix === ''
        ? path
        : upstream.pathPrefix + (path.slice(basePath.length) || '/');
  return query === null ? onward : `${onward}?${query}`;
}
