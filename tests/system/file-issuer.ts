import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** The issuer of tests whose keys lie in a file. */
export const FILE_ISSUER = 'https://id.acme.example';
/** For whom its tokens are. */
export const FILE_AUDIENCE = 'https://api.acme.example';

/** What a token says. */
export interface Told {
  readonly subject: string;
  readonly roles: readonly string[];
  /** In seconds since 1970; an hour from now where it is not said. */
  readonly issuedAtS?: number;
  readonly expiresAtS?: number;
  /** What it is bound to. */
  readonly cnf?: Readonly<Record<string, string>>;
}

/** An issuer with a key of its own. */
export interface FileIssuer {
  /** The text of its file of keys. */
  readonly keys: string;
  tokenOf(told: Told): Promise<string>;
  /** A token of ada's, for an hour from now, that says this too. */
  sign(claims: JWTPayload): Promise<string>;
}

/** Makes an issuer that signs with ES256. */
export async function createFileIssuer(): Promise<FileIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] });
  const signed = (claims: JWTPayload, { subject, issuedAtS, expiresAtS = '1h' }: SignedFor): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(FILE_ISSUER)
      .setAudience(FILE_AUDIENCE)
      .setSubject(subject)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(expiresAtS)
      .sign(privateKey);
  return {
    keys,
    tokenOf: ({ subject, roles, issuedAtS, expiresAtS, cnf }) =>
      signed({ roles: [...roles], ...(cnf === undefined ? {} : { cnf }) }, { subject, issuedAtS, expiresAtS }),
    sign: (claims) => signed(claims, { subject: claims.sub ?? 'ada' }),
  };
}

interface SignedFor {
  readonly subject: string;
  readonly issuedAtS?: number | undefined;
  readonly expiresAtS?: number | string | undefined;
}
