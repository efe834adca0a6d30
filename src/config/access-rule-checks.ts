import { errorIssue, type Issue, type Place } from '../base/index.ts';
import { needsCaller } from '../policy/index.ts';
import type { ModedRule } from './access-config.ts';
import type { ApiConfig, Config } from './config.ts';
import { isCoordinate } from './graphql-checks.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;

/** Rules of access that could not be told apart, would refuse everybody, or would never be asked. */
export function accessRuleIssues(config: Config, places: Places): Issue[] {
  const own = config.apis.filter(({ party }) => party === null);
  const issue = (path: string, message: string, fix: string): Issue =>
    errorIssue(path, message, { place: placeAt(places, path), fix });
  const idle = (rules: readonly ModedRule[], apis: readonly ApiConfig[]): Issue[] =>
    rules
      .filter((rule) => needsCaller(rule) && !apis.some(mayKnowCallers))
      .map(({ path }) => issue(path, NOBODY, 'let callers sign in, or take the rule away'));
  return [
    ...repeatedIds(config, issue),
    ...idle(config.denials, own),
    ...own.flatMap((api) => [...idle(api.denials, [api]), ...operationIssues(api, issue)]),
  ];
}

const NOBODY = 'anybody may call, so nobody is known here whom a rule could ask of';

type MakeIssue = (path: string, message: string, fix: string) => Issue;

function mayKnowCallers({ auth, operations }: ApiConfig): boolean {
  return auth !== 'public' || Object.values(operations).some((own) => own.auth !== null && own.auth !== 'public');
}

function operationIssues(api: ApiConfig, issue: MakeIssue): Issue[] {
  return Object.entries(api.operations).flatMap(([name, { access, auth }]) => {
    const rules = [...access.deny, ...access.when];
    const isOpen = (auth ?? api.auth) === 'public';
    const strangers = isOpen ? rules.filter(needsCaller) : [];
    // What a body names is judged within one step, which notes nothing for others.
    const observed =
      api.graphql !== null && isCoordinate(name) ? access.when.filter(({ mode }) => mode === 'observe') : [];
    return [
      ...strangers.map(({ path }) => issue(path, NOBODY, 'let callers sign in, or take the rule away')),
      ...observed.map(({ path }) => issue(path, 'what a body names is refused or passes', 'take `mode` away here')),
    ];
  });
}

/** The records of two rules with one name could not be told apart. */
function repeatedIds({ denials, apis }: Config, issue: MakeIssue): Issue[] {
  const seen = new Map<string, string>();
  const rules = [
    ...denials,
    ...apis.flatMap((api) => [
      ...api.denials,
      ...Object.values(api.operations).flatMap(({ access }) => [...access.deny, ...access.when]),
    ]),
  ];
  return rules.flatMap(({ id, path }) => {
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, path);
      return [];
    }
    return first === path ? [] : [issue(path, `\`${first}\` is called ${id} already`, 'give it an id of its own')];
  });
}

/** Rules for all operations that name the caller, beside operations where nobody is known: those are not asked them. */
export function accessRuleWarnings({ denials, apis }: Pick<Config, 'denials' | 'apis'>, places: Places): Issue[] {
  const own = apis.filter(({ party }) => party === null);
  const all = [
    ...denials.map((rule) => ({ rule, among: own })),
    ...own.flatMap((api) => api.denials.map((rule) => ({ rule, among: [api] }))),
  ];
  const warnings = all.flatMap(({ rule, among }): Issue[] => {
    const open = needsCaller(rule) ? among.flatMap(openPlaces) : [];
    const [first] = open;
    if (first === undefined || !among.some(mayKnowCallers)) return [];
    const more = open.length > 1 ? `, and ${open.length - 1} more` : '';
    const message = `it names the caller, so it is not asked where nobody is known: ${first}${more}`;
    const fix = 'let callers sign in there, or ask has(principal.subject) in the rule';
    return [{ ...errorIssue(rule.path, message, { place: placeAt(places, rule.path), fix }), severity: 'warning' }];
  });
  return warnings.slice(0, WARNING_LIMIT);
}

function openPlaces({ name, auth, operations }: ApiConfig): readonly string[] {
  if (auth === 'public') return [name];
  return Object.entries(operations).flatMap(([operation, own]) =>
    own.auth === 'public' ? [`${name}/${operation}`] : [],
  );
}
