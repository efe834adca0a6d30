import type { Config } from './config.ts';
import type { ApiKeyField, ApiKeysConfig } from './api-key-config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** What differs in the keys that the gateway gives out. */
export function apiKeysChanges({ apiKeys: was }: Config, { apiKeys: is }: Config): readonly ConfigChange[] {
  const tell = (effect: ChangeEffect, message: string): ConfigChange => {
    return { api: null, operation: null, about: 'authentication', effect, message };
  };
  const changes: ConfigChange[] = [];
  if (was.environment !== is.environment)
    changes.push(
      tell('loosens', `API keys of \`${is.environment}\` open something`),
      tell('tightens', `API keys of \`${was.environment}\` open nothing any more`),
    );
  if (was.lifetimeMs !== is.lifetimeMs)
    changes.push(
      tell(
        is.lifetimeMs > was.lifetimeMs ? 'loosens' : 'tightens',
        `new API keys live for ${daysOf(is)} instead of ${daysOf(was)} where nothing else is said`,
      ),
    );
  return [...changes, ...reporterChanges(was, is, tell)];
}

function reporterChanges(
  { leakReports: was }: ApiKeysConfig,
  { leakReports: is }: ApiKeysConfig,
  tell: (effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  if (sameData(was, is)) return [];
  if (is === null) return [tell('loosens', 'API keys that are found in public can no longer be reported')];
  if (was === null) return [tell('tightens', 'API keys that are found in public can be reported, and are revoked')];
  // Whoever may report keys can only take rights away, and only those of a key that they have.
  return [tell('changes', 'others may report API keys that are found in public')];
}

/** What differs in where an API takes keys; nothing where it takes none. */
export function apiKeyFieldChanges(
  was: ApiKeyField,
  is: ApiKeyField,
  tell: (about: 'authentication', effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  if (was.header === is.header) return [];
  return [tell('authentication', 'changes', `API keys are read in \`${is.header}\` instead of \`${was.header}\``)];
}

function daysOf({ lifetimeMs }: ApiKeysConfig): string {
  const hours = lifetimeMs / 3_600_000;
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${Math.round(hours * 60)} minutes`;
}
