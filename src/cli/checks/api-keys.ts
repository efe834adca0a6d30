import type { Config } from '../../config/index.ts';
import type { ApiKeyReport } from '../../control/client.ts';
import type { Clock } from '../../ports/index.ts';
import type { CommandContext } from '../context.ts';
import { count } from '../terminal.ts';
import { type Diagnosis, fine, warn } from './diagnosis.ts';

const DAY_MS = 86_400_000;
/** So long before its end a key should have another in its place. */
const SOON_MS = 14 * DAY_MS;
const UNUSED_MS = 90 * DAY_MS;
const NAMED = 5;

/** Keys that never end, end soon, or that nobody uses, where a gateway with such keys runs and can be asked. */
export async function checkApiKeys(
  services: Pick<CommandContext['services'], 'admin'>,
  clock: Pick<Clock, 'now'>,
  { apis, dataFolder }: Config,
): Promise<readonly Diagnosis[]> {
  const takes = apis.some(({ policies }) => policies.some(({ kind }) => kind === 'api-key'));
  const client = takes ? await services.admin(dataFolder) : null;
  const found = client?.ok === true ? await client.value.keys.list({ state: 'active' }) : null;
  if (found === null || !found.ok) return [];
  const keys = found.value;
  const nowMs = clock.now();
  const groups = [
    hint(
      keys.filter(({ expiresAt }) => expiresAt === null),
      'never end',
      '`portcullis keys rotate ID --expires 90d` puts one that ends in the place of each',
    ),
    hint(
      keys.filter(
        ({ expiresAt, replacedBy }) => expiresAt !== null && replacedBy === null && expiresAt - nowMs < SOON_MS,
      ),
      'end within 14 days, and nothing takes their place',
      '`portcullis keys rotate ID` makes the next',
    ),
    hint(
      keys.filter(({ lastUsedAt, createdAt }) => nowMs - (lastUsedAt ?? createdAt) > UNUSED_MS),
      'were not used for 90 days',
      '`portcullis keys revoke ID` takes back what nobody needs',
    ),
  ].filter((one) => one !== null);
  return groups.length > 0
    ? groups
    : [fine('API keys', `${count(keys.length, 'key')} in force; each ends, and is used`)];
}

function hint(keys: readonly ApiKeyReport[], words: string, fix: string): Diagnosis | null {
  if (keys.length === 0) return null;
  const named = keys.slice(0, NAMED).map(({ id, name }) => `${id} (${name})`);
  const more = keys.length > NAMED ? `, and ${keys.length - NAMED} more` : '';
  return warn('API keys', `${count(keys.length, 'key')}: ${named.join(', ')}${more} ${words}`, fix);
}
