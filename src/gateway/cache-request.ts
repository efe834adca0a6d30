import { createHash } from 'node:crypto';
import {
  type CacheKey,
  cacheKey,
  type CacheRequest,
  CONDITIONS,
  type Credential,
  CREDENTIAL_FIELDS,
  type KeyParts,
} from '../cache/index.ts';
import { Notebook, type Principal } from '../policy/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { goesToCanary } from './target-choice.ts';
import { UpstreamView } from './upstream-view.ts';
import type { Walk } from './walk.ts';

const NONE: readonly string[] = [];

/** What may be a credential in a request. Some are known to be one; what goes upstream may be one there all the same. */
const WITH_CREDENTIALS: readonly string[] = ['authorization', ...CREDENTIAL_FIELDS];

/** What the cache looks at of a request, and where its reply lies. */
export interface Keyed {
  readonly key: CacheKey;
  readonly request: CacheRequest;
}

/**
 * What the cache is asked about a request of an operation whose replies are stored. The fields are ready to go upstream,
 * but for the conditions of the client's own.
 */
export function keyedRequest(walk: Walk, { perUser, ignoresCookies }: CompiledCache): Keyed {
  const { request, principal, stream } = walk;
  const fields = request.headers as HeaderFields;
  const others = credentialsOf(fields);
  const credential = credentialKind({
    principal,
    perUser,
    others,
    hasCookie: !ignoresCookies && isKept(fields, 'cookie'),
  });
  return {
    key: cacheKey({
      ...placeParts(walk),
      shape: shapeOf(walk),
      query: request.query,
      identity: credential === 'keyed' && principal !== null ? identityOf(principal, others) : null,
      credential,
    }),
    request: {
      method: request.method,
      path: request.path,
      fields: new UpstreamView(walk, ignoresCookies),
      hasBody: stream.framing.kind !== 'none',
      credential,
    },
  };
}

/**
 * What shapes the reply besides what the client asked for: the operation, what steps made of the request, and which
 * version of an upstream its sender is to try out.
 */
function shapeOf(walk: Walk): string {
  const { compiled, edited } = walk;
  const { canary } = compiled.api.upstream;
  const tries = canary !== null && isForCanary(walk, canary.by);
  if (edited === null && !tries) return compiled.operation.id;
  const { path = null, query, host = null } = edited ?? {};
  const added = edited === null ? NONE : withoutConditions(edited.added);
  const isPlain = !tries && path === null && query === undefined && host === null && added.length === 0;
  if (isPlain) return compiled.operation.id;
  return JSON.stringify([compiled.operation.id, tries, path, query === undefined ? 'same' : [query], host, added]);
}

/** Conditions don't go along with a fetch of what is stored, whoever wrote them. */
function withoutConditions(added: readonly string[]): readonly string[] {
  return added.filter((_, at) => !CONDITIONS.includes(added[at - (at % 2)] as string));
}

/** Where chance decides, it does so for each fetch. */
function isForCanary(walk: Walk, by: 'user' | 'address' | 'request'): boolean {
  if (by !== 'request') return goesToCanary(walk);
  const when = walk.compiled.api.upstream.canary?.when ?? null;
  return when !== null && walk.request.headers.get(when.header) === when.value;
}

/** Where all replies lie that one unsafe request makes no good (RFC 9111 §4.4). */
export function placeOf(walk: Walk): string {
  return cacheKey({ ...placeParts(walk), shape: '', query: null, identity: null, credential: 'none' }).place;
}

function placeParts({ request, compiled }: Walk): Pick<KeyParts, 'api' | 'scheme' | 'host' | 'port' | 'path'> {
  const { host, port, path, peer } = request;
  return { api: compiled.api.name, scheme: peer.tls === null ? 'http' : 'https', host, port, path };
}

interface Shown {
  readonly principal: Principal | null;
  readonly perUser: boolean;
  /** Names and values of what goes upstream and may be a credential. */
  readonly others: readonly string[];
  readonly hasCookie: boolean;
}

/** What nobody has judged may be one caller's there, and no key holds it. */
function credentialKind({ principal, perUser, others, hasCookie }: Shown): Credential {
  if (hasCookie) return 'unkeyed';
  if (principal === null) return others.length === 0 ? 'none' : 'unkeyed';
  return perUser ? 'keyed' : 'shared';
}

function credentialsOf(fields: HeaderFields): readonly string[] {
  let found: string[] | null = null;
  for (const name of WITH_CREDENTIALS) {
    if (!fields.has(name)) continue;
    for (const [each, value] of fields.kept()) if (each === name) (found ??= []).push(name, value);
  }
  return found ?? NONE;
}

function isKept(fields: HeaderFields, name: string): boolean {
  if (!fields.has(name)) return false;
  for (const [each] of fields.kept()) if (each === name) return true;
  return false;
}

/** Callers are noted as objects. */
interface Named {
  readonly identity: string;
}

const known = new Notebook<Principal, Named>();

/**
 * Who calls, and with what rights, as a text that no other caller has: an upstream hears of roles and tenant, and may
 * answer by them. With a credential that goes on, of which it may read more, that belongs to it.
 */
function identityOf(principal: Principal, others: readonly string[]): string {
  if (others.length > 0) return digest([...partsOf(principal), others]);
  const before = known.get(principal);
  if (before !== undefined) return before.identity;
  const identity = digest(partsOf(principal));
  known.set(principal, { identity });
  return identity;
}

function partsOf({ kind, issuer, subject, clientId, tenant, roles, scopes }: Principal): readonly unknown[] {
  return [kind, issuer, subject, clientId, tenant, roles, scopes];
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
