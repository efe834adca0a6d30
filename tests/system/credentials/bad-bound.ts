import { createHash, randomUUID } from 'node:crypto';
import { type BadInput, bearing, judged, refused, taken } from './bad-input.ts';
import { encoded, type ForgingKey, forgingKey, tokenOf, tokenOfSecret } from './forged.ts';
import type { CredentialScene, Sent, Version } from './scene.ts';

// 39 to 41 and 44 to 47: tokens that are bound to a key (RFC 9449), that the issuer is asked about (RFC 7662), and API keys.

const own = forgingKey('client');
const foreign = forgingKey('client');

/** The key as a proof shows it. */
function publicOf({ publicKey }: ForgingKey): Record<string, unknown> {
  return publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
}

/** The thumbprint of a key (RFC 7638). */
function thumbprint(key: ForgingKey): string {
  const { crv, kty, x, y } = publicOf(key);
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

interface Proven {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: (scene: CredentialScene) => Readonly<Record<string, unknown>>;
  readonly key?: ForgingKey;
  /** Makes something else of the header and the claims than a signed text. */
  readonly written?: (header: object, claims: object) => string;
}

const bound = (scene: CredentialScene): string => scene.token({ cnf: { jkt: thumbprint(own) } });

/** A request with a token and a proof of it, which are as they should be but for what is given. */
function proven(scene: CredentialScene, { header = {}, claims, key = own, written }: Proven = {}): Sent {
  const token = bound(scene);
  const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicOf(key), ...header };
  const said = {
    ...{ jti: randomUUID(), htm: 'GET', htu: addressOf(scene), iat: Math.floor(Date.now() / 1_000) },
    ath: createHash('sha256').update(token).digest('base64url'),
    ...claims?.(scene),
  };
  const dpop = written?.(head, said) ?? tokenOf(key, head, said);
  return { headers: { authorization: `DPoP ${token}`, dpop } };
}

function addressOf({ gateway }: CredentialScene, path = '/orders/7'): string {
  return `https://localhost:${gateway.https}${path}`;
}

const PROOF = { code: '401 invalid-proof' };

const badProof = (what: string, given: Proven): BadInput => refused(39, what, (scene) => proven(scene, given), PROOF);

// A clock that is wrong is told the time by a nonce (RFC 9449 §8), and the proof is refused all the same.
const badTime = (what: string, distanceS: number): BadInput =>
  refused(39, what, (scene) => proven(scene, { claims: () => ({ iat: nowS() + distanceS }) }), {
    code: '401 proof-nonce-required',
  });

const badAddress = (what: string, htu: (scene: CredentialScene) => unknown): BadInput =>
  badProof(`htu ${what}`, { claims: (scene) => ({ htu: htu(scene) }) });

const nowS = (): number => Math.floor(Date.now() / 1_000);

/** What proves that somebody has the key, and does not. */
export const BAD_PROOFS: readonly BadInput[] = [
  taken(39, 'a proof as it should be', (scene) => proven(scene)),
  refused(39, 'no proof', (scene) => ({ headers: { authorization: `DPoP ${bound(scene)}` } }), PROOF),
  badProof('htm of another method', { claims: () => ({ htm: 'POST' }) }),
  badProof('htm in other letters', { claims: () => ({ htm: 'get' }) }),
  badProof('no htm', { claims: () => ({ htm: undefined }) }),
  badAddress('of another path', (scene) => addressOf(scene, '/orders/8')),
  badAddress('in other letters', (scene) => addressOf(scene, '/ORDERS/7')),
  badAddress('with a slash behind', (scene) => addressOf(scene, '/orders/7/')),
  badAddress('without the port', () => 'https://localhost/orders/7'),
  badAddress('of another port', () => 'https://localhost:1/orders/7'),
  badAddress('without TLS', (scene) => addressOf(scene).replace('https:', 'http:')),
  badAddress('of another host', () => 'https://evil.example/orders/7'),
  badAddress('with our host as a user', (scene) => `${addressOf(scene, '')}@evil.example/orders/7`),
  badAddress('that is relative', () => '/orders/7'),
  badAddress('that is a list', (scene) => [addressOf(scene)]),
  badAddress('that is missing', () => undefined),
  badProof('ath of another token', {
    claims: () => ({ ath: createHash('sha256').update('other').digest('base64url') }),
  }),
  badProof('no ath', { claims: () => ({ ath: undefined }) }),
  badTime('iat of ten minutes ago', -600),
  badTime('iat of ten minutes from now', 600),
  badProof('iat as a text', { claims: () => ({ iat: String(nowS()) }) }),
  badProof('no jti', { claims: () => ({ jti: undefined }) }),
  badProof('an empty jti', { claims: () => ({ jti: '' }) }),
  badProof('the private key in jwk', { header: { jwk: own.privateKey.export({ format: 'jwk' }) } }),
  badProof('a shared secret in jwk', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }),
  badProof('no jwk', { header: { jwk: undefined } }),
  badProof('alg none', {
    header: { alg: 'none' },
    written: (header, claims) => `${encoded(header)}.${encoded(claims)}.`,
  }),
  badProof('HS256 with the key as the secret', {
    header: { alg: 'HS256' },
    written: (header, claims) => tokenOfSecret(JSON.stringify(publicOf(own)), header, claims),
  }),
  badProof('typ JWT', { header: { typ: 'JWT' } }),
  badProof('no typ', { header: { typ: undefined } }),
  badProof('crit', { header: { crit: ['b64'], b64: true } }),
  badProof('the signature of another key', { key: foreign, header: { jwk: publicOf(own) } }),
  badProof('a key that the token is not bound to', { key: foreign }),
  refused(
    39,
    'two proofs',
    (scene) => {
      const { headers } = proven(scene);
      return {
        headers: { ...headers, dpop: [headers?.['dpop'] as string, proven(scene).headers?.['dpop'] as string] },
      };
    },
    PROOF,
  ),
  { ...badProof('a proof that was used', {}), attempt: usedTwice },
  refused(40, 'a bound token as a bearer’s', (scene) => bearing(bound(scene))),
  refused(40, 'a bound token as a bearer’s, beside its proof', (scene) => {
    const { headers } = proven(scene);
    return { headers: { ...headers, authorization: `Bearer ${bound(scene)}` } };
  }),
  refused(41, 'no nonce where one is asked for', (scene) => ({ ...at(scene, '/nonce') }), {
    code: '401 proof-nonce-required',
  }),
  refused(41, 'a nonce that was made up', (scene) => at(scene, '/nonce', { nonce: 'AAAAAAAAAAAAAAAAAAAAAAAA' }), {
    code: '401 proof-nonce-required',
  }),
];

function at(scene: CredentialScene, path: string, more: object = {}): Sent {
  return { ...proven(scene, { claims: () => ({ htu: addressOf(scene, path), ...more }) }), path };
}

/** The first time it is as it should be. */
async function usedTwice(scene: CredentialScene, version: Version): Promise<string | null> {
  const sent = proven(scene);
  const first = await scene.send(version, sent);
  if (first.reply.status !== 200) return `${first.reply.status} at first`;
  const again = refused(39, '', () => sent, PROOF);
  return again.attempt(scene, version);
}

const UNANSWERED = { code: '503 introspection-unavailable' };
const good = taken(44, 'a token that the issuer knows', () => bearing('good-token-of-somebody', '/asked'));

const asked = (what: string, token: string): BadInput =>
  refused(44, `a token of which the issuer says ${what}`, () => bearing(token, '/asked'), UNANSWERED);

/** Tokens that nobody can read, and keys. */
export const BAD_LOOK_UPS: readonly BadInput[] = [
  good,
  refused(44, 'a token that is not active', () => bearing('unknown-token-of-nobody', '/asked')),
  asked('nothing but 500', `failed-${randomUUID()}`),
  asked('what it says in HTML', `page-${randomUUID()}`),
  // Whoever fails again and again is left alone for a while: an answer in between shows that each of these was asked about.
  taken(44, 'another that it knows', () => bearing('good-token-of-another', '/asked')),
  asked('no `active`', `lacking-${randomUUID()}`),
  asked('`active` as a text', `text-${randomUUID()}`),
  taken(44, 'yet another that it knows', () => bearing('good-token-of-a-third', '/asked')),
  asked('nothing in time', `late-${randomUUID()}`),
  taken(45, 'what one server knows', () => bearing('split-token-of-somebody', '/asked')),
  refused(45, 'the same at a server that does not', () => bearing('split-token-of-somebody', '/also')),
  taken(47, 'an API key as it should be', ({ apiKey }) => ({ path: '/keyed', headers: { 'x-api-key': apiKey } })),
  refused(47, 'an opaque token without its end', () => bearing('good-token-of-somebod', '/asked')),
  refused(47, 'an opaque token in other letters', () => bearing('Good-token-of-somebody', '/asked')),
  ...keySpellings(),
];

function keySpellings(): readonly BadInput[] {
  const spellings: readonly (readonly [string, (key: string) => string])[] = [
    ['in capitals', (key) => key.toUpperCase()],
    ['in small letters', (key) => key.toLowerCase()],
    ['with one letter in the other case', swapped],
    ['without its end', (key) => key.slice(0, -1)],
    ['with something behind', (key) => `${key}0`],
    ['of another environment', (key) => key.replace('pcl_live', 'pcl_test')],
    ['with another id', (key) => `${key.slice(0, 9)}${'0'.repeat(16)}${key.slice(25)}`],
  ];
  return spellings.flatMap(([what, spell]) => [
    refused(47, `an API key ${what}`, ({ apiKey }) => ({ path: '/keyed', headers: { 'x-api-key': spell(apiKey) } }), {
      code: '401 invalid-api-key',
    }),
    judged(
      { item: 47, what: `an API key ${what}, as a bearer’s`, over: null },
      ({ apiKey }) => bearing(spell(apiKey), '/keyed'),
      ({ reply, arrived }) =>
        reply.status === 401 && arrived.length === 0
          ? null
          : `${reply.status}, and ${arrived.length} reached the upstream`,
    ),
  ]);
}

/** The last letter in its other case. */
function swapped(key: string): string {
  const place = key.search(/[a-zA-Z][^a-zA-Z]*$/);
  const letter = key[place] ?? '';
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return `${key.slice(0, place)}${other}${key.slice(place + 1)}`;
}
