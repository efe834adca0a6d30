import { isIPv4 } from 'node:net';
import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import { accessIssues } from './access-checks.ts';
import { accessRuleIssues } from './access-rule-checks.ts';
import { acmeIssues } from './acme.ts';
import { assuranceIssues } from './assurance.ts';
import { cacheIssues } from './cache-checks.ts';
import type { ApiConfig, Config } from './config.ts';
import { corsIssues } from './cors-checks.ts';
import { everyTarget, mirrorIssues } from './beside-targets.ts';
import { graphqlIssues, isCoordinate } from './graphql-checks.ts';
import { fileIssues } from './files.ts';
import { handlingIssues } from './handling-checks.ts';
import { sanitizeIssues } from './sanitize.ts';
import { egressIssues } from './egress-checks.ts';
import { formatKeyPath } from './key-path.ts';
import { leakIssues } from './leaks.ts';
import { listIssues } from './lists.ts';
import { objectIssues } from './object-checks.ts';
import { placeAt } from './place-at.ts';
import { routeName } from './routes.ts';
import { ruleIssues } from './rule-checks.ts';
import { exceptionIssues } from './secrets.ts';
import { upstreamErrorIssues } from './upstream-errors.ts';
import { upstreamTlsIssues } from './upstream-tls.ts';
import { unknownExceptions, zeroTrustIssues } from './zero-trust-checks.ts';
import { routeSaidAt, targetsSaidAt } from './said-at.ts';

type Places = Readonly<Record<string, Place>>;

/** What is wrong with a configuration whose every key is sound by itself. */
export function checkConfig(config: Config, places: Places): Issue[] {
  const access = accessIssues(config, places);
  const node = [
    ...portIssues(config, places),
    ...egressIssues(config, places),
    ...exceptionIssues(config, places),
    ...acmeIssues(config, places),
    ...listIssues(config, places),
    ...accessRuleIssues(config, places),
  ];
  return [
    ...node,
    ...access,
    ...zeroTrustIssues(config, places),
    ...config.apis.flatMap((api) => apiIssues(api, config, places)),
  ];
}

function apiIssues(api: ApiConfig, config: Config, places: Places): Issue[] {
  const issues = [...ownAddressIssues(api, config, places), ...routeIssues(api, places)];
  if (api.source.kind === 'routes') {
    const names = api.source.routes.map(routeName);
    issues.push(...operationIssues(api, names, places), ...unknownExceptions(api, names, config, places));
  }
  if (api.source.kind === 'descriptors' && api.upstream.protocol !== 'h2') {
    const path = `${api.path}.upstream.protocol`;
    const fix = 'write h2, or take this key away';
    issues.push(errorIssue(path, 'gRPC is spoken over HTTP/2 only', { ...at(places, path), fix }));
  }
  const upstream = [...mirrorIssues(api, places), ...upstreamTlsIssues(api, places)];
  return [
    ...issues,
    ...upstream,
    ...assuranceIssues(api, places),
    ...cacheIssues(api, config, places),
    ...handlingIssues(api, config, places),
    ...sanitizeIssues(api, places),
    ...ruleIssues(api, places),
    ...objectIssues(api, places),
    ...upstreamErrorIssues(api, places),
    ...leakIssues(api, places),
    ...graphqlIssues(api, config, places),
    ...fileIssues(api, config.scanners, places),
    ...corsIssues(api, places),
  ];
}

interface Listener {
  readonly what: string;
  readonly path: string;
  readonly host: string;
  readonly port: number;
}

function listenersOf({ server, admin, egress }: Config): Listener[] {
  const https = { what: 'the https port', path: 'server.https.port', host: server.host, port: server.https.port };
  const http = server.http && {
    what: 'the http port',
    path: 'server.http.port',
    host: server.host,
    port: server.http.port,
  };
  const operators = { what: 'the admin port', path: 'admin.port', host: admin.host, port: admin.port };
  const calls = egress && { what: 'the egress port', path: 'egress.port', host: egress.host, port: egress.port };
  return [https, ...(http === null ? [] : [http]), operators, ...(calls === null ? [] : [calls])].filter(
    ({ port }) => port !== 0,
  );
}

function portIssues(config: Config, places: Places): Issue[] {
  const listeners = listenersOf(config);
  return listeners.flatMap((listener, index) => {
    const earlier = listeners.slice(0, index).find(({ port }) => port === listener.port);
    if (earlier === undefined) return [];
    const message = `${listener.port} is ${earlier.what} already`;
    // Where one of the two is a default, the line that was written is the one to look at.
    const place = places[listener.path] ?? places[earlier.path] ?? null;
    return [errorIssue(listener.path, message, { place, fix: 'give each its own port' })];
  });
}

/** A gateway that sends requests to itself would do so until it has no connections left. */
function ownAddressIssues(api: ApiConfig, config: Config, places: Places): Issue[] {
  const self = listenersOf(config).find((listener) =>
    everyTarget(api.upstream).some(({ host, port }) => listener.port === port && reaches(host, listener.host)),
  );
  if (self === undefined) return [];
  const path = targetsSaidAt(api);
  const fix = 'name the address of the API itself';
  return [errorIssue(path, `this is ${self.what} of the gateway itself`, { ...at(places, path), fix })];
}

/** Whether a connection to `host` from this machine may end at a socket that listens on `listener`. */
function reaches(host: string, listener: string): boolean {
  if (host === listener) return true;
  if (listener === '0.0.0.0' || listener === '::') return isLoopback(host) || isWildcard(host);
  const byName = host === 'localhost' || isWildcard(host) || listener === 'localhost';
  return byName && isLoopback(host) && isLoopback(listener);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')) || isWildcard(host);
}

/** A connection to a wildcard address ends at this machine. */
function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function routeIssues(api: ApiConfig, places: Places): Issue[] {
  if (api.source.kind !== 'routes') return [];
  const first = new Map<string, number>();
  return api.source.routes.flatMap((route, index) => {
    const name = routeName(route);
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    if (earlier === undefined) return [];
    const path = routeSaidAt(api, index);
    return [
      errorIssue(path, `this route stands in routes[${earlier}] already`, { ...at(places, path), fix: 'keep one' }),
    ];
  });
}

/** Beyond this many, names that nothing knows get no suggestion: each is compared with all operations there are. */
const SUGGESTION_LIMIT = 20;

/** Names below `operations` that the API does not have. `known` are the names of its operations. */
export function operationIssues(api: ApiConfig, known: readonly string[], places: Places): Issue[] {
  const names = new Set(known);
  // What only the schema knows is looked up when that has been read.
  const isOpen = (name: string): boolean => api.graphql !== null && isCoordinate(name);
  const strangers = Object.keys(api.operations).filter((name) => !names.has(name) && !isOpen(name));
  return strangers.map((name, index) => {
    const path = formatKeyPath(['apis', api.name, 'operations', name]);
    const suggestion = index < SUGGESTION_LIMIT ? didYouMean(name, names) : undefined;
    const fix = suggestion ?? (known.length <= 10 ? `it has: ${known.join(', ')}` : undefined);
    const more = { ...at(places, path), ...(fix === undefined ? {} : { fix }) };
    return errorIssue(path, 'the API has no operation of this name', more);
  });
}

function at(places: Places, path: string): { place: Place | null } {
  return { place: placeAt(places, path) };
}
