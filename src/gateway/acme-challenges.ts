import type { TableDeclaration, Tables } from '../ports/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';

/**
 * What is answered to CAs that look whether a name is ours, filled by the control side while orders are under way. Rows
 * that nobody takes back in time mean nothing any more: an order takes ten minutes at most.
 */
export const ACME_CHALLENGES: TableDeclaration = {
  name: 'acme.challenges',
  rowLimit: 1_000,
  staleAfterMs: 1_200_000,
  whenStale: 'deny',
};

/** A certificate that a CA is shown over TLS, PEM. */
export interface ChallengeCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

/** One answer: a text over http, or a certificate over TLS. */
export type ChallengeRow = { readonly text: string } | ChallengeCertificate;

/** The row of a token of http-01. */
export function tokenKey(token: string): string {
  return `http:${token}`;
}

/** The row of a name of tls-alpn-01. */
export function nameKey(name: string): string {
  return `tls:${name}`;
}

const PREFIX = '/.well-known/acme-challenge/';

/** A thread's view of the answers. */
export class AcmeChallenges {
  readonly #tables: Pick<Tables, 'declare' | 'read'>;
  readonly #now: () => number;

  /** `now` is wall time in milliseconds. */
  constructor(tables: Pick<Tables, 'declare' | 'read'>, now: () => number) {
    this.#tables = tables;
    this.#now = now;
  }

  /** What a request over plain http asks for, if it is a CA's look at a token that we know (RFC 8555 §8.3); or null. */
  textFor({ method, path, query }: Pick<CanonicalRequest, 'method' | 'path' | 'query'>): string | null {
    if (method !== 'GET' || query !== null || !path.startsWith(PREFIX)) return null;
    const row = this.#row(tokenKey(path.slice(PREFIX.length)));
    return row !== null && 'text' in row ? row.text : null;
  }

  /** The certificate for a name that a CA looks at over TLS (RFC 8737), or null. */
  certificateFor(name: string): ChallengeCertificate | null {
    const row = this.#row(nameKey(name));
    return row !== null && 'chainPem' in row ? row : null;
  }

  #row(key: string): ChallengeRow | null {
    // Here and not at the start: most gateways are never asked.
    this.#tables.declare(ACME_CHALLENGES);
    const { rows, filledAtMs } = this.#tables.read<ChallengeRow>(ACME_CHALLENGES.name);
    if (filledAtMs === null || this.#now() - filledAtMs > ACME_CHALLENGES.staleAfterMs) return null;
    return rows.get(key) ?? null;
  }
}
