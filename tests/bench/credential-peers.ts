import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';

export const AUDIENCE = 'https://api.acme.example';

/** How tokens are signed here. */
export type BenchSigning = 'ES256' | 'RS256' | 'EdDSA';

/** An issuer whose keys are fetched, and which is asked about tokens. */
export interface BenchIssuer {
  readonly url: string;
  /** How often its keys have been fetched. */
  readonly fetches: () => number;
  /** A token nobody has seen; with `kid` by the name of a key that the issuer does not have. */
  token(signing: BenchSigning, more?: { readonly kid?: string; readonly cnf?: object }): string;
  stop(): void;
}

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** Starts one. */
export async function startBenchIssuer(): Promise<BenchIssuer> {
  let fetches = 0;
  const keys = new Map<BenchSigning, SigningKey>(
    (['ES256', 'RS256', 'EdDSA'] as const).map((signing) => [signing, keyOf(signing)]),
  );
  const server: LocalServer = await startLocalServer((request, response) => {
    const reply = (body: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/jwks') {
      fetches++;
      reply({ keys: [...keys.values()].map(({ jwk }) => jwk) });
    } else if (request.url === '/introspect') {
      request.resume();
      const nowS = Math.floor(Date.now() / 1_000);
      const names = { iss: server.url, aud: AUDIENCE, sub: 'ada', client_id: 'shop', token_type: 'Bearer' };
      reply({ active: true, ...names, iat: nowS, exp: nowS + 3_600 });
    } else {
      const jwks = { issuer: server.url, jwks_uri: `${server.url}/jwks` };
      reply({ ...jwks, introspection_endpoint: `${server.url}/introspect` });
    }
  });
  return {
    url: server.url,
    fetches: () => fetches,
    token: (signing, { kid, cnf } = {}) => {
      const { privateKey, jwk } = keys.get(signing) as SigningKey;
      const nowS = Math.floor(Date.now() / 1_000);
      const names = { iss: server.url, aud: AUDIENCE, sub: 'ada', client_id: 'shop', jti: randomUUID() };
      const claims = { ...names, iat: nowS, exp: nowS + 3_600, ...(cnf === undefined ? {} : { cnf }) };
      return signed({ alg: signing, typ: 'at+jwt', kid: kid ?? jwk['kid'] }, claims, privateKey);
    },
    stop: () => server.stop(),
  };
}

function keyOf(signing: BenchSigning): SigningKey {
  const { privateKey, publicKey } = pairOf(signing);
  return {
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: `key-${signing}`, alg: signing, use: 'sig' },
  };
}

function pairOf(signing: BenchSigning) {
  if (signing === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return signing === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
}

function signed(header: object, claims: object, key: KeyObject): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(claims)}`;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A client with a key of its own, which proves that it has it (RFC 9449). */
export interface BenchClient {
  readonly thumbprint: string;
  /** A new proof for a request with this token. */
  proof(method: string, url: string, token: string): string;
}

/** Makes one. */
export function createBenchClient(): BenchClient {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const jwk = { crv, kty, x, y };
  return {
    thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
    proof: (htm, htu, token) => {
      const ath = createHash('sha256').update(token).digest('base64url');
      const claims = { jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1_000), ath };
      return signed({ alg: 'ES256', typ: 'dpop+jwt', jwk }, claims, privateKey);
    },
  };
}
