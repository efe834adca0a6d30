import { type BadInput, bearing, refused, taken } from './bad-input.ts';
import { encoded, signature, tokenOf, tokenOfSecret } from './forged.ts';
import { claims, type CredentialScene } from './scene.ts';

// 1 to 26: the form of a token, and the key that it is verified with.

const HEADER = { alg: 'ES256', kid: 'one' };
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

type Make = (scene: CredentialScene) => string;

const bad = (item: number, what: string, make: Make): BadInput => refused(item, what, (scene) => bearing(make(scene)));

/** With another header, signed as it should be. */
const headed = (item: number, what: string, header: object): BadInput =>
  bad(item, what, ({ keys }) => tokenOf(keys.one, { ...HEADER, ...header }, claims()));

/** With a payload of this text, signed as it should be. */
const worded = (item: number, what: string, text: () => string): BadInput =>
  bad(item, what, ({ keys }) => tokenOf(keys.one, HEADER, text()));

const unsigned = (alg: unknown): string => `${encoded({ alg, kid: 'one' })}.${encoded(claims())}.`;

/** Members besides, written before those that should be there. */
const besides = (members: string, of: object = claims()): string => `{${members},${JSON.stringify(of).slice(1)}`;

const publicPem = ({ keys }: CredentialScene, name: 'one' | 'rsa'): string =>
  keys[name].publicKey.export({ type: 'spki', format: 'pem' }).toString();

const secrets: readonly (readonly [string, string, (scene: CredentialScene) => string | Buffer])[] = [
  ['the PEM of the RSA key', 'rsa', (scene) => publicPem(scene, 'rsa')],
  ['that PEM behind a space', 'rsa', (scene) => ` ${publicPem(scene, 'rsa')}`],
  ['that PEM behind a line break', 'rsa', (scene) => `\n${publicPem(scene, 'rsa')}`],
  ['that PEM without its last line break', 'rsa', (scene) => publicPem(scene, 'rsa').trimEnd()],
  ['the PEM of the EC key', 'one', (scene) => publicPem(scene, 'one')],
  ['the DER of the RSA key', 'rsa', ({ keys }) => keys.rsa.publicKey.export({ type: 'spki', format: 'der' })],
  ['the DER of the EC key', 'one', ({ keys }) => keys.one.publicKey.export({ type: 'spki', format: 'der' })],
  ['the JWK of the EC key', 'one', ({ keys }) => JSON.stringify(keys.one.publicKey.export({ format: 'jwk' }))],
  ['nothing', 'one', () => ''],
];

function respelled(token: string, at: number, spell: (part: string) => string): string {
  return token
    .split('.')
    .map((part, index) => (index === at ? spell(part) : part))
    .join('.');
}

/** The same octets, with other bits behind the last of them. */
function otherBits(part: string): string {
  const last = DIGITS.indexOf(part.at(-1) ?? '');
  return `${part.slice(0, -1)}${DIGITS[last ^ 1] ?? ''}`;
}

const parts = ['header', 'payload', 'signature'] as const;

/** The alg, the key and the parts of a token. */
export const BAD_FORMS: readonly BadInput[] = [
  taken(0, 'a token as it should be', (scene) => bearing(scene.token())),
  taken(0, 'a token of the other algorithm', ({ keys }) =>
    bearing(tokenOf(keys.rsa, { alg: 'RS256', kid: 'rsa' }, claims())),
  ),
  ...['none', 'nOnE', 'NONE', ''].map((alg) => bad(1, `alg ${JSON.stringify(alg)}`, () => unsigned(alg))),
  bad(1, 'alg none with a signature', ({ keys }) => tokenOf(keys.one, { ...HEADER, alg: 'none' }, claims())),
  ...secrets.map(([what, kid, secret]) =>
    bad(2, `HS256 with ${what} as the secret`, (scene) =>
      tokenOfSecret(secret(scene), { alg: 'HS256', kid }, claims()),
    ),
  ),
  bad(3, 'PS256, which is not in the list of the issuer', ({ keys }) =>
    tokenOf({ ...keys.rsa, algorithm: 'PS256' }, { alg: 'PS256', kid: 'rsa' }, claims()),
  ),
  ...['ES384', 'RS512', 'EdDSA', 'es256', 'ES256K'].map((alg) => headed(3, `alg ${alg}`, { alg })),
  bad(4, 'RS256 by the name of the EC key', ({ keys }) => tokenOf(keys.rsa, { alg: 'RS256', kid: 'one' }, claims())),
  bad(4, 'ES256 by the name of the RSA key', ({ keys }) => tokenOf(keys.one, { alg: 'ES256', kid: 'rsa' }, claims())),
  headed(5, 'a list as alg', { alg: ['ES256'] }),
  headed(5, 'a list as kid', { kid: ['one'] }),
  headed(5, 'an object as kid', { kid: { toString: 'one' } }),
  headed(5, 'a number as kid', { kid: 1 }),
  headed(6, 'crit of something unknown', { crit: ['x'], x: 1 }),
  headed(6, 'crit that names exp', { crit: ['exp'], exp: 1 }),
  headed(6, 'crit that names b64', { crit: ['b64'], b64: true }),
  headed(6, 'an empty crit', { crit: [] }),
  headed(7, 'b64 of false', { b64: false }),
  headed(7, 'b64 of false that crit names', { b64: false, crit: ['b64'] }),
  ...parts.flatMap((name, at) => [
    bad(8, `a space in the ${name}`, (scene) =>
      respelled(scene.token(), at, (part) => `${part.slice(0, 9)} ${part.slice(9)}`),
    ),
    bad(8, `a tab in the ${name}`, (scene) =>
      respelled(scene.token(), at, (part) => `${part.slice(0, 9)}\t${part.slice(9)}`),
    ),
    bad(10, `padding behind the ${name}`, (scene) => respelled(scene.token(), at, (part) => `${part}=`)),
    bad(10, `a plus in the ${name}`, (scene) => respelled(scene.token(), at, (part) => `+${part.slice(1)}`)),
    bad(10, `a slash in the ${name}`, (scene) => respelled(scene.token(), at, (part) => `/${part.slice(1)}`)),
  ]),
  bad(9, 'other bits behind the last octet of the signature', (scene) => respelled(scene.token(), 2, otherBits)),
  bad(9, 'other bits behind the last octet of the header', ({ keys }) => {
    // One that ends within a digit: so many octets, and one more.
    const text = JSON.stringify(HEADER);
    const header = otherBits(encoded(text + ' '.repeat((3 - (text.length % 3) + 1) % 3)));
    const input = `${header}.${encoded(claims())}`;
    return `${input}.${signature(keys.one, input)}`;
  }),
  bad(11, 'two parts', (scene) => scene.token().split('.').slice(0, 2).join('.')),
  bad(11, 'four parts', (scene) => `${scene.token()}.AAAA`),
  bad(11, 'an empty part behind', (scene) => `${scene.token()}.`),
  bad(11, 'ten thousand dots', () => '.'.repeat(10_000)),
  refused(12, 'more than 16 KiB', (scene) => bearing(scene.token({ filler: 'x'.repeat(16_384) })), {
    code: '431 header-too-large',
  }),
  worded(13, 'JSON that is 40 deep', () => besides(`"deep":${'['.repeat(40)}${']'.repeat(40)}`)),
  worded(13, 'JSON that is 3,000 deep', () => besides(`"deep":${'['.repeat(3_000)}${']'.repeat(3_000)}`)),
  worded(13, '250 claims', () => besides(Array.from({ length: 250 }, (_, at) => `"c${at}":1`).join(','))),
  worded(14, 'sub twice', () => besides('"sub":"root"')),
  worded(14, 'aud twice', () => besides('"aud":"https://other.example"')),
  worded(14, 'sub twice, once by an escape', () => besides('"s\\u0075b":"root"')),
  bad(14, 'alg twice in the header', ({ keys }) =>
    tokenOf(keys.one, '{"alg":"none",' + JSON.stringify(HEADER).slice(1), claims()),
  ),
  worded(15, 'a mark of byte order', () => `\ufeff${JSON.stringify(claims())}`),
  worded(15, 'a lone surrogate in sub', () => besides('"sub":"a\\ud800"', claims({ sub: undefined }))),
  worded(15, 'NUL in sub', () => besides('"sub":"ada\\u0000root"', claims({ sub: undefined }))),
  worded(15, 'a line break in sub', () => besides('"sub":"ada\\nroot"', claims({ sub: undefined }))),
  bad(15, 'what is no UTF-8', ({ keys }) => {
    const payload = Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xff, 0xc0]),
      Buffer.from('",'),
      Buffer.from(JSON.stringify(claims()).slice(1)),
    ]);
    const input = `${encoded(HEADER)}.${payload.toString('base64url')}`;
    return `${input}.${signature(keys.one, input)}`;
  }),
  ...['__proto__', 'constructor', 'prototype'].map((name) =>
    refused(
      16,
      `roles below ${name}, which give nothing`,
      ({ keys }) =>
        bearing(tokenOf(keys.one, HEADER, besides(`"${name}":{"roles":["reader"]}`, claims({ roles: undefined })))),
      { code: '403 forbidden' },
    ),
  ),
  bad(17, 'the JSON serialization', (scene) => {
    const [head, payload, made] = scene.token().split('.');
    return JSON.stringify({ protected: head, payload, signature: made });
  }),
  bad(18, 'an encrypted token', () => `${encoded({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`),
  bad(
    18,
    'an encrypted token with a billion rounds',
    () =>
      `${encoded({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e9, p2s: 'AAAA', zip: 'DEF' })}.AAAA.AAAA.AAAA.AAAA`,
  ),
  headed(18, 'a header with zip', { zip: 'DEF' }),
];

const NAMES = [
  '../../../../dev/null',
  "' OR 1=1 --",
  'https://evil.example/key',
  '__proto__',
  'constructor',
  '',
  'one\u0000',
];

/** The keys that tokens name or bring along. */
export const BAD_KEYS: readonly BadInput[] = [
  ...(['jku', 'x5u'] as const).map((name) => trapped(name)),
  bad(19, 'jwk with the key that it is signed with', ({ keys }) =>
    tokenOf(keys.stranger, { ...HEADER, jwk: keys.stranger.publicKey.export({ format: 'jwk' }) }, claims()),
  ),
  bad(19, 'x5c with something', ({ keys }) => tokenOf(keys.stranger, { ...HEADER, x5c: ['AAAA'] }, claims())),
  ...NAMES.map((kid) =>
    bad(20, `the name ${JSON.stringify(kid)}`, ({ keys }) => tokenOf(keys.stranger, { ...HEADER, kid }, claims())),
  ),
  ...NAMES.map((kid) =>
    bad(20, `the name ${JSON.stringify(kid)} with a good key`, ({ keys }) =>
      tokenOf(keys.one, { ...HEADER, kid }, claims()),
    ),
  ),
  bad(25, 'no name where two keys would do', ({ keys }) => tokenOf(keys.one, { alg: 'ES256' }, claims())),
  taken(25, 'no name where there is one key', ({ keys }) =>
    bearing(tokenOf(keys.sole, { alg: 'ES256' }, claims()), '/sole'),
  ),
  bad(26, 'RSA of 1024 bits, which the issuer shows', ({ keys }) =>
    tokenOf(keys.weak, { alg: 'RS256', kid: 'weak' }, claims()),
  ),
];

/** The key is where the token says, and nobody goes there. */
function trapped(name: 'jku' | 'x5u'): BadInput {
  const inner = bad(19, `${name} of a key of one’s own`, ({ keys, trap }) =>
    tokenOf(keys.stranger, { ...HEADER, [name]: trap.url }, claims()),
  );
  return {
    ...inner,
    attempt: async (scene, version) => {
      const complaint = await inner.attempt(scene, version);
      return complaint ?? (scene.trap.calls() === 0 ? null : 'made somebody call');
    },
  };
}
