import type { Bypass, CacheRequest } from './types.ts';

/** Conditions that ask the upstream itself (RFC 9111 §4.3.2). */
const FOR_THE_ORIGIN: readonly string[] = ['if-match', 'if-unmodified-since'];

/** Fields that some frameworks take for the method: such a request is not what it seems. */
const OVERRIDING: readonly string[] = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Why the cache has nothing to do with a request; null where it has. */
export function bypassOf({ method, fields, hasBody, credential }: CacheRequest): Bypass | null {
  if (method !== 'GET' && method !== 'HEAD') return 'method';
  if (hasBody) return 'body';
  // A credential nobody told of is one that no key holds.
  if (credential === 'unkeyed' || (credential === 'none' && fields.has('authorization'))) return 'credential';
  for (const name of FOR_THE_ORIGIN) if (fields.has(name)) return 'precondition';
  for (const name of OVERRIDING) if (fields.has(name)) return 'method-override';
  return null;
}
