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
  /** Compared as it stands with `iss`. Where there are `tenants`, `{tenantid}` in it stands for one of them. */
  readonly issuer: string;
  /** Those of an issuer with many whose tokens are taken, told by `tid`; null for an issuer that is one. */
  readonly tenants: readonly string[] | null;
  /** Those of which `hd` must be one, in lower case; null where it does not count. */
  readonly hostedDomains: readonly string[] | null;
  /** At least one; the token's `aud` must hold one of them, as it stands. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  /** `at+jwt` demands what RFC 9068 does (§2.1, §2.2); `any` takes also tokens without it, but never ID tokens. */
  readonly typ: 'any' | 'at+jwt';
  readonly skewMs: number;
  readonly maxLifetimeMs: number;
}
