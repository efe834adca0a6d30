import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';

const YEAR_MS = 366 * 86_400_000;

/** What makes keys that outlive whoever asked for them. */
export function apiKeyWarnings({ apiKeys }: Config, places: Readonly<Record<string, Place>>): readonly Issue[] {
  if (apiKeys.lifetimeMs <= YEAR_MS) return [];
  const path = 'apiKeys.lifetime';
  const message =
    'API keys live for more than a year where nobody says otherwise, and nobody remembers what they are for';
  const fix = 'write 90d, and say `--expires` where a key must live longer';
  return [{ ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' }];
}
