import { errorIssue, type Issue, type Place } from '../base/index.ts';
import { SESSION_COOKIE, type SessionConfig, type SessionSiteConfig, type SignInIssuer } from '../policy/index.ts';
import type { ApiConfig, AuthConfig, LoginConfig, OperationConfig, PolicyUse, SessionsConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { SESSION_WAY } from './sign-in-ways.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** The names of the cookies that are credentials there. */
export function sessionCookies(auth: AuthConfig): readonly string[] {
  return takesSessions(auth) ? [SESSION_COOKIE] : [];
}

/** Whether sessions are let in. */
function takesSessions(auth: AuthConfig | null): boolean {
  return auth !== null && auth !== 'public' && auth.includes(SESSION_WAY);
}

/** The policy of an API that takes sessions somewhere; null for any other. */
export function sessionConfig(api: ApiConfig, operations: Operations, sessions: SessionsConfig): SessionConfig | null {
  if (!takesSessions(api.auth) && !operations.some(([, { auth }]) => takesSessions(auth))) return null;
  const own = operations.flatMap(([name, { auth }]) =>
    auth === null ? [] : [[name, issuersOf(auth, sessions.providers)] as const],
  );
  const cors = api.cors === null || api.cors === 'off' ? null : api.cors;
  const site: SessionSiteConfig = {
    host: api.host,
    rules: { csrf: sessions.csrf, afterLogout: sessions.afterLogout },
    issuers: sessions.providers.map(signInIssuer),
    cors: cors === null ? [] : [cors],
  };
  return { site, issuers: issuersOf(api.auth, sessions.providers), operations: Object.fromEntries(own), cors };
}

/** Those of the same list that people can sign in with; where there is none, all of them. */
function issuersOf(auth: AuthConfig, providers: readonly LoginConfig[]): readonly SignInIssuer[] {
  if (auth === 'public' || !takesSessions(auth)) return [];
  const named = providers.filter(({ issuer }) => auth.includes(issuer.name));
  return (named.length > 0 ? named : providers).map(signInIssuer);
}

function signInIssuer({ issuer, label }: LoginConfig): SignInIssuer {
  return { issuer, label };
}

/** The same APIs, where those of one host know of each other which pages may call with a session’s cookie. */
export function joinSites(apis: readonly ApiConfig[]): readonly ApiConfig[] {
  const all = apis.flatMap(({ policies }) => policies.flatMap((use) => siteOf(use) ?? []));
  if (all.length < 2) return apis;
  const join = (use: PolicyUse): PolicyUse => {
    const site = siteOf(use);
    if (site === null) return use;
    const cors = all.filter(({ host }) => host === site.host).flatMap((each) => each.cors);
    return { ...use, config: { ...(use.config as SessionConfig), site: { ...site, cors } } };
  };
  return apis.map((api) =>
    api.policies.some((use) => siteOf(use) !== null) ? { ...api, policies: api.policies.map(join) } : api,
  );
}

function siteOf({ kind, config }: PolicyUse): SessionSiteConfig | null {
  return kind === 'session' ? (config as SessionConfig).site : null;
}

/** Sessions, where nobody can open one. */
export function sessionIssue(
  path: string,
  { providers }: SessionsConfig,
  places: Readonly<Record<string, Place>>,
): readonly Issue[] {
  if (providers.length > 0) return [];
  const message = 'nobody can sign in: no issuer has a `login`';
  return [errorIssue(path, message, { place: placeAt(places, path), fix: 'give an issuer the key `login`' })];
}
