import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';

/** What stands for the type of such an assertion where it is sent (RFC 7523 §2.2). */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** An assertion is for one call. */
const LIFE_S = 60;

/** Of NIST SP 800-57 what is still taken for signatures. */
const RSA_LEAST_BITS = 2_048;

/** How much of a hash goes with each curve (RFC 7518 §3.4). */
const CURVES: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 256],
  ['secp384r1', 384],
  ['secp521r1', 512],
]);

/** With what a client signs. */
export interface AssertionKey {
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly hash: string | null;
}

/** What an assertion says. `id` is new each time. */
export interface AssertionClaims {
  readonly clientId: string;
  readonly audience: string;
  readonly kid: string | null;
  readonly id: string;
  readonly nowMs: number;
}

/** Reads a private key, PEM, that assertions are signed with. The words of an error hold nothing of it. */
export function readAssertionKey(pem: string): Result<AssertionKey, string> {
  const key = privateKeyOf(pem);
  if (key === null) return err('holds no private key in PEM that is not encrypted');
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return ok({ key, algorithm: 'EdDSA', hash: null });
  if (key.asymmetricKeyType === 'rsa') {
    return (modulusLength ?? 0) < RSA_LEAST_BITS
      ? err(`holds an RSA key of fewer than ${RSA_LEAST_BITS} bits`)
      : ok({ key, algorithm: 'RS256', hash: 'sha256' });
  }
  const hash = key.asymmetricKeyType === 'ec' ? CURVES.get(namedCurve ?? '') : undefined;
  if (hash === undefined) return err('holds a key that no signature algorithm here takes');
  return ok({ key, algorithm: `ES${hash}`, hash: `sha${hash}` });
}

/** A client's assertion of who it is (RFC 7523 §3): for one audience, once, for a minute. */
export function signAssertion({ key, algorithm, hash }: AssertionKey, claims: AssertionClaims): string {
  const { clientId, audience, kid, id, nowMs } = claims;
  const nowS = Math.floor(nowMs / 1_000);
  const header = { alg: algorithm, typ: 'JWT', ...(kid === null ? {} : { kid }) };
  const payload = { iss: clientId, sub: clientId, aud: audience, jti: id, iat: nowS, exp: nowS + LIFE_S };
  const input = `${partOf(header)}.${partOf(payload)}`;
  return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function partOf(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Node throws for what is no key. */
function privateKeyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
