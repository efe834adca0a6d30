import { generateKeyPairSync, sign } from 'node:crypto';

/** An issuer with keys of its own, and a token of it. */
export interface GrowthIssuer {
  readonly name: string;
  readonly issuer: string;
  /** The file of its keys, beside the configuration. */
  readonly file: string;
  /** A JWK Set with one key. */
  readonly keySet: string;
  readonly token: string;
}

/** So many issuers. Their tokens hold for an hour and permit nothing. */
export function makeGrowthIssuers(count: number): readonly GrowthIssuer[] {
  return Array.from({ length: count }, (_, at) => makeIssuer(at));
}

function makeIssuer(at: number): GrowthIssuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = `https://id-${at}.example`;
  const kid = `growth-${at}`;
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer, aud: 'growth', sub: 'ada', iat: nowSeconds, exp: nowSeconds + 3_600 };
  const parts = [{ alg: 'ES256', kid, typ: 'at+jwt' }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  return {
    name: `bench${at}`,
    issuer,
    file: `keys-${at}.json`,
    keySet: JSON.stringify({ keys: [key] }),
    token: `${signed}.${signature.toString('base64url')}`,
  };
}
