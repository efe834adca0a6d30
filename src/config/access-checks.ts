import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import { issuerNames, type LimitRule } from '../policy/index.ts';
import { apiKeyIssues } from './api-keys.ts';
import { certificateClientIssues } from './clients.ts';
import type { ApiConfig, AuthConfig, Config, OperationConfig, ValidateConfig } from './config.ts';
import { claimIssues } from './claims.ts';
import { idleAuthorityIssues, RESERVED_NAMES } from './issuers.ts';
import { introspectionIssues, sharedTokenIssues } from './introspection.ts';
import { formatKeyPath } from './key-path.ts';
import { loginIssues } from './logins.ts';
import { placeAt } from './place-at.ts';
import { replyKeyIssues } from './reply-validation.ts';
import { roleIssues } from './role-checks.ts';
import { sessionIssue } from './session-sign-in.ts';
import { SESSION_WAY, WAYS } from './sign-in-ways.ts';
import { tenancyIssues } from './tenancy.ts';

type Places = Readonly<Record<string, Place>>;

/** What is wrong with who may call what, and how often, in a configuration whose every key is sound by itself. */
export function accessIssues(config: Config, places: Places): Issue[] {
  const whole = [
    ...tenancyIssues(config.issuers, places),
    ...idleAuthorityIssues(config, places),
    ...introspectionIssues(config.issuers, places),
    ...roleIssues(config.roles, places),
    ...claimIssues(config, places),
    ...apiKeyIssues(config, places),
    ...loginIssues(config.sessions.providers, places),
    ...certificateClientIssues(config, places),
  ];
  return [...whole, ...config.apis.flatMap((api) => apiIssues(api, config, places))];
}

function apiIssues(api: ApiConfig, config: Config, places: Places): Issue[] {
  // Who calls a third party is no issuer's user.
  const auth = api.party === null ? authIssues(api.auth, api.path, config, places) : [];
  const issues = [...auth, ...validationIssues(api, places)];
  issues.push(...replyKeyIssues(api, places));
  if (api.auth === 'public') issues.push(...callerLimitIssues(api.limits, api.path, places));
  for (const [name, own] of Object.entries(api.operations)) {
    if (own.auth !== null) issues.push(...authIssues(own.auth, own.path, config, places));
    if ((own.auth ?? api.auth) === 'public') issues.push(...openOperationIssues(api, name, own, places));
  }
  return issues;
}

function authIssues(auth: AuthConfig, owner: string, config: Config, places: Places): Issue[] {
  const { issuers, sessions } = config;
  if (auth === 'public') return [];
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]));
  const first = new Map<string, string>();
  const named = auth.flatMap((name) => byName.get(name) ?? []);
  const each = auth.flatMap((name, index) => {
    const path = `${owner}.auth[${index}]`;
    if (name === SESSION_WAY) return sessionIssue(path, sessions, places);
    if (WAYS.includes(name)) return [];
    const issuer = byName.get(name);
    if (issuer === undefined) return [strangerIssue(name, path, [...byName.keys()], places)];
    const names = issuerNames(issuer);
    const earlier = names.map((each) => first.get(each)).find((other) => other !== undefined);
    for (const each of names) first.set(each, name);
    if (earlier === undefined) return [];
    // Which of the two judges a token must not depend on their order.
    const message = `this is the same issuer as ${earlier}: whose rules hold for its tokens could not be told`;
    return [errorIssue(path, message, { ...at(places, path), fix: 'keep one of them in this list' })];
  });
  return [...each, ...sharedTokenIssues(named, owner, places)];
}

function strangerIssue(name: string, path: string, known: readonly string[], places: Places): Issue {
  if (RESERVED_NAMES.includes(name)) {
    const message = `${name} is not available in this version`;
    return errorIssue(path, message, { ...at(places, path), fix: 'name issuers that stand below `issuers`' });
  }
  const message = `no issuer named ${JSON.stringify(name.slice(0, 60))} is configured`;
  const others = known.length === 0 ? 'there is none below `issuers`' : `there is: ${known.slice(0, 10).join(', ')}`;
  return errorIssue(path, message, { ...at(places, path), fix: didYouMean(name, [...known, 'public']) ?? others });
}

/** A word that nothing could keep. To observe nothing harms nobody. */
function validationIssues(api: ApiConfig, places: Places): Issue[] {
  const { kind } = api.source;
  if (kind === 'openapi') return [];
  // Rules and lists of fields tell clients what is wrong, with or without a description.
  const hasRules = api.graphql !== null || Object.values(api.operations).some(tellsClients);
  const said = [
    [`${api.path}.errors`, api.errors === 'helpful' && !hasRules],
    ...(kind === 'routes' ? validateSaid(api) : responseHeadersSaid(api)),
  ] as const;
  return said.flatMap(([path, promises]) => {
    if (!promises || !Object.hasOwn(places, path)) return [];
    const fix = kind === 'routes' ? 'name the `openapi` document, or take this key away' : 'take this key away';
    const words = path.endsWith('.responseHeaders') ? 'no descriptor says anything of metadata' : UNVALIDATED[kind];
    return [errorIssue(path, words, { ...at(places, path), fix })];
  });
}

function tellsClients({ rules, access: { accepts, when, deny } }: OperationConfig): boolean {
  return accepts !== null || rules.length + when.length + deny.length > 0;
}

type SaidKey = readonly [path: string, promises: boolean];

function validateSaid(api: ApiConfig): readonly SaidKey[] {
  return [
    [`${api.path}.validate`, api.validate !== 'observe'],
    ...Object.values(api.operations).map((own): SaidKey => [`${own.path}.validate`, isPromised(own.validate)]),
  ];
}

/** Descriptors say what messages are, and nothing of the fields beside them. */
function responseHeadersSaid(api: ApiConfig): readonly SaidKey[] {
  return [api, ...Object.values(api.operations)].map(({ path, replies }) => [
    `${path}.responseHeaders`,
    replies.responseHeaders === 'described',
  ]);
}

function isPromised(validate: ValidateConfig | null): boolean {
  return validate === 'requests' || validate === 'strict';
}

const UNVALIDATED = {
  routes: 'routes have no description that requests could be held against',
  descriptors: 'a call of gRPC is told no more than a status',
} as const;

/** Limits that count callers, where nobody is known. */
function callerLimitIssues(limits: readonly LimitRule[], owner: string, places: Places): Issue[] {
  return limits.flatMap(({ per }, index) => {
    if (per === 'address') return [];
    const message = `\`per ${per}\` counts callers, and nobody is known where anybody may call`;
    const path = limitPath(owner, index, places);
    return [errorIssue(path, message, { ...at(places, path), fix: 'count `per address`, or let callers sign in' })];
  });
}

function openOperationIssues(api: ApiConfig, name: string, own: OperationConfig, places: Places): Issue[] {
  const issues = callerLimitIssues(own.limits, own.path, places);
  if (own.needs !== null) {
    const path = `${own.path}.needs`;
    const message = 'anybody may call this operation, so no permission can be needed';
    issues.push(errorIssue(path, message, { ...at(places, path), fix: 'take `needs` away, or let callers sign in' }));
  }
  const callersOnly = api.limits.length > 0 && api.limits.every(({ per }) => per !== 'address');
  // Where the whole API is public those limits are issues themselves.
  if (api.auth !== 'public' && callersOnly && own.limits.length === 0) {
    const path = formatKeyPath(['apis', api.name, 'operations', name]);
    const message = 'no limit of the API holds for this operation: all of them count callers, and here nobody is known';
    issues.push(errorIssue(path, message, { ...at(places, path), fix: 'give it a limit `per address`' }));
  }
  return issues;
}

/** A limit that stands alone has no place in a list. */
function limitPath(owner: string, index: number, places: Places): string {
  const path = `${owner}.limit[${index}]`;
  return Object.hasOwn(places, path) ? path : `${owner}.limit`;
}

function at(places: Places, path: string): { place: Place | null } {
  return { place: placeAt(places, path) };
}
