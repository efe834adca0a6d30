import assert from 'node:assert/strict';
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { errors, importJWK, jwtVerify } from 'jose';
import type { JwtFault } from './jwt-fault.ts';
import {
  CLAIMS,
  createSigner,
  NOW,
  NOW_MS,
  part,
  PROFILE,
  readJson,
  rowsOf,
  type Signer,
  tokenOf,
} from './jwt-fixture.test.ts';
import { readJwt } from './jwt-text.ts';
import { verifyJwt } from './jwt.ts';
import type { KeyRow } from './key-row.ts';
import { SIGNATURE_ALGORITHMS, type TokenProfile } from './token-profile.ts';

const signer = createSigner('ES256', 'ec');
const rsa = createSigner('RS256', 'rsa');
const ROWS = rowsOf(signer.row, rsa.row);

interface Given {
  readonly rows?: ReadonlyMap<string, KeyRow>;
  readonly profile?: TokenProfile;
}

/** What is said of a token: the fault, or null where it is taken. */
function judge(token: string, { rows = ROWS, profile = PROFILE }: Given = {}): JwtFault | null {
  const read = readJwt(token, readJson);
  const verified = read.ok ? verifyJwt(read.value, profile, rows, NOW_MS) : read;
  return verified.ok ? null : verified.error;
}

for (const algorithm of SIGNATURE_ALGORITHMS) {
  test(`a token signed with ${algorithm} is taken where the issuer signs so, by us and by jose`, async () => {
    const one = createSigner(algorithm);
    const profile = { ...PROFILE, algorithms: [algorithm] };
    const token = tokenOf(one);
    assert.equal(judge(token, { rows: rowsOf(one.row), profile }), null);
    await assertJoseTakes(token, one, profile);
    assert.equal(judge(token, { rows: rowsOf(one.row), profile: { ...PROFILE, algorithms: [] } }), 'algorithm');
  });
}

test('a verified token names its key, its algorithm and its times', () => {
  const read = readJwt(tokenOf(signer), readJson);
  assert.ok(read.ok);
  const verified = verifyJwt(read.value, PROFILE, ROWS, NOW_MS);
  assert.ok(verified.ok);
  const { key, algorithm, subject, expiresAtMs, claims } = verified.value;
  assert.deepEqual([key, algorithm, subject, expiresAtMs], [signer.row, 'ES256', 'ada', (NOW + 600) * 1_000]);
  assert.deepEqual(claims, CLAIMS);
});

const unsigned = (header: object): string => `${part(header)}.${part(CLAIMS)}.AA`;

for (const alg of [
  'none',
  'None',
  'nOnE',
  'NONE',
  '',
  ' none',
  'HS256',
  'es256',
  'ES256 ',
  'ES256K',
  'RS1',
  '__proto__',
]) {
  test(`the algorithm ${JSON.stringify(alg)} is nobody’s`, () => {
    assert.equal(judge(unsigned({ alg, kid: 'ec' })), 'algorithm');
    assert.equal(judge(`${part({ alg })}.${part(CLAIMS)}.`), 'algorithm');
  });
}

test('a public key is no shared secret, in whatever form it is taken for one', () => {
  const der = { format: 'der', type: 'spki' } as const;
  const pem = publicPem(rsa);
  const secrets = [pem, pem.trim(), ` ${pem}`, `\n${pem}`, JSON.stringify(rsa.row.jwk), rsa.row.jwk['n'] as string];
  const bytes = [...secrets.map((text) => Buffer.from(text)), publicOf(rsa).export(der)];
  for (const secret of bytes) {
    for (const alg of ['HS256', 'RS256', 'ES256']) {
      const input = `${part({ alg, kid: 'rsa' })}.${part(CLAIMS)}`;
      const forged = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      assert.notEqual(judge(forged), null);
    }
  }
});

test('an algorithm outside the issuer’s list is refused, even with a key for it', () => {
  const one = createSigner('ES384', 'ec');
  assert.equal(judge(tokenOf(one), { rows: rowsOf(one.row) }), 'algorithm');
});

test('the algorithm must be the one of the key', () => {
  assert.equal(judge(tokenOf(signer, {}, { kid: 'rsa' })), 'key-choice');
  assert.equal(judge(tokenOf(signer, {}, { alg: 'RS256', kid: 'ec' })), 'key-choice');
  assert.equal(judge(tokenOf(rsa, {}, { alg: 'ES256', kid: 'ec' })), 'signature');
  const lying = { ...rsa.row, kid: 'ec', algorithms: ['ES256'] as const };
  assert.equal(judge(tokenOf(signer, {}, { kid: 'ec' }), { rows: rowsOf(lying) }), 'signature');
});

test('a key that an issuer does not have signs nothing for it, also under the same name', () => {
  const other = createSigner('ES256', 'ec');
  assert.equal(judge(tokenOf(other)), 'signature');
  assert.equal(judge(tokenOf(createSigner('ES256', 'unheard-of'))), 'unknown-key');
});

test('a key that the token brings along signs nothing', () => {
  const thief = createSigner('ES256', 'ec');
  for (const header of [{ jwk: thief.row.jwk }, { jku: 'https://evil.example/keys' }, { x5c: ['AA'] }]) {
    assert.equal(judge(tokenOf(thief, {}, header)), 'signature');
    assert.equal(judge(tokenOf(signer, {}, header)), null);
  }
});

test('of two keys with one name the one that signed is found', () => {
  const other = createSigner('ES256', 'ec');
  for (const rows of [rowsOf(signer.row, other.row), rowsOf(other.row, signer.row)]) {
    assert.equal(judge(tokenOf(signer), { rows }), null);
    assert.equal(judge(tokenOf(other), { rows }), null);
  }
});

test('a token without the name of a key is taken where only one can be meant', () => {
  const nameless = tokenOf(signer, {}, { kid: undefined });
  assert.equal(judge(nameless), null);
  const rows = rowsOf(signer.row, createSigner('ES256', 'other').row);
  assert.equal(judge(nameless, { rows }), 'key-choice');
});

test('a key that cannot be trusted signs nothing', () => {
  const row: KeyRow = { ...signer.row, jwk: { ...signer.row.jwk, y: signer.row.jwk['x'] as string } };
  assert.equal(judge(tokenOf(signer), { rows: rowsOf(row) }), 'weak-key');
});

test('what is wrong before any key is needed is found without one', () => {
  const noRows = { rows: rowsOf() };
  assert.equal(judge(tokenOf(signer, { exp: NOW - 600 }), noRows), 'expired');
  assert.equal(judge(tokenOf(signer, { aud: 'https://other.example' }), noRows), 'audience');
  assert.equal(judge(tokenOf(signer, {}, { typ: 'dpop+jwt' }), noRows), 'type');
  assert.equal(judge(tokenOf(signer), noRows), 'unknown-key');
});

test('no character of a token can be changed, taken out or put in', () => {
  const token = tokenOf(signer, {}, { typ: 'at+jwt' });
  const alphabet = fc.constantFrom(...'ABCXYZabcxyz0189-_.=+/ \n');
  fc.assert(
    fc.property(
      fc.nat(token.length - 1),
      fc.constantFrom('change', 'remove', 'insert'),
      alphabet,
      (at, how, character) => {
        const before = token.slice(0, at);
        const after = token.slice(how === 'insert' ? at : at + 1);
        const changed = `${before}${how === 'remove' ? '' : character}${after}`;
        if (changed !== token) assert.notEqual(judge(changed), null, changed);
      },
    ),
    { numRuns: 1_500 },
  );
});

test('whatever claims we take jose takes too', async () => {
  const odd = fc.constantFrom<unknown>(undefined, null, '', 0, [], {}, 'https://api.example', ['https://api.example']);
  const time = fc.oneof(fc.integer({ min: NOW - 4_000, max: NOW + 4_000 }), odd);
  const claims = fc.record(
    {
      iss: fc.oneof(fc.constant('https://id.example'), odd),
      aud: odd,
      sub: fc.oneof(fc.constant('ada'), odd),
      exp: time,
      nbf: time,
      iat: time,
    },
    { requiredKeys: [] },
  );
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(claims, async (given) => {
      const token = tokenOf(signer, given);
      if (judge(token) !== null) return;
      taken++;
      await assertJoseTakes(token, signer, PROFILE);
    }),
    { numRuns: 1_000 },
  );
  assert.ok(taken > 0, 'none was taken');
});

test('what jose refuses we refuse too', async () => {
  const claims = [{ exp: NOW - 31 }, { nbf: NOW + 31 }, { aud: 'x' }, { iss: 'x' }, { exp: 'x' }, { sub: undefined }];
  for (const one of claims) {
    const token = tokenOf(signer, one);
    await assert.rejects(joseReads(token, signer, PROFILE), errors.JOSEError);
    assert.notEqual(judge(token), null);
  }
});

async function joseReads(token: string, one: Signer, profile: TokenProfile): Promise<unknown> {
  return jwtVerify(token, await importJWK(one.row.jwk, one.algorithm), {
    issuer: profile.issuer,
    audience: [...profile.audiences],
    algorithms: [...profile.algorithms],
    clockTolerance: profile.skewMs / 1_000,
    currentDate: new Date(NOW_MS),
    requiredClaims: ['sub', 'exp'],
  });
}

async function assertJoseTakes(token: string, one: Signer, profile: TokenProfile): Promise<void> {
  await assert.doesNotReject(joseReads(token, one, profile));
}

function publicOf(one: Signer): KeyObject {
  return createPublicKey(one.privateKey);
}

function publicPem(one: Signer): string {
  return publicOf(one).export({ format: 'pem', type: 'spki' }).toString();
}
