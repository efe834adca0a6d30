import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRequests } from './request-lines.ts';

/** The signature algorithms that are compared. */
export type BenchAlgorithm = 'RS256' | 'ES256';

/** What contestants and the load generator need for traffic with tokens. */
export interface Callers {
  readonly algorithm: BenchAlgorithm;
  readonly issuer: string;
  readonly audience: string;
  /** A JWK Set. */
  readonly keysFile: string;
  /** The same key, PEM. */
  readonly publicKeyFile: string;
  /** Requests that `writeRequests` wrote. The load generator takes them in turn, again and again. */
  readonly requestsFile: string;
}

const ISSUER = 'https://id.bench.example';
const AUDIENCE = 'https://api.bench.example';
const USERS = 500;

/** The configuration of all rows with tokens, up to the APIs. */
export function securedHead({ algorithm, issuer, audience, keysFile }: Callers): string {
  return `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data-${algorithm}
issuers:
  bench: { issuer: '${issuer}', audience: '${audience}', algorithms: [${algorithm}], jwks: '${keysFile}' }
roles:
  customer: { can: ['orders:read'] }
`;
}

/** Makes a key, tokens of 500 users signed by it, and requests that bear them: one each, or `requests` of them, each with a token of its own. */
export async function makeCallers(
  folder: string,
  algorithm: BenchAlgorithm,
  requests: number = USERS,
): Promise<Callers> {
  const pair =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = `${algorithm}-${requests}`;
  const keysFile = join(folder, `${name}.json`);
  const publicKeyFile = join(folder, `${name}.pem`);
  const requestsFile = join(folder, `${name}.requests`);
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'bench', alg: algorithm, use: 'sig' };
  await writeFile(keysFile, JSON.stringify({ keys: [jwk] }));
  await writeFile(publicKeyFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  const lines = Array.from({ length: requests }, (_, at) => {
    const token = signToken(pair.privateKey, algorithm, at);
    return { path: `/orders/${1000 + (at % USERS)}?limit=${1 + (at % 50)}`, token };
  });
  await writeRequests(requestsFile, lines);
  return { algorithm, issuer: ISSUER, audience: AUDIENCE, keysFile, publicKeyFile, requestsFile };
}

function signToken(key: KeyObject, algorithm: BenchAlgorithm, at: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: `user-${String(at % USERS).padStart(4, '0')}`,
    client_id: 'bench-app',
    iat: now,
    exp: now + 3600,
    jti: `token-${at}`,
    scope: 'orders:read',
    roles: ['customer'],
  };
  const signed = [{ alg: algorithm, kid: 'bench', typ: 'at+jwt' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The description of what they call, for whoever validates. */
export const BENCH_DESCRIPTION = `openapi: 3.1.0
info: { title: Bench, version: '1' }
paths:
  /orders/{orderId}:
    get:
      operationId: getOrder
      security: [{ oauth: ['orders:read'] }]
      parameters:
        - { name: orderId, in: path, required: true, schema: { type: integer, minimum: 1, maximum: 999999 } }
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 100 } }
      responses:
        '200': { description: An order }
components:
  securitySchemes:
    oauth: { type: oauth2, flows: { clientCredentials: { tokenUrl: '${ISSUER}/token', scopes: { 'orders:read': read } } } }
`;
