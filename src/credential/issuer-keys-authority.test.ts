import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BY_URL, JWKS_URL, publicJwk, reply, rest, subject } from './issuer-keys-fixture.test.ts';

const [OLD, NEW] = [
  { ...BY_URL, ca: 'old' },
  { ...BY_URL, ca: 'new' },
];

/** Whose server the old CA vouches for answers when the test says so, the other at once. */
function authoritySubject() {
  const around = subject();
  const late = Promise.withResolvers<void>();
  const asked: (string | undefined)[] = [];
  around.egress.call = async ({ url, ca }) => {
    assert.equal(url, JWKS_URL);
    asked.push(ca);
    if (ca === 'old') await late.promise;
    return reply({ keys: [publicJwk(`vouched for by ${ca}`)] });
  };
  return { ...around, asked, answerLate: late.resolve };
}

test('keys that come of a call by CAs which do not count any more are not taken', async () => {
  const { keys, asked, answerLate, table } = authoritySubject();
  const filling = keys.fill([OLD]);
  await rest();
  keys.retain([NEW]);
  answerLate();
  await filling;
  assert.deepEqual([asked, table()?.kids], [['old', 'new'], ['vouched for by new']]);
});

test('nor where the issuer was left alone meanwhile', async () => {
  const { keys, asked, answerLate, table } = authoritySubject();
  const first = keys.fill([OLD]);
  await rest();
  keys.retain([]);
  const second = keys.fill([NEW]);
  answerLate();
  await Promise.all([first, second]);
  assert.deepEqual([asked, table()?.kids], [['old', 'new'], ['vouched for by new']]);
});

test('an issuer with other CAs is asked at once, one with the same is not asked again', async () => {
  const { keys, asked, table } = authoritySubject();
  await keys.fill([NEW]);
  keys.retain([NEW]);
  await rest();
  assert.deepEqual(asked, ['new']);
  keys.retain([BY_URL]);
  await rest();
  assert.deepEqual([asked, table()?.kids], [['new', undefined], ['vouched for by undefined']]);
});
