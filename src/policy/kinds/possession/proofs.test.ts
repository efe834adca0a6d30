import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { parseJson } from '../../../body/index.ts';
import { DpopProofs, type ProvenRequest } from '../../../credential/index.ts';

const TOKEN = 'a.b.c';
const URL = 'https://api.example/orders';
const ath = createHash('sha256').update(TOKEN).digest('base64url');
const CLAIMS = { jti: 'one', htm: 'GET', htu: URL, iat: 1_780_315_200, ath };

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = publicKey.export({ format: 'jwk' });
const thumbprint = await calculateJwkThumbprint(jwk as never);

function proofOf(claims: object | string = CLAIMS, header: object | string = {}, key: KeyObject = privateKey): string {
  const parts = [typeof header === 'string' ? header : { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header }, claims];
  const input = parts
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const REQUEST: ProvenRequest = { method: 'GET', isTarget: (address) => address === URL, token: TOKEN, thumbprint };

function judged(text: string, request: Partial<ProvenRequest> = {}, proofs = new DpopProofs(parseJson)): string {
  const held = proofs.judge(text, { ...REQUEST, ...request });
  return held.ok ? held.value.jti : held.error;
}

test('a proof of another library holds, for each algorithm that it has', async () => {
  for (const alg of ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA']) {
    const pair = await generateKeyPair(alg, { extractable: true });
    const shown = await exportJWK(pair.publicKey);
    const text = await new SignJWT(CLAIMS)
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: shown })
      .sign(pair.privateKey);
    assert.equal(judged(text, { thumbprint: await calculateJwkThumbprint(shown) }), 'one', alg);
  }
});

test('what is remembered of a header changes nothing of what is asked of the rest', () => {
  const proofs = new DpopProofs(parseJson);
  assert.equal(judged(proofOf(), {}, proofs), 'one');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  for (let n = 0; n < 2; n++) {
    assert.equal(judged(proofOf({ ...CLAIMS, jti: 'two' }), {}, proofs), 'two');
    assert.equal(judged(proofOf(CLAIMS, {}, other), {}, proofs), 'signature');
    assert.equal(judged(proofOf(), { thumbprint: 'A'.repeat(43) }, proofs), 'binding');
    assert.equal(judged(proofOf(), { token: 'a.b.d' }, proofs), 'token-hash');
    assert.equal(judged(proofOf(), { method: 'POST' }, proofs), 'method');
    assert.equal(judged(proofOf(), { isTarget: () => false }, proofs), 'target');
    assert.equal(judged(proofOf({ ...CLAIMS, iat: 'now' }), {}, proofs), 'claims');
  }
});

test('a proof that is changed in any character is refused', () => {
  const text = proofOf();
  const letters = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ,\t');
  const proofs = new DpopProofs(parseJson);
  assert.equal(judged(text, {}, proofs), 'one');
  fc.assert(
    fc.property(fc.nat(text.length - 1), letters, fc.constantFrom('put', 'insert', 'cut'), (at, letter, how) => {
      const rest = text.slice(how === 'insert' ? at : at + 1);
      const changed = `${text.slice(0, at)}${how === 'cut' ? '' : letter}${rest}`;
      if (changed !== text) assert.equal(proofs.judge(changed, REQUEST).ok, false, changed);
    }),
    { numRuns: 2_000 },
  );
});

/** What a header or a claim may be, besides what it should. */
const HEADERS = {
  typ: ['DPOP+JWT', 'jwt', 1],
  alg: ['ES384', 'none', 'HS256', '', null],
  jwk: [
    { ...jwk, d: 'AA' },
    { ...jwk, x: 'AA' },
    { ...jwk, crv: 'P-384' },
    { ...jwk, use: 'enc' },
    { ...jwk, kty: 'RSA' },
    {},
    null,
  ],
  crit: [['exp'], [], 'b64', ['b64']],
  b64: [true, false],
  kid: ['one', 1],
} as const;

test('whatever holds here holds for jose too', async () => {
  const change = fc.constantFrom(
    ...Object.entries(HEADERS).flatMap(([name, values]) => values.map((value) => ({ [name]: value as unknown }))),
  );
  let held = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 3 }), async (changes) => {
      const text = proofOf(CLAIMS, Object.assign({}, ...changes) as object);
      if (!new DpopProofs(parseJson).judge(text, REQUEST).ok) return;
      held++;
      const { payload } = await jwtVerify(text, EmbeddedJWK, {
        typ: 'dpop+jwt',
        currentDate: new Date(CLAIMS.iat * 1_000),
      });
      assert.equal(payload['htm'], 'GET');
    }),
    { numRuns: 1_000 },
  );
  assert.ok(held > 0);
});

test('names that occur twice, deep values and inherited names are no way round', () => {
  const twice = `{"typ":"dpop+jwt","alg":"ES256","alg":"none","jwk":${JSON.stringify(jwk)}}`;
  assert.equal(judged(proofOf(CLAIMS, twice)), 'json');
  const said = JSON.stringify(CLAIMS);
  assert.equal(judged(proofOf(said.replace('"htm":"GET"', '"htm":"PUT","htm":"GET"'))), 'json');
  assert.equal(judged(proofOf(`{"__proto__":${said}}`)), 'claims');
  assert.equal(judged(proofOf(said.replace('}', `,"x":${'['.repeat(40)}${']'.repeat(40)}}`))), 'json');
  assert.equal(judged(proofOf(`[${said}]`)), 'json');
  assert.equal(judged(proofOf(`\ufeff${said}`)), 'json');
});

test('what is sent to cost time costs none', () => {
  const began = performance.now();
  const proofs = new DpopProofs(parseJson);
  for (const text of [
    '.'.repeat(100_000),
    'A'.repeat(100_000),
    `${'A'.repeat(4_000)}.${'B'.repeat(4_000)}.`,
    `${'.'.repeat(8_000)}`,
  ]) {
    for (let n = 0; n < 100; n++) assert.equal(proofs.judge(text, REQUEST).ok, false);
  }
  assert.ok(performance.now() - began < 2_000);
});
