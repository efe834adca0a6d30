import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from './jwt-fixture.test.ts';
import { chooseKeys as chooseWanted } from './key-choice.ts';
import type { KeyRow } from './key-row.ts';
import type { SignatureAlgorithm } from './token-profile.ts';

let made = 0;
function row(kid: string | null, ...algorithms: readonly SignatureAlgorithm[]): KeyRow {
  return { thumbprint: `t${made++}`, kid, algorithms, jwk: {} };
}

function chooseKeys(rows: ReadonlyMap<string, KeyRow>, kid: string | null, algorithm: SignatureAlgorithm) {
  return chooseWanted(rows, { kid, algorithm, issuers: null });
}

test('a key is found by its name, whatever its place', () => {
  const [a, b] = [row('a', 'ES256'), row('b', 'ES256')];
  assert.deepEqual(chooseKeys(rowsOf(a, b), 'b', 'ES256'), { ok: true, value: [b] });
});

test('a name that no key has may be among newer keys', () => {
  for (const kid of ['c', 'A', 'a ', '../a', "a' OR 1=1", '__proto__', 'constructor', 'http://127.0.0.1/a']) {
    assert.deepEqual(chooseKeys(rowsOf(row('a', 'ES256'), row(null, 'ES256')), kid, 'ES256'), {
      ok: false,
      error: 'unknown-key',
    });
  }
});

test('a key of that name for another algorithm is no choice', () => {
  const rows = rowsOf(row('a', 'RS256', 'PS256'), row('b', 'ES256'));
  assert.deepEqual(chooseKeys(rows, 'a', 'ES256'), { ok: false, error: 'key-choice' });
});

test('of keys with one name those are meant that are for the algorithm', () => {
  const [ec, rsa, rsaToo] = [row('a', 'ES256'), row('a', 'RS256'), row('a', 'RS256')];
  assert.deepEqual(chooseKeys(rowsOf(ec, rsa), 'a', 'ES256'), { ok: true, value: [ec] });
  assert.deepEqual(chooseKeys(rowsOf(ec, rsa, rsaToo), 'a', 'RS256'), { ok: true, value: [rsa, rsaToo] });
});

test('more keys of one name than are worth trying are none', () => {
  const same = Array.from({ length: 5 }, () => row('a', 'ES256'));
  assert.equal(chooseKeys(rowsOf(...same.slice(1)), 'a', 'ES256').ok, true);
  assert.deepEqual(chooseKeys(rowsOf(...same), 'a', 'ES256'), { ok: false, error: 'key-choice' });
});

test('a token without a name means the only key for its algorithm, and nothing where there are two', () => {
  const [ec, rsa] = [row('a', 'ES256'), row(null, 'RS256')];
  assert.deepEqual(chooseKeys(rowsOf(ec, rsa), null, 'ES256'), { ok: true, value: [ec] });
  assert.deepEqual(chooseKeys(rowsOf(ec, rsa), null, 'RS256'), { ok: true, value: [rsa] });
  assert.deepEqual(chooseKeys(rowsOf(ec, row('b', 'ES256')), null, 'ES256'), { ok: false, error: 'key-choice' });
  assert.deepEqual(chooseKeys(rowsOf(rsa), null, 'ES256'), { ok: false, error: 'key-choice' });
  assert.deepEqual(chooseKeys(rowsOf(), null, 'ES256'), { ok: false, error: 'unknown-key' });
});

test('a key that says whose tokens it signs signs no others, where an issuer has many tenants', () => {
  const shared = { ...row('a', 'ES256'), issuer: 'https://login.example/{tenantid}/v2.0' };
  const [own, foreign] = ['https://login.example/t1/v2.0', 'https://login.example/t2/v2.0'];
  const chosen = (issuer: string | undefined, issuers: readonly string[] | null) => {
    const key = issuer === undefined ? row('a', 'ES256') : { ...row('a', 'ES256'), issuer };
    return chooseWanted(rowsOf(key), { kid: 'a', algorithm: 'ES256', issuers }).ok;
  };
  const wanted = [own, shared.issuer];
  assert.deepEqual(
    [undefined, own, shared.issuer, foreign, ''].map((issuer) => chosen(issuer, wanted)),
    [true, true, true, false, false],
  );
  assert.equal(chosen(foreign, null), true, 'of any other issuer the member says nothing');
});
