import type { AssuranceRules } from '../policy/index.ts';
import { acrWords, assuranceWords } from './assurance-rules.ts';
import type { ChangeEffect, ConfigChange } from './config-change.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in how sure it must be who calls. */
export function assuranceChanges(
  old: AssuranceRules | null,
  next: AssuranceRules | null,
  tell: Tell,
): readonly ConfigChange[] {
  const changed = (loosens: boolean, message: string): ConfigChange =>
    tell('authentication', loosens ? 'loosens' : 'tightens', message);
  if (old === null || next === null) {
    if (old === next) return [];
    return [
      changed(next === null, `callers must ${next === null ? 'no longer' : 'now'} show ${assuranceWords(old ?? next)}`),
    ];
  }
  const changes: ConfigChange[] = [];
  const [hadAcr, hasAcr] = [old.acr, next.acr];
  const [wasFree, isFree] = [hadAcr.length === 0, hasAcr.length === 0];
  if (wasFree !== isFree) changes.push(changed(isFree, isFree ? 'any acr is enough' : `${acrWords(next)} is needed`));
  else {
    for (const each of missingFrom(hadAcr, hasAcr)) changes.push(changed(true, `the acr ${each} is enough too`));
    for (const each of missingFrom(hasAcr, hadAcr)) changes.push(changed(false, `the acr ${each} is not enough now`));
  }
  for (const each of missingFrom(next.amr, old.amr)) changes.push(changed(true, `the amr ${each} is no longer needed`));
  for (const each of missingFrom(old.amr, next.amr)) changes.push(changed(false, `the amr ${each} is needed`));
  const [was, is] = [old.maxAgeMs ?? Number.POSITIVE_INFINITY, next.maxAgeMs ?? Number.POSITIVE_INFINITY];
  if (was !== is) {
    const message = is === Number.POSITIVE_INFINITY ? 'may be of any age' : `may be ${is / 1_000} s old`;
    changes.push(changed(is > was, `the sign-in ${message}`));
  }
  if (old.proof !== next.proof) {
    const loosens = next.proof === null || next.proof === 'any';
    const message = next.proof === null ? 'need not be bound to a key' : `must be bound: ${next.proof}`;
    const effect = old.proof === null ? 'tightens' : old.proof === 'any' ? (loosens ? 'loosens' : 'tightens') : null;
    changes.push(tell('authentication', effect ?? (loosens ? 'loosens' : 'changes'), `the credential ${message}`));
  }
  return changes;
}

function missingFrom(known: readonly string[], others: readonly string[]): readonly string[] {
  return others.filter((each) => !known.includes(each));
}
