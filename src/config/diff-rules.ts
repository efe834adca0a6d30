import type { ConditionRule, ValuesSource } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, pairsOf, sameData } from './config-change.ts';
import type { Config } from './config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in the conditions of an operation: one that is gone lets more pass, whatever has come in its place. */
export function ruleChanges(
  was: readonly ConditionRule[],
  is: readonly ConditionRule[],
  tell: Tell,
): readonly ConfigChange[] {
  const has = (rules: readonly ConditionRule[], text: string): boolean => rules.some((rule) => rule.text === text);
  const gone = was.filter(({ text }) => !has(is, text));
  const added = is.filter(({ text }) => !has(was, text));
  const told = (rules: readonly ConditionRule[]): unknown => rules.map(({ text, message }) => [text, message]);
  const changes = [
    ...gone.map(({ text }) => tell('validation', 'loosens', `the rule ${text} no longer holds`)),
    ...added.map(({ text }) => tell('validation', 'tightens', `the rule ${text} holds`)),
  ];
  if (changes.length > 0 || sameData(told(was), told(is))) return changes;
  return [tell('validation', 'changes', 'its rules are told otherwise, or stand in another order')];
}

type Values = Readonly<Record<string, ValuesSource>>;

/** What differs in values with names, of the gateway and of each API. Whether more passes then is for a person to judge. */
export function valuesChanges(before: Config, after: Config): readonly ConfigChange[] {
  return [
    ...namedChanges(before.values, after.values, null),
    ...pairsOf(before.apis, after.apis).flatMap(([old, next]) =>
      old === null || next === null ? [] : namedChanges(old.values, next.values, next.name),
    ),
  ];
}

function namedChanges(was: Values, is: Values, api: string | null): readonly ConfigChange[] {
  const names = [...new Set([...Object.keys(is), ...Object.keys(was)])];
  const own = (values: Values, name: string): ValuesSource | null =>
    Object.hasOwn(values, name) ? (values[name] ?? null) : null;
  return names
    .filter((name) => !sameData(own(was, name), own(is, name)))
    .map((name) => {
      const [old, next] = [own(was, name), own(is, name)];
      const words = old === null ? 'are new' : next === null ? 'are gone' : 'are others';
      return { api, operation: null, about: 'validation', effect: 'changes', message: `the values ${name} ${words}` };
    });
}
