import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DpopNonces } from './dpop-nonce.ts';

const NOW = Date.UTC(2026, 0, 1);
const make = (fill = 7) => new DpopNonces(new Uint8Array(32).fill(fill));

test('all who have the key make the same nonce, another one each half minute, and it can stand in a field', () => {
  const nonce = make().newest(NOW);
  assert.match(nonce, /^[A-Za-z0-9_-]{30}$/);
  assert.equal(make().newest(NOW + 29_999), nonce);
  assert.notEqual(make().newest(NOW + 30_000), nonce);
  assert.notEqual(make(8).newest(NOW), nonce);
});

test('a nonce is taken for two minutes at least, and says when it was made', () => {
  const nonces = make();
  const nonce = nonces.newest(NOW + 10_000);
  for (const ms of [0, 29_999, 30_000, 120_000, 149_999]) assert.equal(make().madeAtMs(nonce, NOW + ms), NOW, `${ms}`);
  assert.equal(make().madeAtMs(nonce, NOW + 150_000), null);
});

test('a nonce of a time to come is taken by nobody, also where the clock is set back', () => {
  assert.equal(make().madeAtMs(make().newest(NOW), NOW - 1), null);
});

test('a nonce that was made up, changed or made under another key is none', () => {
  const nonce = make().newest(NOW);
  for (let at = 0; at < nonce.length; at++) {
    for (const letter of ['A', 'b', '-']) {
      if (letter === nonce[at]) continue;
      const changed = nonce.slice(0, at) + letter + nonce.slice(at + 1);
      assert.equal(make().madeAtMs(changed, NOW), null, changed);
      assert.equal(make().madeAtMs(changed, NOW + 30_000), null, changed);
    }
  }
  const others = ['', nonce.slice(1), `${nonce}A`, `${nonce}=`, ` ${nonce}`, 'A'.repeat(30), 'A'.repeat(100_000)];
  for (const other of [...others, make(8).newest(NOW)]) assert.equal(make().madeAtMs(other, NOW), null);
});

test('a key of another length is a bug and throws', () => {
  for (const bytes of [0, 16, 33]) assert.throws(() => new DpopNonces(new Uint8Array(bytes)), RangeError);
});
