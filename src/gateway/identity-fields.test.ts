import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { principalNamed } from './fixture.test.ts';
import { createCallerTexts, identityFields } from './identity-fields.ts';

const subjectOf = (subject: string): string => identityFields(principalNamed(subject))[1] as string;

test('subject, roles and tenant are told, and what there is none of is left out', () => {
  assert.deepEqual(identityFields(principalNamed('ada', { roles: ['customer', 'support'], tenant: 'acme' })), [
    'x-portcullis-subject',
    'ada',
    'x-portcullis-roles',
    'customer,support',
    'x-portcullis-tenant',
    'acme',
  ]);
  assert.deepEqual(identityFields(principalNamed('ada')), ['x-portcullis-subject', 'ada']);
});

test('as lines they are the same fields, behind the end of another line', () => {
  const texts = createCallerTexts(({ subject }) => `pseudonym of ${subject}`);
  const principal = principalNamed('ada b', { roles: ['customer'], tenant: null });
  const closing = '\r\nx-portcullis-subject: ada%20b\r\nx-portcullis-roles: customer\r\n';
  // Twice, since the second time they come from what was kept.
  for (let time = 0; time < 2; time++) assert.deepEqual(texts(principal), { pseudonym: 'pseudonym of ada b', closing });
  const other = { pseudonym: 'pseudonym of bob', closing: '\r\nx-portcullis-subject: bob\r\n' };
  assert.deepEqual(texts(principalNamed('bob')), other);
});

test('the texts of a principal are made once, and whoever gives other pseudonyms has texts of their own', () => {
  const principal = principalNamed('ada');
  const asked: string[] = [];
  const [one, other] = ['one', 'other'].map((name) => createCallerTexts(() => (asked.push(name), name)));
  assert.ok(one !== undefined && other !== undefined);
  assert.equal(one(principal), one(principal));
  assert.equal(other(principal).pseudonym, 'other');
  assert.equal(one(principal).pseudonym, 'one');
  assert.deepEqual(asked, ['one', 'other']);
});

const ENCODED = [
  ['auth0|5f7c8ec7', 'auth0|5f7c8ec7'],
  ['ada@acme.example', 'ada@acme.example'],
  ['a b', 'a%20b'],
  ['a,b', 'a%2Cb'],
  ['100%', '100%25'],
  ['%2C', '%252C'],
  ['a+b', 'a%2Bb'],
  ['a\r\nx-portcullis-roles: admin', 'a%0D%0Ax-portcullis-roles:%20admin'],
  ['Ådа', '%C3%85d%D0%B0'],
  ['😀', '%F0%9F%98%80'],
  ['\u0000', '%00'],
  ['', ''],
] as const;

for (const [subject, value] of ENCODED) {
  test(`the subject ${JSON.stringify(subject)} is told as ${value}`, () => assert.equal(subjectOf(subject), value));
}

test('a role with a comma is still one role', () => {
  const fields = identityFields(principalNamed('ada', { roles: ['customer,admin', 'b'] }));
  assert.equal(fields[3], 'customer%2Cadmin,b');
});

test('every value is harmless in a field, says what it stands for, and two never become one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (subject) => {
      const value = subjectOf(subject);
      assert.match(value, /^[A-Za-z0-9._~:@/|%-]*$/);
      if (subject.isWellFormed()) assert.equal(decodeURIComponent(value), subject);
    }),
  );
  assert.equal(new Set(['\ud800', '\udfff', '\ufffd', '\ud800\udfff'].map(subjectOf)).size, 4);
});
