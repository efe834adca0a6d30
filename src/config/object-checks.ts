import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ObjectRule } from '../policy/index.ts';
import { readsOf } from '../rules/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const OF_CALLER = /^(?:principal|tenant)(?:\.|$)/;

/** Rules on objects that would refuse everybody, and those that are not there to be observed. */
export function objectIssues(api: ApiConfig, places: Places): Issue[] {
  return Object.values(api.operations).flatMap(({ access: { object, observe }, auth, path }): Issue[] => {
    const issue = (at: string, message: string, fix: string): Issue[] => [
      errorIssue(at, message, { place: placeAt(places, at), fix }),
    ];
    if (object === null) {
      if (!observe.includes('object')) return [];
      return issue(`${path}.observe`, 'there is no `object` here to observe', 'write the rule, or take `object` away');
    }
    if (api.graphql !== null) {
      // What a rule does not see would pass beside what it does: other fields, aliases, arguments that are no variables.
      const many = 'a document of GraphQL asks for objects that a rule does not see';
      return issue(object.path, many, 'say `needs` of its fields, and leave whose the objects are to the API itself');
    }
    if ((auth ?? api.auth) !== 'public' || !asksCaller(object)) return [];
    const message = 'anybody may call, so nobody is known here whose objects these are';
    return issue(object.path, message, 'let callers sign in');
  });
}

/** Rules on objects that say the same for everybody. */
export function objectWarnings({ apis }: Pick<Config, 'apis'>, places: Places): Issue[] {
  const warnings = apis.flatMap((api) =>
    Object.values(api.operations).flatMap(({ access: { object }, auth }): Issue[] => {
      if (object === null || asksCaller(object) || (auth ?? api.auth) === 'public') return [];
      const message = 'this rule names nothing of the caller, so it says the same for everybody';
      const fix = 'name whose the object is, such as principal.subject or principal.tenant';
      return [
        { ...errorIssue(object.path, message, { place: placeAt(places, object.path), fix }), severity: 'warning' },
      ];
    }),
  );
  return warnings.slice(0, WARNING_LIMIT);
}

/** By the rule, or by what its owner service is asked. */
function asksCaller({ expression, lookup }: Pick<ObjectRule, 'expression' | 'lookup'>): boolean {
  const places = lookup?.pieces.flatMap((piece) => (typeof piece === 'string' ? [] : piece.names[0])) ?? [];
  return [...readsOf(expression), ...places].some((name) => name !== undefined && OF_CALLER.test(name));
}
