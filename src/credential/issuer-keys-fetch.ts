import { err, ok, type Result } from '../base/index.ts';
import type { Egress } from '../ports/index.ts';
import { fetchMetadata, getJson, namedAddress } from './issuer-metadata.ts';
import type { IssuerSource } from './issuer-source.ts';
import type { KeyRow } from './key-row.ts';
import { readKeySet } from './key-set.ts';

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

/**
 * Fetches an issuer's keys: its metadata first where that says where they are, then the JWK Set. Redirects are not
 * followed, and only JSON in a reply of status 200 is read. The error says in words for the operator what is wrong.
 */
export async function fetchIssuerKeys(source: IssuerSource, egress: Egress): Promise<Result<FetchedKeys, string>> {
  const url = source.origin.kind === 'url' ? ok(source.origin.url) : await discover(source, egress);
  if (!url.ok) return url;
  const reply = await getJson(url.value, egress, source.ca);
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
async function discover({ issuer, ca }: IssuerSource, egress: Egress): Promise<Result<string, string>> {
  const found = await fetchMetadata({ issuer, ca: ca ?? null }, egress);
  return found.ok ? namedAddress(found.value, 'jwks_uri', issuer) : found;
}

function maxAgeOf(cacheControl: string | undefined): number | null {
  // Nine digits are thirty years; what is longer than that is cut to it.
  const seconds = /(?:^|[,\s])max-age="?(\d{1,9})/i.exec(cacheControl ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
