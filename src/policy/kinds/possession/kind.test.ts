import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Operation } from '../../operation.ts';
import { type Asked, askWith, NOW, proofOf, Prover, Thread, wordsOf } from './fixture.test.ts';

const prover = new Prover('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const proof = (claims: Readonly<Record<string, unknown>> = {}): string =>
  proofOf(prover, { header: {}, claims, spoiled: null });

function ask(thread: Thread, text: string, more: Partial<Asked> = {}) {
  return askWith({ thread, prover, proofs: [text], nonce: 'off', ...more });
}

const REPLAYED = 'invalid-proof proof-replayed DPoP invalid_dpop_proof';
const NONCE = 'proof-nonce-required proof-time DPoP use_dpop_nonce';

describe('what was used', () => {
  test('a proof is used up by its jti and its key, whatever else of it is spelled anew', () => {
    const thread = new Thread();
    assert.equal(wordsOf(ask(thread, proof())), 'pass');
    // An ECDSA signature is another one each time.
    assert.equal(wordsOf(ask(thread, proof())), REPLAYED);
    assert.equal(wordsOf(ask(thread, proof({ jti: 'two' }))), 'pass');
    const other = new Prover('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const theirs = proofOf(other, { header: {}, claims: {}, spoiled: null });
    assert.equal(wordsOf(ask(thread, theirs, { prover: other })), 'pass');
  });

  test('a proof that does not hold uses nothing up', () => {
    const thread = new Thread();
    for (const claims of [{ htm: 'POST' }, { iat: NOW - 90 }]) ask(thread, proof(claims));
    ask(thread, proofOf(prover, { header: {}, claims: {}, spoiled: 'signature' }));
    ask(thread, proof(), { bound: 'other key' });
    assert.deepEqual(thread.used, []);
    assert.equal(wordsOf(ask(thread, proof())), 'pass');
  });

  test('where nobody can tell whether it was used, nobody is let in, and clients may come again', () => {
    const thread = new Thread();
    thread.room = false;
    const said = ask(thread, proof());
    assert.equal(wordsOf(said), 'proofs-unavailable proof-room');
    assert.ok(said.verdict.kind === 'deny');
    assert.deepEqual(said.verdict.problem.headers, [['retry-after', '5']]);
    ask(thread, proof());
    assert.deepEqual(thread.alerts, ['attack.bounded proofs']);
  });

  test('who has taken all the room that one caller may is told to wait, whatever its keys, and others are let in', () => {
    const thread = new Thread();
    thread.greedy = 'https://id.example ada';
    const keys = [prover, new Prover('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }))];
    for (const key of keys) {
      const text = proofOf(key, { header: {}, claims: {}, spoiled: null });
      const said = ask(thread, text, { prover: key });
      assert.equal(wordsOf(said), 'too-many-proofs proof-share');
      assert.ok(said.verdict.kind === 'deny');
      assert.deepEqual(said.verdict.problem.headers, [['retry-after', '30']]);
    }
    assert.equal(wordsOf(ask(thread, proof(), { subject: 'bob' })), 'pass');
    assert.deepEqual(thread.alerts, ['attack.bounded proofs-of-one']);
  });

  test('a proof from before the memory began is not taken, but one with a nonce is', () => {
    const thread = new Thread();
    thread.sinceMs = NOW * 1_000 - 5_000;
    assert.equal(wordsOf(ask(thread, proof({ iat: NOW - 6 }))), NONCE);
    assert.equal(wordsOf(ask(thread, proof({ iat: NOW - 5 }))), 'pass');
    const nonce = thread.nonces.newest(thread.nowMs);
    assert.equal(wordsOf(ask(thread, proof({ jti: 'two', iat: NOW - 6, nonce }))), 'pass');
  });
});

describe('nonces', () => {
  test('whoever lacks one is given one, and is let in with it, however wrong its clock is', () => {
    const thread = new Thread();
    const said = ask(thread, proof({ iat: NOW - 3_600 }));
    assert.ok(said.verdict.kind === 'deny');
    const fields = new Map(said.verdict.problem.headers);
    assert.equal(fields.get('dpop-nonce'), thread.nonces.newest(thread.nowMs));
    const nonce = fields.get('dpop-nonce');
    assert.equal(wordsOf(ask(thread, proof({ iat: NOW - 3_600, nonce }))), 'pass');
    assert.equal(wordsOf(ask(thread, proof({ iat: NOW - 3_600, nonce }))), REPLAYED);
  });

  test('where they are wanted, whoever used an older one is given the newest with the reply, and nobody else', () => {
    const thread = new Thread();
    const nonce = thread.nonces.newest(thread.nowMs);
    const wanted = { nonce: 'required' } as const;
    assert.equal(ask(thread, proof({ nonce }), wanted).renewed, null);
    thread.nowMs += 60_000;
    const later = ask(thread, proof({ jti: 'two', iat: NOW + 60, nonce }), wanted);
    assert.equal(wordsOf(later), 'pass');
    assert.equal(later.renewed, `dpop-nonce: ${thread.nonces.newest(thread.nowMs)}`);
    assert.equal(ask(thread, proof(), { ...wanted, bound: null, scheme: 'Bearer', proofs: [] }).renewed, null);
    assert.equal(ask(thread, proof({ jti: 'three', iat: NOW + 60, nonce })).renewed, null);
  });

  test('a nonce that is too old is answered with another', () => {
    const thread = new Thread();
    const nonce = thread.nonces.newest(thread.nowMs);
    thread.nowMs += 150_000;
    assert.equal(
      wordsOf(ask(thread, proof({ iat: NOW + 150, nonce }))),
      'proof-nonce-required proof-nonce DPoP use_dpop_nonce',
    );
  });
});

describe('what goes upstream, and where nothing is asked', () => {
  test('a proof stays away from the upstream, unless the API is to have credentials', () => {
    assert.equal(ask(new Thread(), proof()).besides, 'dpop');
    assert.equal(ask(new Thread(), proof(), { credentials: 'pass' }).besides, null);
    assert.equal(ask(new Thread(), proof(), { proofs: [], bound: null, scheme: 'Bearer' }).besides, null);
  });

  test('a request of nobody passes, for whoever stands behind to refuse', () => {
    assert.equal(wordsOf(ask(new Thread(), proof(), { caller: false })), 'pass');
  });

  test('operations where nobody signs in have no step', () => {
    const compiled = (open: readonly string[], closed: readonly string[], openByDefault: boolean) => {
      const operations = ['a', 'b'].map((name) => ({ id: name, api: 'orders', name }) as Operation);
      const config = { open, closed, openByDefault, nonce: 'off', credentials: 'remove' } as const;
      const made = new Thread().kind.compile(config, { operations } as never, {} as never);
      assert.ok(made.ok);
      return operations.filter(({ id }) => made.value.get(id)?.authenticate !== undefined).map(({ id }) => id);
    };
    assert.deepEqual(compiled([], [], false), ['a', 'b']);
    assert.deepEqual(compiled(['a'], [], false), ['b']);
    assert.deepEqual(compiled([], ['b'], true), ['b']);
  });

  test('streams that stand are not asked for their proof again', () => {
    const config = { open: [], closed: [], openByDefault: false, nonce: 'off', credentials: 'remove' } as const;
    const operation = { id: 'a', api: 'orders', name: 'a' } as Operation;
    const made = new Thread().kind.compile(config, { operations: [operation] } as never, {} as never);
    assert.ok(made.ok);
    assert.equal(made.value.get('a')?.authenticate?.standing, false);
  });
});
