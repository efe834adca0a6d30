import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ApiConfig, Config, OperationConfig } from './config.ts';
import { placeAt } from './place-at.ts';

/** What is wrong with how replies are stored, where each key is sound by itself. */
export function cacheIssues(
  api: ApiConfig,
  { cache, server }: Config,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  const issues: Issue[] = [];
  const complain = (path: string, message: string, fix: string): void => {
    const place = placeAt(places, path);
    issues.push(errorIssue(path, message, { place, fix }));
  };
  const tooLarge = (path: string, bytes: number): void => {
    const written = `${path}.cache.maxEntry`;
    // Half of a thread's part is for replies on their way. What nobody wrote is a bound, and no promise.
    const room = Math.floor(cache.memoryBytes / (server.threads === 'auto' ? 1 : server.threads) / 2);
    if (bytes <= room || !Object.hasOwn(places, written)) return;
    complain(written, `a reply of more than ${room} bytes is never stored, for want of room`, 'raise `cache.memory`');
  };
  if (api.cache !== null) {
    if (api.source.kind === 'descriptors')
      complain(`${api.path}.cache`, 'replies to gRPC are not stored', 'take `cache` away');
    tooLarge(api.path, api.cache.maxEntryBytes);
  }
  for (const own of Object.values(api.operations)) {
    if (typeof own.cache === 'object' && own.cache !== null) tooLarge(own.path, own.cache.maxEntryBytes);
    if (isSharedUnsaid(api, own)) complain(`${own.path}.auth`, SHARED, SHARED_FIX);
  }
  return issues;
}

const SHARED = 'callers must sign in here, and the API’s cache gives one reply to everybody';
const SHARED_FIX = 'write `cache: { per: user }` for this operation, or per: everybody if that is meant';

/** Somebody opened the cache of an open API to everybody, which was not said with this operation in mind. */
function isSharedUnsaid(api: ApiConfig, own: OperationConfig): boolean {
  if (own.cache !== null || api.cache === null || api.cache.per !== 'everybody') return false;
  return api.auth === 'public' && own.auth !== null && own.auth !== 'public';
}
