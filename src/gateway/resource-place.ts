import type { ApiConfig } from '../config/compiled.ts';
import type { CanonicalRequest } from '../wire/index.ts';

/** What an API is told by. */
export type ResourceMetadata = NonNullable<ApiConfig['metadata']>;

type Asked = Pick<CanonicalRequest, 'host' | 'port'>;

/** Where the metadata of an API is, for a client that asked this host (RFC 9728 §3.1). */
export function metadataUrl(api: Pick<ApiConfig, 'basePath'>, { resource }: ResourceMetadata, asked: Asked): string {
  const { origin, path } = placeOf(api, resource);
  return `${origin ?? originOf(asked)}${metadataPath(path)}`;
}

/** The origin that a client asked. */
export function originOf({ host, port }: Asked): string {
  return `https://${host}${port === null || port === 443 ? '' : `:${port}`}`;
}

/** The identifier's origin, null for that of the request, and its path. */
export function placeOf({ basePath }: Pick<ApiConfig, 'basePath'>, resource: string | null) {
  if (resource === null) return { origin: null, path: basePath };
  const { origin, pathname } = new URL(resource);
  return { origin, path: pathname === '/' ? '' : pathname };
}

/** The page of a resource: its path behind what is well known (RFC 9728 §3.1). */
export function metadataPath(path: string): string {
  return `/.well-known/oauth-protected-resource${path}`;
}
