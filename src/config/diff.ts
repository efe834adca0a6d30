import type { Config, TrustedProxiesConfig } from './config.ts';
import { type ChangeEffect, type Comparable, type ConfigChange, pairsOf, sameData } from './config-change.ts';
import { clientChanges, fixedServer } from './client-changes.ts';
import { accessChanges } from './diff-access.ts';
import { sessionChanges } from './diff-sessions.ts';
import { certificateClientChanges } from './clients.ts';
import { apiKeysChanges } from './diff-api-keys.ts';
import { presetChanges } from './diff-preset.ts';
import { egressChanges } from './diff-egress.ts';
import { apiChanges } from './diff-api.ts';
import { graphqlChanges } from './diff-graphql.ts';
import { scannerChanges } from './diff-files.ts';
import { nodeListChanges } from './diff-lists.ts';
import { nodeRightsChanges } from './diff-rights.ts';
import { contentChanges } from './diff-content.ts';
import { valuesChanges } from './diff-rules.ts';
import { secretsChanges } from './diff-secrets.ts';

/** Nobody reads more; what loosens comes first, so that it is never among those left out. */
export const CHANGE_LIMIT = 2_000;

/**
 * What differs between two configurations, for whoever has to decide: what loosens first, then what tightens, then the
 * rest, each in the order of the later file. Beyond CHANGE_LIMIT the last one says how many are left out. Equal
 * configurations give none. Pure.
 */
export function diffConfigurations(before: Comparable, after: Comparable): readonly ConfigChange[] {
  const changes = [
    ...nodeChanges(before.config, after.config),
    ...nodeListChanges(before, after),
    ...nodeRightsChanges(before, after),
    ...accessChanges(before, after),
    ...sessionChanges(before, after),
    ...certificateClientChanges(before.config.clients, after.config.clients),
    ...apiKeysChanges(before.config, after.config),
    ...contentChanges(before, after),
    ...secretsChanges(before.config.secrets, after.config.secrets),
    ...valuesChanges(before.config, after.config),
    ...graphqlChanges(before.config, after.config),
    ...scannerChanges(before.config.scanners, after.config.scanners),
    ...pairsOf(before.config.apis, after.config.apis).flatMap(([old, next]) =>
      apiChanges(old, next, { before, after }),
    ),
  ];
  const order = { loosens: 0, tightens: 1, changes: 2 } as const;
  const sorted = changes.toSorted((one, other) => order[one.effect] - order[other.effect]);
  if (sorted.length <= CHANGE_LIMIT) return sorted;
  const kept = sorted.slice(0, CHANGE_LIMIT - 1);
  const left = sorted.length - kept.length;
  const loosening = sorted.slice(kept.length).some(({ effect }) => effect === 'loosens');
  const effect: ChangeEffect = loosening ? 'loosens' : 'changes';
  return [...kept, { api: null, operation: null, about: 'routes', effect, message: `${left} more changes` }];
}

function nodeChanges(before: Config, after: Config): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  const add = (about: ConfigChange['about'], effect: ChangeEffect, message: string): void => {
    changes.push({ api: null, operation: null, about, effect, message });
  };
  for (const key of ['server', 'admin', 'dataFolder'] as const) {
    const name = key === 'dataFolder' ? 'data' : key;
    if (!sameData(fixedOf(before, key), fixedOf(after, key)))
      add('server', 'changes', `\`${name}\` changes, which needs a restart`);
  }
  changes.push(...presetChanges(before.preset, after.preset), ...egressChanges(before, after));
  changes.push(...clientChanges(before.server.https, after.server.https));
  changes.push(...trustChanges(before.trustedProxies, after.trustedProxies));
  if (before.audit !== after.audit) {
    const effect = after.audit === 'off' ? 'loosens' : 'tightens';
    add(
      'records',
      effect,
      `requests are ${after.audit === 'off' ? 'no longer' : 'now'} recorded, which needs a restart`,
    );
  }
  if (!sameData(before.cache, after.cache))
    add('replies', 'changes', `stored replies may hold ${after.cache.memoryBytes} bytes`);
  if (!sameData(before.alerts, after.alerts)) {
    const gone = after.alerts.webhook === null;
    add('records', gone ? 'loosens' : 'changes', gone ? 'alerts are no longer posted' : 'alerts are posted elsewhere');
  }
  return changes;
}

function fixedOf(config: Config, key: 'server' | 'admin' | 'dataFolder'): unknown {
  return key === 'server' ? fixedServer(config.server) : config[key];
}

/** Whoever is trusted may say of any request that another sent it. */
function trustChanges(
  before: TrustedProxiesConfig | null,
  after: TrustedProxiesConfig | null,
): readonly ConfigChange[] {
  const tell = (effect: ChangeEffect, message: string): ConfigChange => {
    return { api: null, operation: null, about: 'server', effect, message };
  };
  const [was, is] = [before?.addresses ?? [], after?.addresses ?? []];
  const added = is.filter((block) => !was.includes(block));
  const gone = was.filter((block) => !is.includes(block));
  const changes: ConfigChange[] = [];
  if (added.length > 0) changes.push(tell('loosens', `proxies at ${added.join(', ')} are believed who the client is`));
  if (gone.length > 0) changes.push(tell('tightens', `proxies at ${gone.join(', ')} are no longer believed`));
  if (before !== null && after !== null && before.field !== after.field)
    changes.push(tell('changes', `proxies name the client in \`${after.field}\` instead of \`${before.field}\``));
  return changes;
}
