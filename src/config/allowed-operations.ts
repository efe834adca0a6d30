import type { ApiConfig } from './config.ts';
import type { Route } from './routes.ts';

/** Names of parameters say nothing of which paths are meant. */
const PARAMETER = /\{[^{}.]*(\.\.\.)?\}/g;

/** Whether an operation is one of these routes, whatever they call its parameters. */
export function isRouteOf({ method, template }: Route, operation: Route): boolean {
  if (method !== '*' && method !== operation.method) return false;
  return template.replace(PARAMETER, '{$1}') === operation.template.replace(PARAMETER, '{$1}');
}

/** Whether a described operation may be called: of a third party that says which, those alone. */
export function mayBeCalled({ party }: Pick<ApiConfig, 'party'>, operation: Route): boolean {
  const allow = party?.allow ?? null;
  return allow === null || allow.some((route) => isRouteOf(route, operation));
}
