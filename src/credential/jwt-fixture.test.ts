import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { ok, type Result, err } from '../base/index.ts';
import type { JsonReader, UnverifiedJwt } from './jwt-text.ts';
import { readJwt } from './jwt-text.ts';
import type { KeyRow } from './key-row.ts';
import type { SignatureAlgorithm, TokenProfile } from './token-profile.ts';

/** Noon of a day in 2026, in seconds and in milliseconds. */
export const NOW = 1_780_315_200;
export const NOW_MS = NOW * 1_000;

/** A lenient parser: what a strict one refuses is tested where there is one. */
export const readJson: JsonReader = (bytes): Result<unknown, unknown> => {
  try {
    return ok(JSON.parse(Buffer.from(bytes).toString()));
  } catch (fault) {
    return err(fault);
  }
};

export const PROFILE: TokenProfile = {
  issuer: 'https://id.example',
  tenants: null,
  hostedDomains: null,
  audiences: ['https://api.example'],
  algorithms: ['ES256', 'RS256'],
  typ: 'any',
  skewMs: 30_000,
  maxLifetimeMs: 86_400_000,
};

export const CLAIMS = {
  iss: 'https://id.example',
  aud: 'https://api.example',
  sub: 'ada',
  iat: NOW - 60,
  exp: NOW + 600,
} as const;

export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly row: KeyRow;
  readonly sign: (input: string) => Buffer;
}

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A key that signs with one algorithm, by its own code rather than by what is tested. */
export function createSigner(algorithm: SignatureAlgorithm, kid: string | null = 'key-1'): Signer {
  const { privateKey, publicKey } = pairFor(algorithm);
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, string>;
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return {
    algorithm,
    privateKey,
    row: { thumbprint, kid, algorithms: [algorithm], jwk },
    sign: (input) => signWith(algorithm, privateKey, input),
  };
}

function pairFor(algorithm: SignatureAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm as string];
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve });
  return algorithm.startsWith('Ed') ? generateKeyPairSync('ed25519') : rsaPair;
}

/** A signature as RFC 7518 describes it. */
export function signWith(algorithm: SignatureAlgorithm, key: KeyObject, input: string): Buffer {
  const bytes = Buffer.from(input);
  const hash = algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('PS')) {
    const saltLength = Number(algorithm.slice(2)) / 8;
    return sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  }
  return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
}

export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token; what is given of header and claims comes on top of, or instead of, what is good. */
export function tokenOf(signer: Signer, claims: object = {}, header: object = {}): string {
  const fields = { alg: signer.algorithm, kid: signer.row.kid ?? undefined, ...header };
  const input = `${part(fields)}.${part({ ...CLAIMS, ...claims })}`;
  return `${input}.${signer.sign(input).toString('base64url')}`;
}

export function rowsOf(...rows: readonly KeyRow[]): ReadonlyMap<string, KeyRow> {
  return new Map(rows.map((row) => [row.thumbprint, row]));
}

/** A token that must be readable. */
export function readGood(token: string): UnverifiedJwt {
  const read = readJwt(token, readJson);
  if (!read.ok) throw new Error(`the token is not read: ${read.error}`);
  return read.value;
}
