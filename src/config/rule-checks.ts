import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import { type ApiDescription, type DescribedMessages, surveyDocument } from '../openapi/index.ts';
import { namesBehind, readsOf } from '../rules/index.ts';
import type { ApiConfig, Config, OperationConfig } from './config.ts';
import type { DescribedDocument } from './description-document.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const BODY = 'request.body';

/** Conditions on who calls, where nobody is ever known: they would refuse every request. */
export function ruleIssues(api: ApiConfig, places: Places): Issue[] {
  return Object.values(api.operations).flatMap(({ auth, rules }) => {
    if ((auth ?? api.auth) !== 'public') return [];
    return rules
      .filter(({ expression }) => [...readsOf(expression)].some((name) => /^principal(?:\.|$)/.test(name)))
      .map(({ path }) => {
        const message = 'anybody may call, so nobody is known here whom a rule could ask of';
        return errorIssue(path, message, {
          place: placeAt(places, path),
          fix: 'let callers sign in, or take the rule away',
        });
      });
  });
}

/** Conditions that read a body which nothing is known of: they are all that stands before the upstream. */
export function ruleWarnings(
  { apis }: Config,
  descriptions: ReadonlyMap<string, ApiDescription>,
  places: Places,
): Issue[] {
  const warnings = apis.flatMap((api) => {
    const described = new Map(
      (descriptions.get(api.name)?.operations ?? []).map((operation) => [operation.id, operation.requestBody !== null]),
    );
    return Object.entries(api.operations).flatMap(([name, own]) => {
      const why = reasonToWarn(api, own, described.get(name) ?? false);
      return why === null ? [] : bodyRules(own).map((path) => warningAt(path, why, places));
    });
  });
  return warnings.slice(0, WARNING_LIMIT);
}

function bodyRules({ rules }: OperationConfig): readonly string[] {
  return rules.flatMap(({ expression, path }) => (readsOf(expression).has(BODY) ? [path] : []));
}

function reasonToWarn(api: ApiConfig, own: OperationConfig, isDescribed: boolean): string | null {
  if (api.source.kind !== 'descriptors' && (api.source.kind !== 'openapi' || !isDescribed))
    return 'this rule reads a body that no description says anything of';
  return (own.validate ?? api.validate) === 'observe'
    ? 'this rule reads a body that is not validated, only observed'
    : null;
}

function warningAt(path: string, message: string, places: Places): Issue {
  const fix = 'describe the body and let it be validated; until then the rule must ask for all that it relies on';
  return { ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' };
}

/**
 * Names in a body that no schema of the description has, and that are close to one that some has: a slip would refuse
 * every request. What is close to none may be a name that the description leaves to clients.
 */
export function slipWarnings(
  { apis }: Pick<Config, 'apis'>,
  described: ReadonlyMap<string, DescribedDocument>,
  places: Places,
): Issue[] {
  const warnings = apis.flatMap((api) => {
    const asked = Object.values(api.operations).flatMap(({ rules }) =>
      rules.flatMap(({ expression, path }) => [...namesBehind(BODY, expression)].map((name) => ({ name, path }))),
    );
    const document = described.get(api.name);
    if (document === undefined || asked.length === 0) return [];
    const propertyNames = namesOf(JSON.parse(Buffer.from(document.json).toString()) as object, api);
    return asked.flatMap(({ name, path }): Issue[] => {
      const fix = propertyNames.has(name) ? undefined : didYouMean(name, propertyNames);
      if (fix === undefined) return [];
      const message = `no ${api.source.kind === 'descriptors' ? 'message has a field' : 'schema of the description has a property'} ${JSON.stringify(name)}`;
      return [{ ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' }];
    });
  });
  return warnings.slice(0, WARNING_LIMIT);
}

/** The names of all properties of a description, or of all fields of a set of messages as JSON has them. */
function namesOf(document: object, { source }: ApiConfig): ReadonlySet<string> {
  if (source.kind !== 'descriptors') return surveyDocument(document).propertyNames;
  const { messages } = (document as DescribedMessages).components;
  return new Set(Object.values(messages).flatMap(({ fields }) => fields.map(({ name, json = name }) => json)));
}
