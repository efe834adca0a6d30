import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ObjectRule } from '../policy/index.ts';
import { readsOf } from '../rules/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { isCoordinate } from './graphql-checks.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const OF_CALLER = /^(?:principal|tenant)(?:\.|$)/;

/** Rules on objects that would refuse everybody, or could not be observed. */
export function objectIssues(api: ApiConfig, places: Places): Issue[] {
  return Object.entries(api.operations).flatMap(([name, { access, auth, path }]): Issue[] => {
    const { object, observe } = access;
    const issue = (at: string, message: string, fix: string): Issue =>
      errorIssue(at, message, { place: placeAt(places, at), fix });
    if (object === null) {
      if (!observe.includes('object')) return [];
      return [
        issue(`${path}.observe`, 'there is no `object` here to observe', 'write the rule, or take `object` away'),
      ];
    }
    const isOpen = (auth ?? api.auth) === 'public' && asksCaller(object);
    const inBody = api.graphql !== null && isCoordinate(name) && observe.includes('object');
    return [
      ...(isOpen
        ? [
            issue(
              object.path,
              'anybody may call, so nobody is known here whose objects these are',
              'let callers sign in',
            ),
          ]
        : []),
      ...(inBody
        ? [issue(`${path}.observe`, 'what a body names is refused or passes', 'take `object` away here')]
        : []),
    ];
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

function asksCaller({ expression }: Pick<ObjectRule, 'expression'>): boolean {
  return [...readsOf(expression)].some((name) => OF_CALLER.test(name));
}
