import { err, ok, type Result } from '../base/index.ts';
import type { Egress, EgressReply } from '../ports/index.ts';
import { KEY_SET_LIMIT_BYTES } from './key-set.ts';
import { TENANT_PLACE } from './token-issuer.ts';

/** One call gets this long. */
const FETCH_TIMEOUT_MS = 5_000;

/** Metadata of an issuer (RFC 8414 §2), as it says it about itself. */
export interface IssuerMetadata {
  /** Where it was. */
  readonly place: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Whose metadata is asked for, and by which CAs whoever gives it is verified: PEM, or null for the well-known ones. */
export interface MetadataQuestion {
  readonly issuer: string;
  readonly ca?: string | null;
  /** Of an issuer with many tenants, who is asked in their place; `common` unless said otherwise. */
  readonly tenant?: string;
}

/** Fetches an issuer's metadata. The error says in words for the operator what is wrong. */
export async function fetchMetadata(
  { issuer, ca = null, tenant = 'common' }: MetadataQuestion,
  egress: Egress,
): Promise<Result<IssuerMetadata, string>> {
  // Entra has one metadata for all tenants, in which the issuer stands with the place for the tenant.
  const places = metadataUrls(issuer.replace(TENANT_PLACE, tenant));
  if (!places.ok) return places;
  const [openid, oauth] = places.value;
  const first = await getJson(openid, egress, ca);
  if (first.ok) return readMetadata(first.value.body, openid, issuer);
  if (first.error.status !== 404) return err(`${openid}: ${first.error.words}`);
  const second = await getJson(oauth, egress, ca);
  if (second.ok) return readMetadata(second.value.body, oauth, issuer);
  return err(`${openid}: ${first.error.words}; ${oauth}: ${second.error.words}`);
}

/** The address that a member of the metadata names: https, or http on loopback where the issuer is there too. */
export function namedAddress(
  { place, members }: IssuerMetadata,
  member: string,
  issuer: string,
): Result<string, string> {
  const named = members[member];
  const url = typeof named === 'string' ? URL.parse(named) : null;
  if (url === null) return err(`${place} names no \`${member}\``);
  if (!isGuarded(url) || (url.protocol === 'http:' && !issuer.startsWith('http:'))) {
    return err(`${place} names a \`${member}\` that is not https`);
  }
  return ok(url.href);
}

/** OpenID Connect Discovery §4 appends to the path; RFC 8414 §3.1 puts its own in front of it. */
function metadataUrls(issuer: string): Result<readonly [string, string], string> {
  const url = URL.parse(issuer);
  if (url === null || !isGuarded(url)) return err('the issuer is neither an https URL nor http on loopback');
  if (url.search !== '' || url.hash !== '') return err('the issuer has a query or a fragment');
  const path = url.pathname.replace(/\/$/, '');
  return ok([
    `${url.origin}${path}/.well-known/openid-configuration`,
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
  ]);
}

function readMetadata(body: Uint8Array, place: string, issuer: string): Result<IssuerMetadata, string> {
  const members = parseObject(body);
  if (members === null) return err(`${place} is not a JSON object in UTF-8`);
  // Without this, whoever can answer at one place could speak for another issuer (RFC 8414 §3.3).
  return members['issuer'] === issuer ? ok({ place, members }) : err(`${place} is about another issuer than ${issuer}`);
}

/** Whether nobody on the way can answer in its place. */
function isGuarded({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

interface GetFault {
  readonly words: string;
  /** Null where there was no reply. */
  readonly status: number | null;
}

/** Gets JSON from an issuer: a reply of status 200 that says it is that. Redirects are not followed. */
export async function getJson(
  url: string,
  egress: Egress,
  ca: string | null = null,
): Promise<Result<EgressReply, GetFault>> {
  const reply = await egress.call({
    url,
    method: 'GET',
    headers: { accept: 'application/jwk-set+json, application/json' },
    timeoutMs: FETCH_TIMEOUT_MS,
    limitBytes: KEY_SET_LIMIT_BYTES,
    reach: 'named',
    ...(ca === null ? {} : { ca }),
  });
  if (!reply.ok) return err({ words: `${reply.error.reason}: ${reply.error.detail}`, status: null });
  const { status, headers } = reply.value;
  if (status >= 300 && status < 400) return err({ words: `status ${status}; redirects are not followed`, status });
  if (status !== 200) return err({ words: `status ${status}`, status });
  // A page of a portal or a proxy in between is often served as 200.
  const type = headers.get('content-type');
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type ?? '')) {
    return err({
      words: type === undefined ? 'has no content type, and is to be JSON' : 'is not served as JSON',
      status,
    });
  }
  return reply;
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
