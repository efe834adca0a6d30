import type { ReplyLeaks } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;
type Said = ReplyLeaks | 'off' | null;

/** What differs in what must not leave, of an API or of an operation. */
export function leakChanges(was: Said, is: Said, tell: Tell): readonly ConfigChange[] {
  if (sameData(was, is)) return [];
  if (is === null || is === 'off') {
    if (was !== null && was !== 'off')
      return [tell('replies', 'loosens', 'replies are no longer looked into for what must not leave')];
    return is === 'off'
      ? [tell('replies', 'loosens', 'its replies are not looked into, whatever its API says of leaks')]
      : [tell('replies', 'tightens', 'its replies are looked into where its API says so of leaks')];
  }
  if (was === null || was === 'off')
    return [tell('replies', 'tightens', `replies are looked into for what must not leave: ${wordsOf(is)}`)];
  return partChanges(was, is, tell);
}

const ORDER = ['pass', undefined, 'report', 'mask', 'drop', 'refuse'];

/** Actions by what they are about: a class, a field, or a class of the operator's own with its pattern. */
function actionsOf({ classes, fields, own }: ReplyLeaks): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(classes),
    ...Object.entries(fields).map(([path, action]) => [`the field ${path}`, action] as const),
    ...Object.entries(own).map(([name, { pattern, action }]) => [`${name} (${pattern})`, action] as const),
  ]);
}

function partChanges(was: ReplyLeaks, is: ReplyLeaks, tell: Tell): readonly ConfigChange[] {
  const [before, after] = [actionsOf(was), actionsOf(is)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.flatMap((name) => {
    const [old, next] = [before.get(name), after.get(name)];
    if (old === next) return [];
    const effect = ORDER.indexOf(next) < ORDER.indexOf(old) ? 'loosens' : 'tightens';
    const words = `${name} in replies: ${next ?? 'no longer looked for'} instead of ${old ?? 'nothing'}`;
    return [tell('replies', effect, words)];
  });
  const more = is.allow.filter((form) => !was.allow.includes(form));
  const less = was.allow.filter((form) => !is.allow.includes(form));
  return [
    ...changed,
    ...more.map((form) => tell('replies', 'loosens', `${form} may leave in replies`)),
    ...less.map((form) => tell('replies', 'tightens', `${form} may no longer leave in replies`)),
  ];
}

function wordsOf(rules: ReplyLeaks): string {
  return [...actionsOf(rules)].map(([name, action]) => `${name} ${action}`).join(', ');
}
