import { errorIssue, type Issue, nearestName, type Place } from '../base/index.ts';
import type { ObjectRule } from '../policy/index.ts';
import { alternativesOf, alwaysHolds, type Expression, literalsIn, neverHolds, readsOf } from '../rules/index.ts';
import type { ModedRule } from './access-config.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const EXAMPLE_LIMIT = 3;

/** A condition as it stands in a configuration; what holds it false and what holds it true is told in the words of its key. */
interface Stated {
  readonly text: string;
  readonly expression: Expression;
  readonly path: string;
  readonly never: string;
  readonly always: string;
}

/** Conditions that ask nothing, or that nothing can meet, and rules that refuse nobody. */
export function conditionWarnings(config: Config, places: Places): readonly Issue[] {
  const stated = statedIn(config);
  const roles = config.roles.map(({ name }) => name);
  return [
    ...bounded(stated.flatMap((each) => certainIn(each, places))),
    ...bounded(stated.flatMap((each) => strangersIn(each, roles, places))),
    ...bounded(repeatedIn(config, places)),
    ...observedIn(config, places),
  ];
}

function bounded(issues: readonly Issue[]): readonly Issue[] {
  return issues.slice(0, WARNING_LIMIT);
}

const ASKS_NOTHING = 'this is always true, so it asks nothing';

function statedIn({ denials, apis }: Config): readonly Stated[] {
  const denial = (rule: ModedRule): Stated => ({
    ...rule,
    never: 'this can’t be true: it refuses nobody but whoever it can’t be worked out for',
    always: 'this is always true: every request is refused, and no other rule matters',
  });
  return [
    ...denials.map(denial),
    ...apis.flatMap((api) => [
      ...api.denials.map(denial),
      ...Object.values(api.operations).flatMap(({ rules, access }) => [
        ...access.deny.map(denial),
        ...[...rules, ...access.when].map((rule) => ({
          ...rule,
          never: 'this can’t be true: the operation is refused to everybody',
          always: ASKS_NOTHING,
        })),
        ...(access.object === null ? [] : [ofObject(access.object)]),
      ]),
    ]),
  ];
}

function ofObject(rule: ObjectRule): Stated {
  return { ...rule, never: 'this can’t be true: nobody reaches an object', always: ASKS_NOTHING };
}

function certainIn({ expression, path, never, always }: Stated, places: Places): readonly Issue[] {
  if (neverHolds(expression))
    return [warning(path, never, { places, fix: 'look for two parts that contradict each other' })];
  if (alwaysHolds(expression))
    return [warning(path, always, { places, fix: 'take it away, or name what it is to ask' })];
  const dead = alternativesOf(expression).filter(neverHolds);
  if (dead.length === 0) return [];
  const where = dead.slice(0, EXAMPLE_LIMIT).map(({ at }) => at + 1);
  const message = `an alternative of this can’t be true (at character ${where.join(', ')})`;
  return [warning(path, message, { places, fix: 'look for two parts that contradict each other' })];
}

/** Names of roles that no role has, and that are close to one that some has. What is close to none may be a name of an issuer's. */
function strangersIn({ expression, path }: Stated, roles: readonly string[], places: Places): readonly Issue[] {
  const known = new Set(roles);
  return literalsIn('principal.roles', expression)
    .filter((name) => !known.has(name))
    .flatMap((name) => {
      const near = nearestName(name, roles);
      if (near === null) return [];
      const message = `no role is called ${JSON.stringify(name.slice(0, 60))}`;
      return [warning(path, message, { places, fix: `did you mean ${JSON.stringify(near)}?` })];
    });
}

/** Rules that say what another one says, of the same requests. */
function repeatedIn({ denials, apis }: Config, places: Places): readonly Issue[] {
  const repeated = (before: readonly ModedRule[], rules: readonly ModedRule[]): readonly Issue[] => {
    const known = new Map(before.map((rule) => [rule.text, rule]));
    return rules.flatMap((rule) => {
      const earlier = known.get(rule.text);
      known.set(rule.text, earlier ?? rule);
      if (earlier === undefined || earlier.mode !== rule.mode) return [];
      return [warning(rule.path, `this says what ${earlier.id} says already`, { places, fix: 'keep one of them' })];
    });
  };
  return [
    ...repeated([], denials),
    ...apis.flatMap((api) => {
      // The rules of the gateway are about clients.
      // Where an API has values of its own under a name, a rule that reads them there asks something else.
      const asks = ({ expression }: ModedRule): boolean =>
        [...readsOf(expression)].some(
          (name) =>
            name === 'values' ||
            (name.startsWith('values.') && Object.hasOwn(api.values, name.slice('values.'.length))),
        );
      const shared = api.party === null ? denials.filter((rule) => !asks(rule)) : [];
      return [
        ...repeated(shared, api.denials),
        ...Object.values(api.operations).flatMap(({ access }) => [
          ...repeated([...shared, ...api.denials], access.deny),
          ...repeated([], access.when),
        ]),
      ];
    }),
  ];
}

/** One warning for all of them: who observes knows it, and may have forgotten. */
function observedIn({ denials, apis }: Config, places: Places): readonly Issue[] {
  const rules = [
    ...denials,
    ...apis.flatMap((api) => [
      ...api.denials,
      ...Object.values(api.operations).flatMap(({ access }) => [...access.deny, ...access.when]),
    ]),
  ].filter(({ mode }) => mode === 'observe');
  const [first] = rules;
  if (first === undefined) return [];
  const names = rules.slice(0, EXAMPLE_LIMIT).map(({ id }) => id);
  const more = rules.length > names.length ? ` and ${rules.length - names.length} more` : '';
  const who =
    rules.length === 1 ? 'only observes, without an end: it refuses' : 'only observe, without an end: they refuse';
  const message = `${names.join(', ')}${more} ${who} nobody`;
  return [
    warning(first.path, message, { places, fix: 'take `mode: observe` away once nobody would be refused wrongly' }),
  ];
}

function warning(
  path: string,
  message: string,
  { places, fix }: { readonly places: Places; readonly fix: string },
): Issue {
  return { ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' };
}
