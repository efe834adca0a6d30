import { err, ok, parseDuration, type Result } from '../base/index.ts';
import { isObject, member, type AskedEntity } from './decision-request.ts';
import type { JsonObject, JsonValue } from '../body/index.ts';
import type { AttributeValue, CallerAssurance, CallerConfig, Config } from '../config/index.ts';
import type { ClaimValue, Principal } from '../policy/index.ts';

/** A subject as the gateway would know it: nobody, or somebody of whom all is told. */
export type AskedCaller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'known';
      readonly told: Extract<CallerConfig, { readonly kind: 'known' }>;
      readonly principalKind: Principal['kind'];
      /** The issuer who vouches for them, where one is named, and the word of `auth` that lets its callers in. */
      readonly issuer: { readonly identifier: string; readonly way: string } | null;
    };

/** The types of subjects, and what the gateway calls them. `identity` is what the interoperability of gateways calls users. */
const KINDS: Readonly<Record<string, Principal['kind']>> = {
  user: 'user',
  identity: 'user',
  service: 'service',
  key: 'key',
  certificate: 'certificate',
};
/** Whoever shows a key of the gateway's own is vouched for by the gateway. */
const OF_KEYS = 'api-key';
const LIST_LIMIT = 1_000;
/** Names are remembered, and told in answers: no longer ones than people write. */
const TEXT_LIMIT = 256;
const PROOFS = ['dpop', 'mtls'] as const;

/** Takes a subject for a caller. The error is in words: what is said of it and can't be read must not count as unsaid. */
export function callerOf(
  { type, id, properties }: AskedEntity,
  issuers: Config['issuers'],
): Result<AskedCaller, string> {
  if (type === 'anonymous') return ok({ kind: 'anonymous' });
  const principalKind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (principalKind === undefined)
    return err(`subject.type is one of ${[...Object.keys(KINDS), 'anonymous'].join(', ')}`);
  const issuer = issuerOf(properties, principalKind, issuers);
  if (!issuer.ok) return issuer;
  const told = toldOf(id, properties);
  return told.ok ? ok({ kind: 'known', told: told.value, principalKind, issuer: issuer.value }) : told;
}

type Issuer = Extract<AskedCaller, { readonly kind: 'known' }>['issuer'];

/** By its name in the configuration or its identifier; where there is but one for such callers, it is that one. */
function issuerOf(properties: JsonObject, kind: Principal['kind'], issuers: Config['issuers']): Result<Issuer, string> {
  const said = textIn(properties, 'issuer');
  if (!said.ok) return said;
  if (kind === 'key') {
    return said.value === null || said.value === OF_KEYS
      ? ok({ identifier: OF_KEYS, way: OF_KEYS })
      : err(`keys are vouched for by ${OF_KEYS}`);
  }
  if (kind === 'certificate') return ok(said.value === null ? null : { identifier: said.value, way: 'mtls' });
  const known = issuers.flatMap(({ name, issuer, tenants }) => {
    const identifiers = (tenants ?? []).map((tenant) => issuer.replace('{tenantid}', tenant));
    return (identifiers.length === 0 ? [issuer] : identifiers).map((identifier) => ({ identifier, way: name }));
  });
  if (said.value === null) return ok(known.length === 1 ? (known[0] ?? null) : null);
  const named = known.filter(({ identifier, way }) => identifier === said.value || way === said.value);
  const [only] = named;
  if (only === undefined) return err('no issuer of the configuration is called as subject.properties.issuer says');
  return named.length > 1 ? err('subject.properties.issuer names several: write its identifier') : ok(only);
}

type Told = Extract<AskedCaller, { readonly kind: 'known' }>['told'];

function toldOf(subject: string, said: JsonObject): Result<Told, string> {
  const lists = listsIn(said);
  if (!lists.ok) return lists;
  const texts = textsIn(said, ['tenant', 'client']);
  if (!texts.ok) return texts;
  const assurance = assuranceIn(said, lists.value.amr ?? []);
  if (!assurance.ok) return assurance;
  const claims = member(said, 'claims') ?? {};
  if (!isObject(claims)) return err('subject.properties.claims is an object');
  const attributes = attributesIn(member(said, 'attributes'));
  if (!attributes.ok) return attributes;
  const { roles, permissions, scopes } = lists.value;
  return ok({
    kind: 'known',
    subject,
    roles: roles ?? [],
    permissions: permissions ?? [],
    scopes,
    tenant: texts.value['tenant'] ?? null,
    clientId: texts.value['client'] ?? null,
    claims: claims as Readonly<Record<string, ClaimValue>>,
    assurance: assurance.value,
    ...(attributes.value === null ? {} : { attributes: attributes.value }),
  });
}

type Lists = Readonly<Record<'roles' | 'permissions' | 'scopes' | 'amr', readonly string[] | null>>;

/** Scopes may stand as in a token, between blanks. What is said twice in two ways is not read. */
function listsIn(said: JsonObject): Result<Lists, string> {
  const scope = member(said, 'scope');
  if (scope !== undefined && (typeof scope !== 'string' || member(said, 'scopes') !== undefined))
    return err('subject.properties.scope is a text, and stands where no scopes do');
  const found: Record<keyof Lists, readonly string[] | null> = {
    roles: null,
    permissions: null,
    scopes: null,
    amr: null,
  };
  for (const name of ['roles', 'permissions', 'scopes', 'amr'] as const) {
    const value = member(said, name);
    if (value === undefined) continue;
    if (!isNames(value)) return err(`subject.properties.${name} is a list of texts, ${NAMES_LIMITS}`);
    found[name] = value;
  }
  if (scope === undefined) return ok(found);
  const scopes = scope.split(' ').filter((each) => each !== '');
  return isNames(scopes) ? ok({ ...found, scopes }) : err(`subject.properties.scope holds texts, ${NAMES_LIMITS}`);
}

const NAMES_LIMITS = `${LIST_LIMIT} at most, of ${TEXT_LIMIT} characters at most`;

function isNames(value: JsonValue): value is readonly string[] {
  return isTexts(value) && value.every(({ length }) => length <= TEXT_LIMIT);
}

function isTexts(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.length <= LIST_LIMIT && value.every((each) => typeof each === 'string');
}

function textIn(said: JsonObject, name: string): Result<string | null, string> {
  const value = member(said, name) ?? null;
  return value === null || typeof value === 'string' ? ok(value) : err(`subject.properties.${name} is a text`);
}

function textsIn(said: JsonObject, names: readonly string[]): Result<Readonly<Record<string, string | null>>, string> {
  const texts: Record<string, string | null> = {};
  for (const name of names) {
    const text = textIn(said, name);
    if (!text.ok) return text;
    texts[name] = text.value;
  }
  return ok(texts);
}

function assuranceIn(said: JsonObject, amr: readonly string[]): Result<CallerAssurance, string> {
  const texts = textsIn(said, ['acr', 'authAge', 'proof']);
  if (!texts.ok) return texts;
  const { acr = null, authAge = null, proof: bound = null } = texts.value;
  const age = authAge === null ? null : parseDuration(authAge);
  if (age !== null && !age.ok) return err(`subject.properties.authAge: ${age.error}`);
  const proof = PROOFS.find((each) => each === bound) ?? null;
  if (bound !== null && proof === null) return err(`subject.properties.proof is ${PROOFS.join(' or ')}`);
  return ok({ acr, amr, authAgeMs: age?.value ?? null, proof });
}

function attributesIn(value: JsonValue | undefined): Result<Readonly<Record<string, AttributeValue>> | null, string> {
  if (value === undefined) return ok(null);
  const fits = isObject(value) && Object.values(value).every((each) => isPlain(each) || isTexts(each));
  return fits
    ? ok(value as Readonly<Record<string, AttributeValue>>)
    : err('subject.properties.attributes holds texts, numbers, truth values and lists of texts');
}

function isPlain(value: JsonValue): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
