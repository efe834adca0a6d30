import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attemptCookies,
  endOfAttempt,
  NO_SESSION_COOKIE,
  sessionCookie,
  shownAttempts,
  shownSession,
} from './cookies.ts';

const ID = 'A'.repeat(42) + 'E';
const NAME = '__Host-portcullis-session';

const READINGS: readonly (readonly [what: string, field: string | null, expected: string])[] = [
  ['no field', null, 'none'],
  ['an empty field', '', 'none'],
  ['other cookies', 'a=1; b=2', 'none'],
  ['the session alone', `${NAME}=${ID}`, ID],
  ['the session among others', `a=1; ${NAME}=${ID}; b=2`, ID],
  ['no space behind the semicolon', `a=1;${NAME}=${ID};b=2`, ID],
  ['two of that name', `${NAME}=${ID}; ${NAME}=${ID}`, 'several'],
  ['two that differ', `${NAME}=${ID}; a=1; ${NAME}=${'B'.repeat(42)}E`, 'several'],
  ['a second one without a value', `${NAME}=${ID}; ${NAME}`, 'several'],
  ['a second one with space before the sign', `${NAME}=${ID}; ${NAME} =x`, 'several'],
  ['the name at the end of another', `x${NAME}=${ID}`, 'none'],
  ['the name at the beginning of another', `${NAME}2=${ID}`, 'none'],
  ['the name inside of a value', `a=${NAME}=${ID}`, 'none'],
  ['the name in another case', `${NAME.toLowerCase()}=${ID}`, 'none'],
  ['a comma before it', `a=1, ${NAME}=${ID}`, 'none'],
  ['an empty value', `${NAME}=`, 'malformed'],
  ['the name alone', NAME, 'malformed'],
  ['the name alone, and something like an id behind it', `${NAME};${ID}`, 'malformed'],
  ['a space before the sign', `${NAME} =${ID}`, 'malformed'],
  ['a value in quotes', `${NAME}="${ID}"`, 'malformed'],
  ['a value that is too short', `${NAME}=${ID.slice(1)}`, 'malformed'],
  ['a value that is too long', `${NAME}=A${ID}`, 'malformed'],
  ['a value with bits that are not zero', `${NAME}=${'A'.repeat(42)}B`, 'malformed'],
  ['a value with padding', `${NAME}=${'A'.repeat(42)}=`, 'malformed'],
  ['a value with a space behind it', `${NAME}=${ID} `, 'malformed'],
  ['a value in plain base64', `${NAME}=${'+'.repeat(42)}E`, 'malformed'],
];

for (const [what, field, expected] of READINGS) {
  test(`cookies: ${what}: ${expected === ID ? 'the session' : expected}`, () => {
    const shown = shownSession(field);
    assert.equal(shown.kind === 'id' ? shown.id : shown.kind, expected);
  });
}

test('a long field of cookies is read in time that grows with its length', () => {
  const field = `${NAME}`.repeat(40_000);
  const beganMs = performance.now();
  shownSession(field);
  assert.ok(performance.now() - beganMs < 1_000);
});

test('a browser gets its session for this host alone, over TLS alone, and no script reads it', () => {
  assert.equal(sessionCookie(ID), `${NAME}=${ID}; Path=/; Secure; HttpOnly; SameSite=Lax`);
  assert.match(NO_SESSION_COOKIE, /^__Host-portcullis-session=; .*Max-Age=0$/);
});

test('of two hundred attempts that one browser begins it never has more than eight at once', () => {
  const jar = new Map<string, string>();
  const field = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  for (let at = 0; at < 200; at++) {
    const attempt = String(at).padStart(8, '0');
    const set = attemptCookies({ attempt, secret: 's'.repeat(24), maxAgeSeconds: 600 }, shownAttempts(field()));
    for (const cookie of set) {
      const [pair = '', ...attributes] = cookie.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (attributes.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
    assert.ok(jar.size <= 8, `${jar.size} attempts`);
    assert.ok(shownAttempts(field()).has(attempt), 'the newest is among them');
  }
  assert.ok(field().length < 600);
});

test('an attempt whose cookie stands twice, or is malformed, is bound to nobody', () => {
  const name = '__Host-portcullis-login-abcdefgh';
  const secret = 's'.repeat(24);
  assert.equal(shownAttempts(`${name}=${secret}`).get('abcdefgh'), secret);
  assert.equal(shownAttempts(`${name}=${secret}; ${name}=${secret}`).get('abcdefgh'), '');
  assert.equal(shownAttempts(`${name}="${secret}"`).get('abcdefgh'), '');
  assert.equal(shownAttempts(`x${name}=${secret}`).size, 0);
  assert.match(endOfAttempt('abcdefgh'), /Max-Age=0$/);
});
