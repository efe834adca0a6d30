import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { createSigner, NOW, part, PROFILE, type Signer, signWith } from '../../src/credential/jwt-fixture.test.ts';
import { type Change, changed, changeOf } from '../fuzz/mutation.ts';

/** A token of which something was changed, and with what it was signed. */
export interface MutatedToken {
  readonly token: string;
  /** What was done, for whoever reads a failure. */
  readonly how: string;
}

const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;

/** The keys of the issuer, one for each algorithm. */
export const SIGNERS: readonly Signer[] = ALGORITHMS.map(signerOf);

/** Keys of somebody else, by the same names. */
const STRANGERS: readonly Signer[] = ALGORITHMS.map(signerOf);

/** A signer with a key of its own: keys that two algorithms share are one key of an issuer. */
function signerOf(algorithm: (typeof ALGORITHMS)[number]): Signer {
  const made = createSigner(algorithm, `key-${algorithm}`);
  if (!/^[RP]S/.test(algorithm)) return made;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, string>;
  const row = { ...made.row, thumbprint: `${algorithm}-${jwk['n']?.slice(0, 20) ?? ''}`, jwk };
  return { ...made, privateKey, row, sign: (input) => signWith(algorithm, privateKey, input) };
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

const CLAIM_VALUES: fc.Arbitrary<Json | undefined> = fc.oneof(
  fc.constantFrom<Json | undefined>(undefined, null, true, '', 'ada', [], {}, 0, -1, 1e308, '1780315800'),
  fc.constantFrom<Json>(PROFILE.issuer, `${PROFILE.issuer}/`, [PROFILE.issuer], 'https://api.example', [
    'https://other.example',
    'https://api.example',
  ]),
  fc.integer({ min: -90, max: 90 }).map((seconds) => NOW + seconds),
  fc.constantFrom(NOW + 86_400, NOW + 86_401, NOW * 1_000, NOW + 0.5),
);
const CLAIMS = ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'cnf', 'nonce', 'typ', '__proto__'] as const;

const HEADER_VALUES: fc.Arbitrary<readonly [string, Json | undefined]> = fc.oneof(
  fc.tuple(
    fc.constant('alg'),
    fc.constantFrom<Json | undefined>('none', 'nOnE', '', 'HS256', 'RS512', ...ALGORITHMS, ['ES256'], undefined, null),
  ),
  fc.tuple(
    fc.constant('kid'),
    fc.constantFrom<Json | undefined>(undefined, '', '../key', 'key-RS256', 'key-ES256', ['key-ES256'], 5, null),
  ),
  fc.tuple(
    fc.constant('typ'),
    fc.constantFrom<Json | undefined>('JWT', 'at+jwt', 'AT+JWT', 'dpop+jwt', '', 5, undefined),
  ),
  fc.tuple(fc.constant('crit'), fc.constantFrom<Json>([], ['exp'], ['b64'], 'b64', ['x'])),
  fc.tuple(fc.constant('b64'), fc.constantFrom<Json>(true, false)),
  fc.tuple(fc.constantFrom('jku', 'x5u'), fc.constant<Json>('https://evil.example/keys')),
  fc.tuple(fc.constantFrom('enc', 'zip', 'cty'), fc.constantFrom<Json>('A128GCM', 'DEF', 'JWT')),
);

/** How the signature is made. */
const SIGNATURES = [
  'own',
  'own',
  'own',
  'own',
  'own',
  'own',
  'own',
  'own',
  'stranger',
  'other',
  'none',
  'zero',
  'secret',
  'der',
  'stale',
] as const;
type SignatureHow = (typeof SIGNATURES)[number];

/** What is done to the text of the whole, or of one part. */
const SPELLINGS = [
  'plain',
  'plain',
  'plain',
  'plain',
  'plain',
  'plain',
  'padded',
  'standard',
  'blank',
  'break',
  'bits',
  'dot',
  'twice',
] as const;

interface Recipe {
  readonly signer: number;
  readonly claims: readonly (readonly [string, Json | undefined])[];
  readonly header: readonly (readonly [string, Json | undefined])[];
  readonly signature: SignatureHow;
  readonly spelling: (typeof SPELLINGS)[number];
  readonly place: number;
  readonly change: Change | null;
}

const RECIPE: fc.Arbitrary<Recipe> = fc.record({
  signer: fc.nat(ALGORITHMS.length - 1),
  claims: fc.array(fc.tuple(fc.constantFrom(...CLAIMS), CLAIM_VALUES), { maxLength: 2 }),
  header: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(HEADER_VALUES) }),
  signature: fc.constantFrom(...SIGNATURES),
  spelling: fc.constantFrom(...SPELLINGS),
  place: fc.nat(2),
  change: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: changeOf(3) }),
});

/** Tokens that are near to good ones: some of them are. */
export const MUTATED: fc.Arbitrary<MutatedToken> = RECIPE.map((recipe) => ({
  token: tokenOf(recipe),
  how: JSON.stringify(recipe),
}));

function tokenOf(recipe: Recipe): string {
  const signer = SIGNERS[recipe.signer] as Signer;
  const header = written({ alg: signer.algorithm, kid: signer.row.kid }, recipe.header, recipe.spelling === 'twice');
  const good = { iss: PROFILE.issuer, aud: 'https://api.example', sub: 'ada', iat: NOW - 60, exp: NOW + 600 };
  const claims = written(good, recipe.claims, recipe.spelling === 'twice' && recipe.place > 0);
  const input = `${part(header)}.${part(claims)}`;
  const parts = [...input.split('.'), signatureOf(recipe, signer, input).toString('base64url')];
  const spelled = parts.map((text, at) => (at === recipe.place ? spell(text, recipe.spelling) : text)).join('.');
  return recipe.change === null ? spelled : changed(Buffer.from(spelled, 'latin1'), recipe.change).toString('latin1');
}

/** A JSON text with these members put over the others; the last of a name counts, or stands there besides. */
function written(
  base: Readonly<Record<string, Json>>,
  changes: readonly (readonly [string, Json | undefined])[],
  twice: boolean,
): string {
  const members = new Map<string, Json | undefined>(Object.entries(base));
  for (const [name, value] of changes) members.set(name, value);
  const texts = [...members].flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`],
  );
  return `{${[...texts, ...(twice ? texts.slice(0, 1) : [])].join(',')}}`;
}

function signatureOf({ signature, signer: number }: Recipe, signer: Signer, input: string): Buffer {
  const own = signer.sign(input);
  switch (signature) {
    case 'own':
      return own;
    case 'stranger':
      return (STRANGERS[number] as Signer).sign(input);
    case 'other':
      return (SIGNERS[(number + 1) % SIGNERS.length] as Signer).sign(input);
    case 'none':
      return Buffer.alloc(0);
    case 'zero':
      return Buffer.alloc(own.length);
    case 'secret':
      return createHmac('sha256', JSON.stringify(signer.row.jwk)).update(input).digest();
    case 'der':
      return derOf(own);
    case 'stale':
      return signer.sign(`${input}x`);
    default:
      return signature satisfies never;
  }
}

/** The two halves as ASN.1 has them, which is how other protocols write signatures of curves. */
function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
  const both = Buffer.concat([integer(signature.subarray(0, half)), integer(signature.subarray(half))]);
  return Buffer.concat([Buffer.from([0x30, both.length & 0xff]), both]);
}

function spell(text: string, spelling: Recipe['spelling']): string {
  switch (spelling) {
    case 'padded':
      return `${text}=`;
    case 'standard':
      return text.replaceAll('-', '+').replaceAll('_', '/');
    case 'blank':
      return `${text.slice(0, 5)} ${text.slice(5)}`;
    case 'break':
      return `${text.slice(0, 9)}\n${text.slice(9)}`;
    case 'bits':
      return nextSpelling(text);
    case 'dot':
      return `${text}.`;
    case 'plain':
    case 'twice':
      return text;
    default:
      return spelling satisfies never;
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same octets with other bits behind the last of them, where there are such. */
function nextSpelling(text: string): string {
  const last = DIGITS.indexOf(text.at(-1) ?? '');
  return text.length % 4 < 2 || last < 0 ? text : `${text.slice(0, -1)}${DIGITS[last ^ 1] ?? ''}`;
}
