import type { GraphqlRulesConfig } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, pairsOf, sameData } from './config-change.ts';
import type { Config } from './config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

const BOUND_WORDS = {
  tokens: 'tokens',
  depth: 'fields within each other',
  aliases: 'aliases',
  fields: 'fields',
  directives: 'directives',
} as const;

/** What differs in how requests of GraphQL are judged, in each API. */
export function graphqlChanges(before: Pick<Config, 'apis'>, after: Pick<Config, 'apis'>): readonly ConfigChange[] {
  return pairsOf(before.apis, after.apis).flatMap(([old, next]) => {
    if (next === null) return [];
    const tell: Tell = (about, effect, message) => ({ api: next.name, operation: null, about, effect, message });
    return rulesChanges(old?.graphql ?? null, next.graphql, tell);
  });
}

function rulesChanges(
  old: GraphqlRulesConfig | null,
  next: GraphqlRulesConfig | null,
  tell: Tell,
): readonly ConfigChange[] {
  if (sameData(old, next)) return [];
  if (next === null) return [tell('validation', 'loosens', 'requests of GraphQL are no longer judged')];
  if (old === null) return [tell('validation', 'tightens', 'requests are judged as GraphQL'), ...openings(next, tell)];
  const files = [
    ...(old.schema === next.schema ? [] : ['another file has the schema']),
    ...(old.operations === next.operations ? [] : ['another file has the documents that are known']),
  ];
  return [
    ...boundChanges(old, next, tell),
    ...switchChanges(old, next, tell),
    ...costChanges(old.cost, next.cost, tell),
    ...files.map((words) => tell('validation', 'changes', `GraphQL: ${words}`)),
  ];
}

function boundChanges(old: GraphqlRulesConfig, next: GraphqlRulesConfig, tell: Tell): readonly ConfigChange[] {
  const keys = ['tokens', 'depth', 'aliases', 'fields', 'directives'] as const;
  const bounds = [
    ...keys.map((key) => [`${BOUND_WORDS[key]} may be asked for`, old.bounds[key], next.bounds[key]] as const),
    ['operations may be sent together', old.batch, next.batch] as const,
  ];
  return bounds.flatMap(([words, was, is]) =>
    was === is ? [] : [tell('validation', is > was ? 'loosens' : 'tightens', `GraphQL: ${is} ${words}, not ${was}`)],
  );
}

function switchChanges(old: GraphqlRulesConfig, next: GraphqlRulesConfig, tell: Tell): readonly ConfigChange[] {
  const opened = openings({ ...next, cost: old.cost ?? next.cost }, tell);
  const changes: ConfigChange[] = [];
  const say = (isSame: boolean, about: 'validation' | 'replies', words: string): void => {
    if (isSame) return;
    const message = `GraphQL: ${words}`;
    changes.push(opened.find((each) => each.message === message) ?? tell(about, 'tightens', message));
  };
  say(sameData(old.introspection, next.introspection), 'validation', introspectionWords(next));
  say(old.subscriptions === next.subscriptions, 'validation', subscriptionWords(next));
  say(old.errors === next.errors, 'replies', errorWords(next));
  if (old.only !== next.only) {
    const words = next.only === null ? 'documents pass that are not known' : 'no document passes that is not known';
    changes.push(tell('validation', next.only === null ? 'loosens' : 'tightens', `GraphQL: ${words}`));
  }
  return changes;
}

type Cost = GraphqlRulesConfig['cost'];

/** Weights that differ may let more pass or less, which is for a person to judge. */
function costChanges(old: Cost, next: Cost, tell: Tell): readonly ConfigChange[] {
  if (sameData(old, next)) return [];
  if (next === null) return [tell('validation', 'loosens', 'GraphQL: costs are no longer counted')];
  if (old === null) return [tell('validation', 'tightens', `GraphQL: a request may cost ${next.limit}`)];
  const words = `GraphQL: a request may cost ${next.limit} instead of ${old.limit}`;
  const limit =
    old.limit === next.limit ? [] : [tell('validation', next.limit > old.limit ? 'loosens' : 'tightens', words)];
  const { limit: _was, ...weights } = old;
  const { limit: _is, ...others } = next;
  return sameData(weights, others)
    ? limit
    : [...limit, tell('validation', 'changes', 'GraphQL: fields cost otherwise')];
}

/** What of a new one is less than usual. */
function openings(next: GraphqlRulesConfig, tell: Tell): readonly ConfigChange[] {
  return [
    ...(next.introspection === 'off' ? [] : [tell('validation', 'loosens', `GraphQL: ${introspectionWords(next)}`)]),
    ...(next.subscriptions === 'pass' ? [tell('validation', 'loosens', `GraphQL: ${subscriptionWords(next)}`)] : []),
    ...(next.errors === 'pass' ? [tell('replies', 'loosens', `GraphQL: ${errorWords(next)}`)] : []),
    ...(next.cost === null ? [tell('validation', 'loosens', 'GraphQL: costs are not counted')] : []),
  ];
}

function introspectionWords({ introspection }: GraphqlRulesConfig): string {
  if (introspection === 'off') return 'nobody may ask for the schema';
  return introspection === 'on'
    ? 'everybody may ask for the schema'
    : `${introspection.join(', ')} may ask for the schema`;
}

function subscriptionWords({ subscriptions }: GraphqlRulesConfig): string {
  return subscriptions === 'pass' ? 'subscriptions pass' : 'subscriptions are refused';
}

function errorWords({ errors }: GraphqlRulesConfig): string {
  return errors === 'pass' ? 'errors go out with all that they tell' : 'errors are masked';
}
