import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { RewriteRules } from '../policy/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';
import { isClear } from './web-url.ts';

type Places = Readonly<Record<string, Place>>;

const CORS_PREFIX = 'access-control-';
/** More of them say nothing new. */
const WARNING_LIMIT = 20;

/** What is wrong with `cors` of an API besides what it says itself. */
export function corsIssues(api: ApiConfig, places: Places): Issue[] {
  if (api.cors === null) return [];
  const issues: Issue[] = [];
  const complain = (path: string, message: string, fix: string): void => {
    issues.push(errorIssue(path, message, { place: placeAt(places, path), fix }));
  };
  if (api.source.kind === 'descriptors') complain(`${api.path}.cors`, 'no page can call gRPC', 'take `cors` away');
  for (const rules of [api.rewrite, ...Object.values(api.operations).map(({ rewrite }) => rewrite)]) {
    if (rules === null || !writesCors(rules)) continue;
    complain(`${rules.keyPath}.response`, '`cors` of the API says which fields of CORS there are', 'keep one of both');
  }
  return issues;
}

function writesCors({ response }: RewriteRules): boolean {
  const written = [...(response?.set ?? []), ...(response?.add ?? [])];
  return written.some(({ name }) => name.startsWith(CORS_PREFIX));
}

/** What of `cors` is sound and hardly meant. */
export function corsWarnings({ apis, lists }: Pick<Config, 'apis' | 'lists'>, places: Places): Issue[] {
  const warnings: Issue[] = [];
  const warn = (path: string, message: string, fix: string): void => {
    const issue = errorIssue(path, message, { place: placeAt(places, path), fix });
    warnings.push({ ...issue, severity: 'warning' });
  };
  const open = apis.filter(({ cors }) => cors !== null && cors !== 'off');
  for (const { cors, path } of open) warnOfPlainOrigins(cors, path, warn);
  const pairs = open.length === 0 ? [] : [lists, ...open.map((api) => api.lists)];
  for (const path of pairs.flatMap(closesPreflights))
    warn(path, 'pages ask by OPTIONS before they call, and that is kept out here', 'let OPTIONS in');
  return warnings.slice(0, WARNING_LIMIT);
}

type Warn = (path: string, message: string, fix: string) => void;

/** Origins without https whose pages act for users: whoever is on their way can make pages of theirs. */
function warnOfPlainOrigins(cors: ApiConfig['cors'], path: string, warn: Warn): void {
  if (cors === null || cors === 'off' || !cors.credentials || cors.origins === 'any') return;
  for (const [index, origin] of cors.origins.entries()) {
    if (!isClear(origin.replace('*.', ''))) continue;
    const message = `${origin} is not encrypted, so whoever is in its network can act as its users`;
    warn(`${path}.cors.origins[${index}]`, message, 'write https://');
  }
}

/** The lists of methods that let no preflight in. */
function closesPreflights(pair: ApiConfig['lists']): readonly string[] {
  const { deny = null, allow = null } = pair ?? {};
  return [
    ...(deny?.methods?.includes('OPTIONS') === true ? [`${deny.path}.methods`] : []),
    ...(allow?.methods?.includes('OPTIONS') === false ? [`${allow.path}.methods`] : []),
  ];
}
