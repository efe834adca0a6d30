import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalJWKSet, decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { parseJson } from '../../src/body/index.ts';
import { NOW, NOW_MS, PROFILE, rowsOf } from '../../src/credential/jwt-fixture.test.ts';
import { readJwt } from '../../src/credential/jwt-text.ts';
import { verifyJwt } from '../../src/credential/jwt.ts';
import type { TokenProfile } from '../../src/credential/token-profile.ts';
import { seedsOf } from '../fuzz/mutation.ts';
import { MUTATED, SIGNERS } from './mutated-token.ts';

// Whatever we take, two verifiers that nobody here wrote must take. What they take and we do not is meant: we are stricter.

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4_000);
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
const OURS: TokenProfile = { ...PROFILE, algorithms: ALGORITHMS };
const ROWS = rowsOf(...SIGNERS.map(({ row }) => row));
const KEYS = new Map<string | null, KeyObject>(
  SIGNERS.map(({ row }) => [row.kid, createPublicKey({ key: { ...row.jwk }, format: 'jwk' })]),
);
const KEY_SET: JWTVerifyGetKey = createLocalJWKSet({
  keys: SIGNERS.map(({ row, algorithm }) => ({
    ...row.jwk,
    kid: row.kid as string,
    alg: algorithm,
    kty: row.jwk['kty'] ?? '',
  })),
});

/** Why we do not take a token; null where we do. */
function ours(token: string): string | null {
  const jwt = readJwt(token, parseJson);
  if (!jwt.ok) return jwt.error;
  const verified = verifyJwt(jwt.value, OURS, ROWS, NOW_MS);
  return verified.ok ? null : verified.error;
}

async function byJose(token: string): Promise<string | null> {
  try {
    await jwtVerify(token, KEY_SET, {
      ...{ issuer: PROFILE.issuer, audience: [...PROFILE.audiences], algorithms: [...ALGORITHMS] },
      ...{ clockTolerance: 30, currentDate: new Date(NOW_MS), requiredClaims: ['exp', 'sub'] },
    });
    return null;
  } catch (fault) {
    return fault instanceof errors.JOSEError ? fault.code : 'threw';
  }
}

/** It has one key and no set: the one of the name that the token says, or the only one of its algorithm. */
function byJsonwebtoken(token: string): string | null {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    const key = KEYS.get(kid ?? `key-${alg ?? ''}`);
    if (key === undefined) return 'no key';
    jsonwebtoken.verify(token, key, {
      ...{ issuer: PROFILE.issuer, audience: [...PROFILE.audiences] as [string, ...string[]] },
      algorithms: ['ES256', 'RS256', 'PS256'],
      ...{ clockTolerance: 30, clockTimestamp: NOW },
    });
    return null;
  } catch (fault) {
    return fault instanceof Error ? fault.message : 'threw';
  }
}

/**
 * Where another verifier refuses what we take, and is not right. Each has its reason; there is no other difference.
 * - jsonwebtoken knows no EdDSA (RFC 8037), and says so of the algorithm.
 */
function isKnown(token: string, said: string): boolean {
  return decodeProtectedHeader(token).alg === 'EdDSA' && /invalid algorithm|asymmetric key/i.test(said);
}

for (const seed of seedsOf(2)) {
  test(`seed ${seed}: nothing is taken that jose or jsonwebtoken refuses`, async () => {
    const tally = { taken: 0, stricterThanJose: 0, stricterThanJsonwebtoken: 0 };
    await fc.assert(
      fc.asyncProperty(MUTATED, async ({ token, how }) => {
        const fault = ours(token);
        const [jose, other] = [await byJose(token), byJsonwebtoken(token)];
        if (fault !== null) {
          if (jose === null) tally.stricterThanJose++;
          if (other === null) tally.stricterThanJsonwebtoken++;
          return;
        }
        tally.taken++;
        assert.equal(jose, null, `jose: ${jose ?? ''}: ${how}`);
        assert.ok(other === null || isKnown(token, other), `jsonwebtoken: ${other ?? ''}: ${how}`);
      }),
      { seed, numRuns: RUNS },
    );
    // Without these nothing would have been asked.
    assert.ok(tally.taken > RUNS / 100, JSON.stringify(tally));
    assert.ok(tally.stricterThanJose > RUNS / 100 && tally.stricterThanJsonwebtoken > 0, JSON.stringify(tally));
  });
}

test('good tokens of every algorithm are taken by all who know it', async () => {
  for (const { row, algorithm, sign } of SIGNERS) {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: PROFILE.issuer, aud: PROFILE.audiences[0], sub: 'ada', exp: NOW + 60 };
    const input = `${part({ alg: algorithm, kid: row.kid })}.${part(claims)}`;
    const token = `${input}.${sign(input).toString('base64url')}`;
    assert.equal(ours(token), null, algorithm);
    assert.equal(await byJose(token), null, algorithm);
    const other = byJsonwebtoken(token);
    assert.ok(other === null || isKnown(token, other), `${algorithm}: ${other ?? ''}`);
  }
});
