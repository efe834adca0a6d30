import { heldAt } from '../leaks/index.ts';
import type { ReplyLeaks } from '../policy/index.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import { leaksOf } from './leak-rules.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;
/** What is looked for in replies, and whether an operation, or the API that is meant, says so itself. */
export interface OwnLeaks {
  readonly rules: ReplyLeaks | null;
  readonly isOwn: boolean;
  /** What the API of an operation says. */
  readonly ofApi: ReplyLeaks | null;
}

/** Where nobody says anything. */
export const NO_LEAKS: OwnLeaks = { rules: null, isOwn: false, ofApi: null };

/** What is looked for in the replies of an operation. */
export function ownLeaks(api: ApiConfig, own: OperationConfig | undefined): OwnLeaks {
  return { rules: leaksOf(api, own ?? null), isOwn: (own?.leaks ?? null) !== null, ofApi: api.leaks };
}

/**
 * What differs in what must not leave. Of an operation only where it has a word of its own: else its API is told of once.
 * A new one is held against what its API says.
 */
export function leakChanges(was: OwnLeaks, is: OwnLeaks, tell: Tell): readonly ConfigChange[] {
  if (!was.isOwn && !is.isOwn) return [];
  const before = was === NO_LEAKS ? is.ofApi : was.rules;
  const after = is.rules;
  if (sameData(before, after)) return [];
  if (after === null) return [tell('replies', 'loosens', 'replies are no longer looked into for what must not leave')];
  if (before !== null) return partChanges(before, after, tell);
  return [tell('replies', 'tightens', `replies are looked into for what must not leave: ${wordsOf(after)}`)];
}

const ORDER = ['pass', undefined, 'report', 'mask', 'drop', 'refuse'];

/**
 * Actions by what they are about: a class, a field, or a class of the operator's own with its pattern. Of these paths of
 * fields too, which may be held by what is said of what they are in.
 */
function actionsOf({ classes, fields, own }: ReplyLeaks, paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(classes),
    ...paths.flatMap((path) => {
      const held = heldAt(fields, path);
      return held === null ? [] : [[`the field ${path}`, held] as const];
    }),
    ...Object.entries(own).map(([name, { pattern, action }]) => [`${name} (${pattern})`, action] as const),
  ]);
}

function partChanges(was: ReplyLeaks, is: ReplyLeaks, tell: Tell): readonly ConfigChange[] {
  const paths = [...new Set([...Object.keys(was.fields), ...Object.keys(is.fields)])];
  const [before, after] = [actionsOf(was, paths), actionsOf(is, paths)];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.flatMap((name) => {
    const [old, next] = [before.get(name), after.get(name)];
    if (old === next) return [];
    const effect = ORDER.indexOf(next) < ORDER.indexOf(old) ? 'loosens' : 'tightens';
    const gone = old === 'pass' ? 'looked into again' : 'no longer looked for';
    const words = `${name} in replies: ${next ?? gone} instead of ${old ?? 'nothing'}`;
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
  return [...actionsOf(rules, Object.keys(rules.fields))].map(([name, action]) => `${name} ${action}`).join(', ');
}
