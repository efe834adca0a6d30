/**
 * The signature algorithms that are taken (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864). Symmetric ones are not: whoever
 * can check such a token could also make one.
 */
export const SIGNATURE_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
] as const;

/** One of them. */
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** What a token must be like to be taken: what is checked of every token of one issuer. */
export interface TokenProfile {
  /** Compared as it stands with `iss`. */
  readonly issuer: string;
  /** At least one; the token's `aud` must hold one of them, as it stands. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  /** `at+jwt` demands the type of RFC 9068 §2.1; `any` takes also tokens without it, but never ID tokens. */
  readonly typ: 'any' | 'at+jwt';
  readonly skewMs: number;
  readonly maxLifetimeMs: number;
}
