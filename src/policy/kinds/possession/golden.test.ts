import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import bypass from './golden/bypass.json' with { type: 'json' };
import verdicts from './golden/verdicts.json' with { type: 'json' };
import { askWith, type Bound, Prover, proofOf, Thread, wordsOf } from './fixture.test.ts';

/** A request of `GET https://api.example/orders/7` but for what is said; a member of a proof that is null is left out. */
interface Golden {
  readonly name: string;
  readonly bound?: Bound;
  readonly scheme?: string | null;
  readonly method?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly nonce?: 'required';
  readonly certificate?: boolean;
  readonly ended?: boolean;
  readonly proxied?: boolean;
  readonly signer?: 'RS256' | 'ES384' | 'EdDSA' | 'weak' | 'private' | 'symmetric';
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** What is done with the text of the proof. */
  readonly spoiled?: 'signature' | 'padded' | 'cut' | 'spaced' | 'long' | 'dots' | 'der' | 'zero' | 'twice in a field';
  /** How often the field is there. */
  readonly fields?: number;
  /** How many times it was sent before. */
  readonly sent?: number;
  readonly verdict: string;
}

const PROVERS = {
  ES256: new Prover('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  ES384: new Prover('ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  RS256: new Prover('RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })),
  EdDSA: new Prover('EdDSA', generateKeyPairSync('ed25519')),
  weak: new Prover('RS256', generateKeyPairSync('rsa', { modulusLength: 1024 })),
};

function verdictOf(golden: Golden): string {
  const { signer, claims = {}, nonce, fields = 1, sent = 0, spoiled } = golden;
  const thread = new Thread();
  const prover =
    signer === undefined || signer === 'private' || signer === 'symmetric' ? PROVERS.ES256 : PROVERS[signer];
  const secret = signer === 'private' ? { jwk: prover.privateJwk } : {};
  const symmetric = signer === 'symmetric' ? { alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } } : {};
  const given = claims['nonce'] === 'newest' ? { nonce: thread.nonces.newest(thread.nowMs) } : {};
  const header = { ...secret, ...symmetric, ...golden.header };
  const proof = proofOf(prover, { header, claims: { ...claims, ...given }, spoiled: spoiled ?? null });
  const asked = {
    ...golden,
    thread,
    prover,
    proofs: new Array<string>(fields).fill(proof),
    nonce: nonce ?? 'off',
  } as const;
  for (let n = 0; n < sent; n++) askWith(asked);
  return wordsOf(askWith(asked));
}

for (const [file, list] of Object.entries({ verdicts, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, () => assert.equal(verdictOf(golden), golden.verdict));
  }
}
