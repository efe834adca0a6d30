import type { MaintenanceRules } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import { leakChanges, NO_LEAKS, type OwnLeaks, ownLeaks } from './diff-leaks.ts';
import { ruleChanges } from './diff-rules.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What is done with requests besides letting them pass, and what their replies must not hold; of an API as a whole `redirect` and `respond` are null, and there are no rules. */
export interface Handling extends Pick<OperationConfig, 'rewrite' | 'redirect' | 'respond' | 'maintenance' | 'rules'> {
  readonly leaks: OwnLeaks;
}

/** Where nothing is done with them. */
export const NO_HANDLING: Handling = {
  rewrite: null,
  redirect: null,
  respond: null,
  maintenance: null,
  rules: [],
  leaks: NO_LEAKS,
};

/** What of an API holds for all of its operations. */
export function handlingOf({ rewrite, maintenance, leaks }: ApiConfig): Handling {
  return { ...NO_HANDLING, rewrite, maintenance, leaks: { rules: leaks, isOwn: true, ofApi: null } };
}

/** What holds of an operation of an API. */
export function handlingBy(api: ApiConfig, own: OperationConfig | undefined): Handling {
  return { ...(own ?? NO_HANDLING), leaks: ownLeaks(api, own) };
}

/** What differs in rewriting, redirects, fixed replies, maintenance, conditions and what must not leave. */
export function handlingChanges(was: Handling, is: Handling, tell: Tell): readonly ConfigChange[] {
  const changes = [
    ...maintenanceChanges(was.maintenance, is.maintenance, tell),
    ...answerChanges(was, is, tell),
    ...ruleChanges(was.rules, is.rules, tell),
    ...leakChanges(was.leaks, is.leaks, tell),
  ];
  if (!sameData(was.rewrite, is.rewrite)) {
    const words =
      is.rewrite === null ? 'is no longer rewritten' : was.rewrite === null ? 'is rewritten' : 'is rewritten otherwise';
    changes.push(tell('upstream', 'changes', `what goes upstream, or comes back, ${words}`));
  }
  return changes;
}

function answerChanges(was: Handling, is: Handling, tell: Tell): readonly ConfigChange[] {
  const [before, after] = [answerWords(was), answerWords(is)];
  if (sameData([was.redirect, was.respond], [is.redirect, is.respond])) return [];
  if (after === null)
    return [tell('routes', 'loosens', `its requests go upstream, and are no longer answered with ${before}`)];
  const effect = before === null ? 'tightens' : 'changes';
  // Of what is said in the same words, such as another text, it is told that it is another one.
  if (before === after) return [tell('routes', 'changes', `its requests are answered otherwise, still with ${after}`)];
  const instead = before === null ? 'instead of going upstream' : `instead of ${before}`;
  return [tell('routes', effect, `its requests are answered with ${after} ${instead}`)];
}

function answerWords({ redirect, respond }: Handling): string | null {
  if (redirect !== null) return `a redirect to ${redirect.origin}${redirect.path.text}`;
  return respond === null ? null : `a fixed reply (${respond.status})`;
}

/** An operation that is exempt is open where its API is closed. */
function maintenanceChanges(
  was: Handling['maintenance'],
  is: Handling['maintenance'],
  tell: Tell,
): readonly ConfigChange[] {
  if (sameData(was, is)) return [];
  const [before, after] = [was === 'off' ? null : was, is === 'off' ? null : is];
  if (after === null) {
    if (before !== null) return [tell('routes', 'loosens', 'it is no longer closed for maintenance')];
    return is === 'off'
      ? [tell('routes', 'loosens', 'it stays open while its API is closed for maintenance')]
      : [tell('routes', 'tightens', 'it is closed when its API is, for maintenance')];
  }
  if (before === null) return [tell('routes', 'tightens', 'it is closed for maintenance')];
  const gone = (one: MaintenanceRules, other: MaintenanceRules): boolean =>
    one.roles.some((role) => !other.roles.includes(role)) ||
    one.addresses.some((address) => !other.addresses.includes(address));
  if (gone(after, before)) return [tell('routes', 'loosens', 'others may call it while it is closed for maintenance')];
  if (gone(before, after)) return [tell('routes', 'tightens', 'fewer may call it while it is closed for maintenance')];
  return [tell('routes', 'changes', 'it is closed for maintenance with another message or time')];
}
