import { generateKeyPairSync, sign } from 'node:crypto';

const ISSUER = 'https://id.soak.example';
const AUDIENCE = 'https://api.soak.example';
const USERS = 500;
/** Tokens live long enough to be met again, and short enough that caches of them turn over. */
const LIFE_SECONDS = 600;
const RENEWED_AFTER = 20_000;

/** Users with tokens that are renewed now and then. */
export interface SoakCallers {
  /** A JWK Set. */
  readonly keys: string;
  /** Lines of the configuration; the keys are in `keys.json` beside it. */
  readonly configuration: string;
  token(): string;
}

export function makeSoakCallers(): SoakCallers {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tokens = new Map<number, string>();
  let given = 0;
  const signed = (user: number): string => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: `user-${user}`,
      iat: now,
      exp: now + LIFE_SECONDS,
      jti: `${given}`,
    };
    const parts = [{ alg: 'ES256', kid: 'soak', typ: 'at+jwt' }, claims];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };
  return {
    keys: JSON.stringify({
      keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'soak', alg: 'ES256', use: 'sig' }],
    }),
    configuration: `issuers:
  soak: { issuer: '${ISSUER}', audience: '${AUDIENCE}', algorithms: [ES256], jwks: ./keys.json }
`,
    token() {
      // All at once they would run out at once too.
      if (given % (RENEWED_AFTER / USERS) === 0) tokens.delete(Math.floor(given / (RENEWED_AFTER / USERS)) % USERS);
      const user = given++ % USERS;
      const token = tokens.get(user) ?? signed(user);
      tokens.set(user, token);
      return token;
    },
  };
}
