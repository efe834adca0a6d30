import type { FieldEntry, FieldRules, ObjectRule, OwnerLookup } from '../policy/index.ts';
import type { ModedRule, ObservedKey, OperationAccess } from './access-config.ts';
import type { ApiConfig } from './config.ts';
import { type ChangeEffect, type Comparable, type ConfigChange, sameData } from './config-change.ts';

/** Tells what has changed, and to what end. */
type Told = (effect: ChangeEffect, message: string) => ConfigChange;

const NOTHING: OperationAccess = { deny: [], when: [], object: null, fields: null, accepts: null, observe: [] };

/** What differs in the rules that hold for the whole gateway. */
export function nodeRightsChanges(before: Comparable, after: Comparable): readonly ConfigChange[] {
  return denialChanges(before.config.denials, after.config.denials, toldOf(null, null));
}

/** What differs in who may do what at an API and its operations, besides the permissions that are needed. */
export function apiRightsChanges(old: ApiConfig, next: ApiConfig): readonly ConfigChange[] {
  const names = new Set([...Object.keys(next.operations), ...Object.keys(old.operations)]);
  const own = ({ operations }: ApiConfig, name: string): OperationAccess =>
    Object.hasOwn(operations, name) ? (operations[name]?.access ?? NOTHING) : NOTHING;
  return [
    ...denialChanges(old.denials, next.denials, toldOf(next.name, null)),
    ...[...names].flatMap((name) => accessChanges(own(old, name), own(next, name), toldOf(next.name, name))),
  ];
}

function toldOf(api: string | null, operation: string | null): Told {
  return (effect, message) => ({ api, operation, about: 'authorization', effect, message });
}

function accessChanges(was: OperationAccess, is: OperationAccess, told: Told): readonly ConfigChange[] {
  return [
    ...denialChanges(was.deny, is.deny, told),
    ...conditionChanges(was.when, is.when, told),
    ...objectChanges(was.object, is.object, told),
    ...fieldChanges(was.fields, is.fields, { told: toldOfList('fields', [was, is], told), words: FIELD_WORDS }),
    ...fieldChanges(was.accepts, is.accepts, { told: toldOfList('accepts', [was, is], told), words: ACCEPT_WORDS }),
    ...is.observe
      .filter((key) => !was.observe.includes(key) && isSaid(was, key) && isSaid(is, key))
      .map((key) => told('loosens', `\`${key}\` refuses nothing any more, and only observes`)),
    ...was.observe
      .filter((key) => !is.observe.includes(key) && isSaid(was, key) && isSaid(is, key))
      .map((key) => told('tightens', `\`${key}\` no longer only observes`)),
  ];
}

/** Whether the key is there to observe; of `needs` and `assurance` the description or the API may say it. */
function isSaid(access: OperationAccess, key: ObservedKey): boolean {
  return key === 'needs' || key === 'assurance' || access[key] !== null;
}

/** A list that comes or goes, and only observes, changes nothing of what is reached. */
function toldOfList(
  key: 'fields' | 'accepts',
  [was, is]: readonly [OperationAccess, OperationAccess],
  told: Told,
): Told {
  const only = [was, is].find((access) => access[key] !== null);
  const isOneSided = was[key] === null || is[key] === null;
  if (!isOneSided || only === undefined || !only.observe.includes(key)) return told;
  return (_effect, message) => told('changes', `${message}, which only observes`);
}

function denialChanges(was: readonly ModedRule[], is: readonly ModedRule[], told: Told): readonly ConfigChange[] {
  return ruleChanges(was, is, { told, words: (rule) => `the rule ${rule.id} (deny where ${rule.text})` });
}

function conditionChanges(was: readonly ModedRule[], is: readonly ModedRule[], told: Told): readonly ConfigChange[] {
  return ruleChanges(was, is, { told, words: (rule) => `the condition ${rule.text}` });
}

interface Telling {
  readonly told: Told;
  readonly words: (rule: ModedRule) => string;
}

/** Rules of the same text are the same, whatever they are called: of a list without ids each is called by its place. */
function ruleChanges(
  was: readonly ModedRule[],
  is: readonly ModedRule[],
  { told, words }: Telling,
): readonly ConfigChange[] {
  const left = new Set(was);
  const take = (fits: (rule: ModedRule) => boolean): ModedRule | null => {
    const found = [...left].find(fits) ?? null;
    if (found !== null) left.delete(found);
    return found;
  };
  const pairs = is.map((rule) => ({ rule, before: take(({ text }) => text === rule.text) }));
  const changes = pairs.flatMap(({ rule, before }) => {
    const old = before ?? take(({ id }) => id === rule.id);
    if (old === null) {
      return rule.mode === 'enforce'
        ? [told('tightens', `${words(rule)} holds`)]
        : [told('changes', `${words(rule)} is new, and only observes`)];
    }
    return [
      ...(old.text === rule.text ? [] : [told('changes', `${words(rule)} stands in the place of ${old.text}`)]),
      ...modeChanges(old, rule, { told, words }),
    ];
  });
  const gone = [...left].map((rule) => told(rule.mode === 'enforce' ? 'loosens' : 'changes', `${words(rule)} is gone`));
  return [...changes, ...gone];
}

function modeChanges(old: ModedRule, rule: ModedRule, { told, words }: Telling): readonly ConfigChange[] {
  if (old.mode === rule.mode) return [];
  return rule.mode === 'observe'
    ? [told('loosens', `${words(rule)} only observes`)]
    : [told('tightens', `${words(rule)} no longer only observes`)];
}

function objectChanges(was: ObjectRule | null, is: ObjectRule | null, told: Told): readonly ConfigChange[] {
  if (was === null && is === null) return [];
  // One that only observes changes nothing of what is reached.
  const only = (was ?? is)?.observed === true;
  const observes = only ? ', which only observes' : '';
  if (was === null)
    return [told(only ? 'changes' : 'tightens', `objects are reached where ${is?.text ?? ''}${observes}`)];
  if (is === null)
    return [
      told(
        only ? 'changes' : 'loosens',
        `objects are reached whoever they belong to, no longer where ${was.text}${observes}`,
      ),
    ];
  // Where they stand and what they were read to says nothing besides their text.
  const { path: _place, expression: _read, text: before, id: _id, lookup: asked, ...rest } = was;
  const { path: _placeNow, expression: _readNow, text, id: _idNow, lookup, ...restNow } = is;
  return [
    ...(before === text ? [] : [told('changes', `objects are reached where ${text}, no longer where ${before}`)]),
    ...(sameData(withoutMode(rest), withoutMode(restNow))
      ? []
      : [told('changes', 'what becomes of objects of others is said in another way')]),
    ...lookupChanges(asked, lookup, told),
  ];
}

/** Who says whose an object is decides as much as the rule that reads it. */
function lookupChanges(was: OwnerLookup | null, is: OwnerLookup | null, told: Told): readonly ConfigChange[] {
  const said = (lookup: OwnerLookup | null): object => ({ ...lookup, path: null });
  if (sameData(said(was), said(is))) return [];
  if (was === null) return [told('changes', `whose an object is is asked at ${is?.url ?? ''}`)];
  if (is === null) return [told('changes', `whose an object is is no longer asked at ${was.url}`)];
  if (was.url !== is.url) return [told('changes', `whose an object is is asked at ${is.url}, no longer at ${was.url}`)];
  const rest = { ...said(was), cacheMs: null };
  if (sameData(rest, { ...said(is), cacheMs: null }))
    return [
      told(
        was.cacheMs < is.cacheMs ? 'loosens' : 'tightens',
        `what ${is.url} says of an object counts ${is.cacheMs} ms, no longer ${was.cacheMs} ms`,
      ),
    ];
  return [told('changes', `how ${is.url} is asked whose an object is is said in another way`)];
}

/** Whether it observes is told of by `observe`. */
function withoutMode(rule: object): object {
  return { ...rule, observed: null };
}

interface FieldTelling {
  readonly told: Told;
  readonly words: {
    /** What a field is newly, and no longer, and for whom. */
    readonly more: string;
    readonly less: string;
    readonly for: string;
    /** What holds where there is no list. */
    readonly any: string;
    readonly listed: string;
  };
}

const FIELD_WORDS = {
  more: 'is given',
  less: 'is no longer given',
  for: 'to',
  any: 'all fields of replies are given',
  listed: 'only listed fields of replies are given',
};
const ACCEPT_WORDS = {
  more: 'may be set',
  less: 'may no longer be set',
  for: 'by',
  any: 'all fields of requests may be set',
  listed: 'only listed fields of requests may be set',
};

function fieldChanges(
  was: FieldRules | null,
  is: FieldRules | null,
  { told, words }: FieldTelling,
): readonly ConfigChange[] {
  if (was === null && is === null) return [];
  if (was === null) return [told('tightens', words.listed)];
  if (is === null) return [told('loosens', words.any)];
  const roles = new Set([...Object.keys(is.roles), ...Object.keys(was.roles)]);
  const ofRole = ({ roles: lists }: FieldRules, role: string): readonly FieldEntry[] =>
    Object.hasOwn(lists, role) ? (lists[role] ?? []) : [];
  return [
    ...entryChanges(was.default, is.default, (effect, what) => told(effect, `${what} ${words.for} everybody`), words),
    ...[...roles].flatMap((role) =>
      entryChanges(
        ofRole(was, role),
        ofRole(is, role),
        (effect, what) => told(effect, `${what} ${words.for} ${role}`),
        words,
      ),
    ),
  ];
}

/** Entries that add make more reachable, and those that take away less. */
function entryChanges(
  was: readonly FieldEntry[],
  is: readonly FieldEntry[],
  told: Told,
  { more, less }: FieldTelling['words'],
): readonly ConfigChange[] {
  const key = ({ change, names }: FieldEntry): string => JSON.stringify([change, names]);
  const [before, after] = [new Set(was.map(key)), new Set(is.map(key))];
  const widened = (entry: FieldEntry): ConfigChange => told('loosens', `${entry.text} ${more}`);
  const narrowed = (entry: FieldEntry): ConfigChange => told('tightens', `${entry.text} ${less}`);
  const added = is.filter((entry) => !before.has(key(entry)) && !isHad(entry, was) && !isIdle(entry, was));
  const gone = was.filter((entry) => !after.has(key(entry)) && !isHad(entry, is) && !isIdle(entry, is));
  return [
    ...added.map((entry) => (entry.change === 'add' ? widened : narrowed)(entry)),
    ...gone.map((entry) => (entry.change === 'add' ? narrowed : widened)(entry)),
  ];
}

/** Whether a field that is added is one that another entry adds already, as below one that stands for all below it. */
function isHad({ change, names }: FieldEntry, list: readonly FieldEntry[]): boolean {
  if (change === 'remove') return false;
  const isCut = list.some((each) => each.change === 'remove' && (leads(each.names, names) || leads(names, each.names)));
  return !isCut && list.some((each) => each.change === 'add' && leads(each.names, names));
}

/** Whether an entry that takes away takes nothing of another list: what that does not name, or takes away already. */
function isIdle({ change, names }: FieldEntry, list: readonly FieldEntry[]): boolean {
  if (change === 'add') return false;
  if (list.some((each) => each.change === 'remove' && leads(each.names, names))) return true;
  return !list.some((each) => each.change === 'add' && (leads(each.names, names) || leads(names, each.names)));
}

function leads(one: readonly string[], other: readonly string[]): boolean {
  return one.every((name, at) => other[at] === name);
}
