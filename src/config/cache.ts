import { z } from 'zod';
import type { CacheConfig } from './config.ts';
import { ownDuration, size } from './scalars.ts';
import { words } from './words.ts';

const MAX_ENTRY_BYTES = 1024 * 1024;
const MEMORY = '64MiB';
const BOUNDS = { from: '1s', to: '365d' };

/** What an API or an operation may say of its cache. Nothing is filled in here: an operation's words are put over its API's. */
const settings = z.strictObject({
  per: z.enum(['user', 'everybody']).optional().meta({
    description:
      'Whose replies are shared: `user` (if nothing is said) keeps those of each known caller apart, and those of unknown ones together; `everybody` gives one reply to all who may call.',
  }),
  ttl: lasting('How long a reply is fresh that says nothing of it. Without it only replies that say so are stored.'),
  maxEntry: size({ from: '1KiB', to: '64MiB' }, 'The largest body that is stored, 1MiB if nothing is said.').optional(),
  staleWhileRevalidate: lasting(
    'For how long after its time a reply is still given while a new one is fetched, where the reply does not say (RFC 5861 §3).',
  ),
  staleIfError: lasting(
    'For how long after its time a reply is still given when the upstream fails or answers 500, 502, 503 or 504, where the reply does not say (RFC 5861 §4).',
  ),
  clientControl: z.enum(['ignore', 'honour']).optional().meta({
    description:
      'Whether `Cache-Control` of a request is obeyed. `ignore`, if nothing is said: clients can not reach past the cache.',
  }),
  cookies: z.enum(['bypass', 'ignore']).optional().meta({
    description:
      'What is done with requests that carry cookies: `bypass`, if nothing is said, neither stores nor serves; `ignore` treats them as if they had none.',
  }),
});

function lasting(description: string) {
  return ownDuration(BOUNDS, description);
}

const KEYS = 'such as { ttl: 60s }';

/** The key `cache` of an API. */
export const apiCacheSchema = z
  .union([z.literal('on'), settings], {
    error: words('expected `on`, or the settings of the cache', `write cache: on, or settings ${KEYS}`),
  })
  .optional()
  .meta({ description: 'Whether replies to GET are stored and given again (RFC 9111). Off if it is left out.' });

/** The key `cache` of an operation. */
export const operationCacheSchema = z
  .union([z.enum(['on', 'off']), settings], {
    error: words('expected on, off, or the settings of the cache', `write cache: off, or settings ${KEYS}`),
  })
  .optional()
  .meta({
    description: 'As `cache` of the API, where it differs; what is left out is as there. `off` stores nothing.',
  });

/** The keys of `cache`. */
export const cacheSchema = z
  .strictObject({
    memory: size({ from: '1MiB', to: '64GiB' }, 'What all stored replies may hold together.').prefault(MEMORY),
  })
  .prefault({})
  .meta({ description: 'The memory of replies that are stored. Each gateway thread has an equal part of it.' });

type RawSettings = z.output<typeof settings>;

/** What holds for an API; null where it stores nothing. */
export function toApiCache(raw: z.output<typeof apiCacheSchema>): CacheConfig | null {
  return raw === undefined ? null : filled(raw === 'on' ? {} : raw);
}

/** What holds for one operation where it says something: its own words over those of its API. Null where it says nothing. */
export function toOperationCache(
  raw: z.output<typeof operationCacheSchema>,
  api: z.output<typeof apiCacheSchema>,
): CacheConfig | 'off' | null {
  if (raw === undefined || raw === 'off') return raw ?? null;
  const ofApi = api === undefined || api === 'on' ? {} : api;
  return filled({ ...ofApi, ...(raw === 'on' ? {} : raw) });
}

function filled(raw: RawSettings): CacheConfig {
  return {
    per: raw.per ?? 'user',
    ttlMs: raw.ttl ?? null,
    maxEntryBytes: raw.maxEntry ?? MAX_ENTRY_BYTES,
    staleWhileRevalidateMs: raw.staleWhileRevalidate ?? null,
    staleIfErrorMs: raw.staleIfError ?? null,
    clientControl: raw.clientControl ?? 'ignore',
    cookies: raw.cookies ?? 'bypass',
  };
}
