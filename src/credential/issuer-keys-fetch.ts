import { err, ok, type Result } from '../base/index.ts';
import type { Egress, EgressReply } from '../ports/index.ts';
import type { IssuerSource } from './issuer-source.ts';
import type { KeyRow } from './key-row.ts';
import { KEY_SET_LIMIT_BYTES, readKeySet } from './key-set.ts';

/** Keys as an issuer has just given them. */
export interface FetchedKeys {
  /** Where the JWK Set was. */
  readonly url: string;
  readonly rows: readonly KeyRow[];
  /** Keys that cannot be used, and why, in words for the log. */
  readonly skipped: readonly string[];
  /** How long the issuer says the set stays good (RFC 9111 §5.2.2.1); null where it says nothing. */
  readonly maxAgeMs: number | null;
  /** The issuer's clock (RFC 9110 §6.6.1); null where it says nothing readable. */
  readonly dateMs: number | null;
}

/** One call gets this long. */
const FETCH_TIMEOUT_MS = 5_000;

/**
 * Fetches an issuer's keys: its metadata first where that says where they are, then the JWK Set. Redirects are not
 * followed, and only JSON in a reply of status 200 is read. The error says in words for the operator what is wrong.
 */
export async function fetchIssuerKeys(source: IssuerSource, egress: Egress): Promise<Result<FetchedKeys, string>> {
  const url = source.origin.kind === 'url' ? ok(source.origin.url) : await discover(source.issuer, egress);
  if (!url.ok) return url;
  const reply = await getJson(url.value, egress);
  if (!reply.ok) return err(`${url.value}: ${reply.error.words}`);
  const set = readKeySet(reply.value.body);
  if (!set.ok) return err(`${url.value} can't be used as a key set: ${set.error}`);
  const { headers } = reply.value;
  const dateMs = Date.parse(headers.get('date') ?? '');
  return ok({
    url: url.value,
    rows: set.value.rows,
    skipped: set.value.skipped,
    maxAgeMs: maxAgeOf(headers.get('cache-control')),
    dateMs: Number.isNaN(dateMs) ? null : dateMs,
  });
}

/** Where the issuer's metadata says that its keys are. */
async function discover(issuer: string, egress: Egress): Promise<Result<string, string>> {
  const places = metadataUrls(issuer);
  if (!places.ok) return places;
  const [openid, oauth] = places.value;
  const first = await getJson(openid, egress);
  if (first.ok) return readMetadata(first.value.body, openid, issuer);
  if (first.error.status !== 404) return err(`${openid}: ${first.error.words}`);
  const second = await getJson(oauth, egress);
  if (second.ok) return readMetadata(second.value.body, oauth, issuer);
  return err(`${openid}: ${first.error.words}; ${oauth}: ${second.error.words}`);
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

function readMetadata(body: Uint8Array, place: string, issuer: string): Result<string, string> {
  const metadata = parseObject(body);
  if (metadata === null) return err(`${place} is not a JSON object in UTF-8`);
  // Without this, whoever can answer at one place could give keys for another issuer (RFC 8414 §3.3).
  if (metadata['issuer'] !== issuer) return err(`${place} is about another issuer than ${issuer}`);
  const named = metadata['jwks_uri'];
  const url = typeof named === 'string' ? URL.parse(named) : null;
  if (url === null) return err(`${place} names no \`jwks_uri\``);
  if (!isGuarded(url) || (url.protocol === 'http:' && !issuer.startsWith('http:'))) {
    return err(`${place} names a \`jwks_uri\` that is not https`);
  }
  return ok(url.href);
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

async function getJson(url: string, egress: Egress): Promise<Result<EgressReply, GetFault>> {
  const reply = await egress.call({
    url,
    method: 'GET',
    headers: { accept: 'application/jwk-set+json, application/json' },
    timeoutMs: FETCH_TIMEOUT_MS,
    limitBytes: KEY_SET_LIMIT_BYTES,
    reach: 'named',
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

function maxAgeOf(cacheControl: string | undefined): number | null {
  // Nine digits are thirty years; what is longer than that is cut to it.
  const seconds = /(?:^|[,\s])max-age="?(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
