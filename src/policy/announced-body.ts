import type { CanonicalRequest } from '../wire/index.ts';

/**
 * Whether the head says that at least a byte of body comes. One in chunks may turn out to have none; those that name a
 * type are held to it all the same.
 */
export function announcesBody({ headers }: Pick<CanonicalRequest, 'headers'>): boolean {
  const length = headers.get('content-length');
  if (length !== null) return Number(length) !== 0;
  return headers.get('transfer-encoding') !== null && headers.get('content-type') !== null;
}
