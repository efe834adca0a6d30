import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { CacheConfig } from './config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/**
 * What differs in how replies are stored. `guarded`: whether callers must sign in, for then one reply for everybody
 * may show one caller what was made for another.
 */
export function cacheChanges(
  was: CacheConfig | null,
  is: CacheConfig | null,
  guarded: boolean,
  tell: Tell,
): readonly ConfigChange[] {
  if (is === null) return was === null ? [] : [tell('replies', 'tightens', 'replies are no longer stored')];
  if (was === null) {
    const words = is.per === 'user' ? 'replies are stored' : 'replies are stored, one for everybody';
    const stored = tell('replies', guarded && is.per === 'everybody' ? 'loosens' : 'changes', words);
    return [stored, ...openingChanges({ ...is, cookies: 'bypass', clientControl: 'ignore' }, is, tell)];
  }
  const changes: ConfigChange[] = [];
  if (was.per !== is.per) {
    const opened = is.per === 'everybody';
    const words = opened ? 'stored replies are given to everybody' : 'stored replies are kept apart by caller';
    changes.push(tell('replies', opened ? (guarded ? 'loosens' : 'changes') : 'tightens', words));
  }
  changes.push(...openingChanges(was, is, tell));
  if (!sameData(bounds(was), bounds(is)))
    changes.push(tell('replies', 'changes', 'replies are stored for other times, or up to another size'));
  return changes;
}

function openingChanges(was: CacheConfig, is: CacheConfig, tell: Tell): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (was.cookies !== is.cookies) {
    const stored = is.cookies === 'ignore';
    const words = stored ? WITH_COOKIES : 'requests with cookies pass by what is stored';
    changes.push(tell('replies', stored ? 'loosens' : 'tightens', words));
  }
  if (was.clientControl !== is.clientControl) {
    const obeyed = is.clientControl === 'honour';
    const words = `clients ${obeyed ? 'may' : 'can no longer'} have the upstream asked past what is stored`;
    changes.push(tell('replies', obeyed ? 'loosens' : 'tightens', words));
  }
  return changes;
}

const WITH_COOKIES = 'replies to requests with cookies are stored as those to any other';

function bounds({ ttlMs, maxEntryBytes, staleWhileRevalidateMs, staleIfErrorMs }: CacheConfig): readonly unknown[] {
  return [ttlMs, maxEntryBytes, staleWhileRevalidateMs, staleIfErrorMs];
}
