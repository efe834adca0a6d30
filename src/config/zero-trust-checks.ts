import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { IssuerConfig } from '../policy/index.ts';
import { type Expression, namesBehind, readsOf } from '../rules/index.ts';
import type { ApiConfig, Config, OperationConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import type { ZeroTrustPreset } from './preset.ts';
import { API_KEY } from './sign-in-ways.ts';

type Places = Readonly<Record<string, Place>>;

/** Sessions that are not used end by then, and all sessions by the other: a day’s work. */
const IDLE_LIMIT_MS = 30 * 60_000;
const ABSOLUTE_LIMIT_MS = 12 * 3_600_000;
/** Keys that must not only observe. */
const ENFORCED = ['needs', 'assurance', 'object'] as const;

/** What of a configuration falls short of zero trust, as far as its own words tell; the operations are judged as they are built. */
export function zeroTrustIssues(config: Config, places: Places): Issue[] {
  const { preset } = config;
  if (preset === null) return [];
  const told = teller(places);
  const apis = config.apis.filter(({ party }) => party === null);
  return [
    ...exceptionIssues(preset, apis, told),
    ...nodeIssues(config, told),
    ...issuerIssues(config.issuers, namedIssuers(apis), { preset, told }),
    ...apis.flatMap((api) => apiIssues(api, preset, told)),
  ];
}

/** Exceptions of operations that an API does not have. `known` are the names of its operations. */
export function unknownExceptions(
  { name: api }: ApiConfig,
  known: readonly string[],
  { preset }: Config,
  places: Places,
): Issue[] {
  if (preset === null) return [];
  const names = new Set(known.map((name) => `${api}.${name}`));
  return (['public', 'objects'] as const).flatMap((key) =>
    Object.keys(preset[key])
      .filter((name) => name.startsWith(`${api}.`) && !names.has(name))
      .map((name) =>
        teller(places)('preset.zero-trust', key, `there is no operation ${JSON.stringify(name)}`, 'take it out'),
      ),
  );
}

type Told = (owner: string, key: string, message: string, fix: string) => Issue;

/** An issue at a key of `owner`; where nobody wrote the key, at the owner. */
function teller(places: Places): Told {
  return (owner, key, message, fix) => {
    const path = owner === '' ? key : `${owner}.${key}`;
    const place = placeAt(places, path) ?? placeAt(places, owner) ?? placeAt(places, 'preset');
    return errorIssue(path, `zero trust: ${message}`, { place, fix });
  };
}

function exceptionIssues({ public: open, objects }: ZeroTrustPreset, apis: readonly ApiConfig[], told: Told): Issue[] {
  const byName = new Map(apis.map((api) => [api.name, api]));
  const find = (name: string): readonly [ApiConfig | undefined, OperationConfig | undefined] => {
    const dot = name.indexOf('.');
    const api = byName.get(dot < 0 ? name : name.slice(0, dot));
    const operation = name.slice(dot + 1);
    const own = api !== undefined && Object.hasOwn(api.operations, operation) ? api.operations[operation] : undefined;
    return [dot < 0 ? undefined : api, own];
  };
  const strangers = (['public', 'objects'] as const).flatMap((key) =>
    Object.keys(key === 'public' ? open : objects)
      .filter((name) => find(name)[0] === undefined)
      .map((name) =>
        told(
          'preset.zero-trust',
          key,
          `no API has ${JSON.stringify(name)}`,
          'write API.OPERATION, such as orders.health',
        ),
      ),
  );
  const closed = Object.keys(open).flatMap((name) => {
    const [api, own] = find(name);
    if (api === undefined || own?.auth === 'public') return [];
    return [
      told('preset.zero-trust', 'public', `${name} is not public`, 'write auth: public there, or take it out here'),
    ];
  });
  return [...strangers, ...closed];
}

function nodeIssues({ audit, sessions, lists }: Config, told: Told): Issue[] {
  const inUse = sessions.providers.length > 0;
  return [
    ...(audit === 'off' ? [told('', 'audit', 'what happens is recorded', 'write audit: required')] : []),
    ...(inUse && sessions.idleMs > IDLE_LIMIT_MS
      ? [told('sessions', 'idle', 'a session that nobody uses ends within half an hour', 'write idle: 30m or less')]
      : []),
    ...(inUse && sessions.absoluteMs > ABSOLUTE_LIMIT_MS
      ? [told('sessions', 'absolute', 'a session ends within 12 hours', 'write absolute: 12h or less')]
      : []),
    ...(inUse && sessions.csrf === 'origin'
      ? [told('sessions', 'csrf', 'pages show that a request is theirs', 'write csrf: token')]
      : []),
    ...networkIssues(lists, '', told),
  ];
}

/** Whose tokens are taken anywhere: who is only signed in with shows none to APIs. */
function namedIssuers(apis: readonly ApiConfig[]): ReadonlySet<string> {
  const lists = apis.flatMap((api) => [api.auth, ...Object.values(api.operations).map(({ auth }) => auth ?? [])]);
  return new Set(lists.flatMap((auth) => (auth === 'public' ? [] : auth)));
}

interface Demand {
  readonly preset: ZeroTrustPreset;
  readonly told: Told;
}

function issuerIssues(
  issuers: readonly IssuerConfig[],
  named: ReadonlySet<string>,
  { preset: { maxLifetimeMs }, told }: Demand,
): Issue[] {
  return issuers
    .filter(({ name }) => named.has(name))
    .flatMap(({ path, proof, maxLifetimeMs: longest }) => [
      ...(proof === 'none'
        ? [told(path, 'proof', 'a token is worth nothing to who stole it', 'write proof: any')]
        : []),
      ...(longest > maxLifetimeMs
        ? [told(path, 'maxLifetime', 'tokens live shortly', `write maxLifetime: ${maxLifetimeMs / 1_000}s or less`)]
        : []),
    ]);
}

function apiIssues(api: ApiConfig, { public: open }: ZeroTrustPreset, told: Told): Issue[] {
  const issues = [...authIssues(api.auth, api.path, told), ...networkIssues(api.lists, api.path, told)];
  if (api.credentials === 'pass')
    issues.push(told(api.path, 'credentials', 'credentials stay here', 'write credentials: remove'));
  if (api.tokensInQuery === 'pass')
    issues.push(told(api.path, 'tokensInQuery', 'tokens stand in no log', 'write tokensInQuery: refuse'));
  for (const [name, own] of Object.entries(api.operations)) {
    const isExcepted = Object.hasOwn(open, `${api.name}.${name}`);
    if (own.auth !== null && !(own.auth === 'public' && isExcepted))
      issues.push(...authIssues(own.auth, own.path, told));
    issues.push(...networkIssues(own.lists, own.path, told), ...ruleIssues(own, told));
  }
  return issues;
}

function authIssues(auth: ApiConfig['auth'], owner: string, told: Told): Issue[] {
  if (auth === 'public') {
    const fix = 'name who may call, or for a single operation name it in preset.zero-trust.public with the reason';
    return [told(owner, 'auth', 'nobody calls without signing in', fix)];
  }
  const fix = 'name an issuer, mtls or session';
  return auth.includes(API_KEY) ? [told(owner, 'auth', 'a key is bound to nothing, and nobody’s sign-in', fix)] : [];
}

const PLACES_IN_NETWORKS = ['addresses', 'countries', 'asns', 'reverseNames'] as const;

/** A list of addresses that lets somebody in trusts a place in a network; one that keeps somebody out trusts nobody. */
function networkIssues(lists: Config['lists'], owner: string, told: Told): Issue[] {
  const allow = lists?.allow ?? null;
  if (allow === null || PLACES_IN_NETWORKS.every((key) => allow[key] === null)) return [];
  return [told(owner, 'allow', 'no place in a network is trusted', 'say in `deny` who is kept out')];
}

/** Conditions that permit by the address, and rights that are only watched. */
function ruleIssues({ path, rules, access }: OperationConfig, told: Told): Issue[] {
  const { when, object, observe } = access;
  const asked = [...rules, ...when, ...(object === null ? [] : [object])];
  const byPlace = asked.flatMap(({ expression, path: at }) =>
    readsPlace(expression)
      ? [told('', at, 'no place in a network is trusted', 'ask for the address in `deny` alone')]
      : [],
  );
  const watched = ENFORCED.filter((key) => observe.includes(key)).map((key) =>
    told(path, 'observe', `\`${key}\` is enforced`, `take \`${key}\` out`),
  );
  return [...byPlace, ...watched];
}

/** Header fields in which somebody says where a request came from. */
const PLACE_FIELDS =
  /^(?:forwarded|x-forwarded-for|x-real-ip|x-client-ip|x-cluster-client-ip|(?:true-client|cf-connecting|fastly-client|x-original-forwarded)-(?:ip|for)|via)$/i;

function readsPlace(expression: Expression): boolean {
  if ([...namesBehind('request.headers', expression)].some((name) => PLACE_FIELDS.test(name))) return true;
  return [...readsOf(expression)].some((name) => /^(?:request\.)?address(?:\.|$)/.test(name));
}
