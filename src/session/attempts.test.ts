import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { err, ok } from '../base/index.ts';
import { Attempts, type AttemptsOptions, type Beginning } from './attempts.ts';

const BEGINNING: Beginning = {
  ...{ issuer: 'acme', origin: 'https://app.example', returnTo: '/orders?page=2', session: null },
  ...{ maxAgeMs: null, acrValues: null },
};
const BINDING = 'b'.repeat(43);
const MINUTE_MS = 60_000;

/** Seals as the keyring does: under a random nonce, bound to purpose and context. */
function keyringOf(key: Buffer): AttemptsOptions['keyring'] {
  return {
    mac: (purpose, message) => createHmac('sha256', key).update(purpose).update(message).digest(),
    seal: (purpose, plain, context) => {
      const nonce = randomFillSync(Buffer.alloc(12));
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(JSON.stringify([purpose, context])));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open: (purpose, sealed, context) => {
      if (sealed.length < 28) return err('short');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(JSON.stringify([purpose, context]))).setAuthTag(sealed.subarray(-16));
      try {
        return ok(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]));
      } catch {
        return err('changed');
      }
    },
  };
}

function open(): { readonly attempts: Attempts; readonly time: { nowMs: number }; again(): Attempts } {
  const time = { nowMs: 1_800_000_000_000 };
  const options: AttemptsOptions = {
    keyring: keyringOf(randomFillSync(Buffer.alloc(32))),
    random: { fill: (bytes) => void randomFillSync(bytes) },
    clock: { now: () => time.nowMs },
  };
  return { attempts: new Attempts(options), time, again: () => new Attempts(options) };
}

test('an attempt is taken once, by the browser that began it, as it was begun', () => {
  const { attempts } = open();
  const rich: Beginning = { ...BEGINNING, session: 's'.repeat(43), maxAgeMs: 60_000, acrValues: ['strong'] };
  for (const beginning of [BEGINNING, rich]) {
    const begun = attempts.begin(beginning, BINDING);
    assert.equal(attempts.take(begun.state, null), null);
    assert.equal(attempts.take(begun.state, 'c'.repeat(43)), null);
    assert.deepEqual(attempts.take(begun.state, BINDING), begun);
    assert.equal(attempts.take(begun.state, BINDING), null);
  }
});

test('what is secret of an attempt stands nowhere in its state, and is another each time', () => {
  const { attempts } = open();
  const all = Array.from({ length: 100 }, () => attempts.begin(BEGINNING, BINDING));
  for (const { state, nonce, verifier } of all) {
    assert.ok([nonce, verifier].every((secret) => /^[\w-]{43}$/.test(secret) && !state.includes(secret)));
    assert.ok(!Buffer.from(state, 'base64url').toString('latin1').includes('orders'));
    assert.notEqual(nonce, verifier);
  }
  for (const what of ['state', 'nonce', 'verifier'] as const)
    assert.equal(new Set(all.map((one) => one[what])).size, 100);
  assert.equal(new Set(all.map(({ state }) => state.slice(0, 8))).size, 100, 'cookies are called by it');
});

test('an attempt outlives a restart, and lasts ten minutes, also where the clock is set back a little', () => {
  const { attempts, again, time } = open();
  const [one, two, three, four] = Array.from({ length: 4 }, () => attempts.begin(BEGINNING, BINDING));
  time.nowMs -= MINUTE_MS;
  assert.ok(again().take(one?.state ?? '', BINDING) !== null);
  time.nowMs -= 1;
  assert.equal(again().take(two?.state ?? '', BINDING), null);
  time.nowMs += 11 * MINUTE_MS;
  assert.ok(again().take(three?.state ?? '', BINDING) !== null);
  time.nowMs += 1;
  assert.equal(again().take(four?.state ?? '', BINDING), null);
});

test('a state with one character changed, added or taken away is none', () => {
  const { attempts } = open();
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom('', 'A', '_', '=', '.', ' ', '%'), (place, put) => {
      const { state } = attempts.begin(BEGINNING, BINDING);
      const at = place % (state.length + 1);
      for (const changed of [
        state.slice(0, at) + put + state.slice(at + 1),
        state.slice(0, at) + put + state.slice(at),
      ]) {
        if (changed !== state) assert.equal(attempts.take(changed, BINDING), null);
      }
      assert.ok(attempts.take(state, BINDING) !== null);
    }),
    { numRuns: 300 },
  );
  for (const odd of ['', 'x', 'abcdefgh', 'x'.repeat(8_192)]) assert.equal(attempts.take(odd, BINDING), null);
});

test('those that were taken are remembered in bounds, and the newest longest', () => {
  const { attempts } = open();
  const taken = Array.from({ length: 10_001 }, () => attempts.begin(BEGINNING, BINDING));
  for (const { state } of taken) assert.ok(attempts.take(state, BINDING) !== null);
  assert.equal(attempts.take(taken.at(-1)?.state ?? '', BINDING), null);
  assert.ok(attempts.take(taken[0]?.state ?? '', BINDING) !== null, 'the first is forgotten');
});
