import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { RewriteRules } from '../policy/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';

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

/** Origins without https whose pages act for users: whoever is on their way can make pages of theirs. */
export function corsWarnings({ apis }: Pick<Config, 'apis'>, places: Places): Issue[] {
  const warnings = apis.flatMap(({ cors, path }) => {
    if (cors === null || cors === 'off' || !cors.credentials || cors.origins === 'any') return [];
    return cors.origins.flatMap((origin, index) => {
      const host = origin.startsWith('http://') ? URL.parse(origin.replace('*.', ''))?.hostname : undefined;
      if (host === undefined || /^(?:localhost|127\..*|\[::1\])$/.test(host)) return [];
      const at = `${path}.cors.origins[${index}]`;
      const message = `${origin} is not encrypted, so whoever is in its network can act as its users`;
      const more = { place: placeAt(places, at), fix: 'write https://' };
      return [{ ...errorIssue(at, message, more), severity: 'warning' as const }];
    });
  });
  return warnings.slice(0, WARNING_LIMIT);
}
