import { keptByHtml, type SanitizeRules, type TextAction } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { PolicyMode } from './config.ts';
import { sanitizeMode, sanitizeRules, type SanitizeUse } from './sanitize-rules.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What is cleaned of an API or an operation, how, and whether an operation says so itself. */
export interface Sanitized {
  readonly rules: SanitizeRules | null;
  readonly mode: PolicyMode;
  readonly isOwn: boolean;
}

/** What holds where nothing is said. */
export const NOTHING_SANITIZED: Sanitized = { rules: null, mode: 'enforce', isOwn: false };

/** What holds for an API, or for an operation of it. */
export function sanitizedOf(api: SanitizeUse | null, own: SanitizeUse | 'off' | null): Sanitized {
  return { rules: sanitizeRules(api, own), mode: sanitizeMode(api, own), isOwn: own !== null };
}

/** What differs in what is cleaned. A text that is cleaned no more, or of less, reaches whoever trusts it. */
export function sanitizeChanges(was: Sanitized, is: Sanitized, tell: Tell): readonly ConfigChange[] {
  const changes = (['body', 'query'] as const).flatMap((part) => partChanges(was, is, part, tell));
  if (was.rules === null || is.rules === null || was.mode === is.mode) return changes;
  const observes = is.mode === 'observe';
  const message = observes
    ? 'what would be cleaned is only recorded'
    : 'what is to be cleaned is, and not only recorded';
  return [...changes, tell('validation', observes ? 'loosens' : 'tightens', message)];
}

/** The same of an operation, where it has a word of its own: else its API is told of once. */
export function operationSanitizeChanges(was: Sanitized, is: Sanitized, tell: Tell): readonly ConfigChange[] {
  return was.isOwn || is.isOwn ? sanitizeChanges(was, is, tell) : [];
}

function partChanges(was: Sanitized, is: Sanitized, part: keyof SanitizeRules, tell: Tell): readonly ConfigChange[] {
  const [before, after] = [was.rules?.[part] ?? {}, is.rules?.[part] ?? {}];
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return names.flatMap((name) => {
    const [old, next] = [actionsAt(before, name), actionsAt(after, name)];
    if (sameData(old, next)) return [];
    const [takesAll, tookAll] = [isWithin(old, next), isWithin(next, old)];
    const effect = takesAll === tookAll ? 'changes' : takesAll ? 'tightens' : 'loosens';
    const place = part === 'body' ? `the text at ${JSON.stringify(name)} of bodies` : `the parameter ${name}`;
    const how = next.length === 0 ? 'is no longer cleaned' : `is cleaned by ${wordsOf(next)}`;
    const instead = old.length === 0 || next.length === 0 ? '' : ` instead of ${wordsOf(old)}`;
    return [tell('validation', effect, `${place} ${how}${instead}`)];
  });
}

function actionsAt(all: SanitizeRules['body'], name: string): readonly TextAction[] {
  return Object.hasOwn(all, name) ? (all[name] ?? []) : [];
}

/** Whether for each of the few there is one of the many that takes away as much. */
function isWithin(few: readonly TextAction[], many: readonly TextAction[]): boolean {
  return few.every((action) => many.some((other) => takesAsMuch(other, action)));
}

function takesAsMuch(one: TextAction, other: TextAction): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  const [few, many] = [keptByHtml(one.html), keptByHtml(other.html)];
  return few.tags.every(
    (tag) =>
      many.tags.includes(tag) &&
      attributesOf(few.attributes, tag).every((name) => attributesOf(many.attributes, tag).includes(name)),
  );
}

function attributesOf(all: Readonly<Record<string, readonly string[]>>, tag: string): readonly string[] {
  return [tag, '*'].flatMap((name) => (Object.hasOwn(all, name) ? (all[name] ?? []) : []));
}

function wordsOf(actions: readonly TextAction[]): string {
  return actions.map((action) => (typeof action === 'string' ? action : htmlWords(action))).join(', ');
}

function htmlWords({ html }: Extract<TextAction, object>): string {
  if (typeof html === 'string') return `html (${html})`;
  const attributes = Object.entries(html.attributes).map(([tag, names]) => `${tag} with ${names.join(' ')}`);
  return `html (${[html.tags.join(' '), ...attributes].join('; ')})`;
}
