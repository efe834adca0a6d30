import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BIT_NUMBERS,
  DISGUISED_FIELD,
  FIELD,
  FIELD_MARKS,
  FieldMark,
  fieldNumber,
  FIRST_PRESENT,
  oddFieldNumber,
  OTHER_FIELD,
  PRESENCE,
  PRESENCE_MARKS,
  SINGLE_BITS,
} from './field-names.ts';

const numberOf = (name: string): number => fieldNumber(Buffer.from(name), 0, name.length);
const oddNumberOf = (name: string): number => oddFieldNumber(Buffer.from(name), 0, name.length);
const marksOf = (number: number): number => FIELD_MARKS[number] as number;

const KNOWN = Object.keys(FIELD) as (keyof typeof FIELD)[];

test('every known name has a number of its own, in any case', () => {
  assert.equal(new Set(Object.values(FIELD)).size, KNOWN.length);
  for (const name of KNOWN) {
    const mixed = [...name].map((letter, at) => (at % 2 === 0 ? letter.toUpperCase() : letter)).join('');
    for (const spelling of [name, name.toUpperCase(), mixed]) assert.equal(numberOf(spelling), FIELD[name], spelling);
  }
});

test('a name is found where it stands in a head, and not by what follows it', () => {
  const bytes = Buffer.from('xxHost: a');
  assert.equal(fieldNumber(bytes, 2, 4), FIELD.host);
  assert.equal(fieldNumber(bytes, 2, 3), OTHER_FIELD);
  assert.equal(fieldNumber(bytes, 1, 5), OTHER_FIELD);
});

test('what only resembles a known name is another field', () => {
  for (const name of ['hosts', 'hos', 'host-', '-host', 'x-hosts', 'accept', 'x', 'a'.repeat(64), 'h'.repeat(200)]) {
    assert.equal(numberOf(name), OTHER_FIELD, name);
  }
});

test('names of the gateway are its own to write, whatever follows the prefix and in whatever case', () => {
  for (const name of [
    'x-portcullis-subject',
    'X-PORTCULLIS-ROLES',
    'x-Portcullis-',
    'X-Consumer-Id',
    'x-auth-request-email',
    `x-portcullis-${'a'.repeat(100)}`,
    'XPortcullis-Subject',
    'X-Forwarded-Anything',
    'X-Authenticated-Userid',
    'X-WebAuth-User',
    'X-Amzn-Oidc-Identity',
    'X-Goog-Authenticated-User-Email',
    'X-MS-Client-Principal-Name',
    'SSL-Client-Verify',
    'X-SSL-Client-S-DN',
    'Forwarded-For',
  ]) {
    assert.equal(numberOf(name), DISGUISED_FIELD, name);
  }
  assert.notEqual(marksOf(DISGUISED_FIELD) & FieldMark.drop, 0);
  assert.notEqual(marksOf(DISGUISED_FIELD) & FieldMark.guarded, 0);
  for (const name of ['X-Portcullis', 'Remote-User', 'Proxy', 'X-Accel-Redirect']) {
    assert.notEqual(marksOf(numberOf(name)) & FieldMark.drop, 0, name);
  }
  for (const name of ['x-portculli', 'x-forward', 'ssl', 'forwarde']) assert.equal(numberOf(name), OTHER_FIELD, name);
});

test('what is kept as bits has a bit of its own', () => {
  for (const name of KNOWN) {
    const isSingle = (marksOf(FIELD[name]) & FieldMark.single) !== 0;
    if (isSingle) assert.ok(FIELD[name] < BIT_NUMBERS, name);
    if (FIELD[name] < BIT_NUMBERS) assert.equal((SINGLE_BITS & (1 << FIELD[name])) !== 0, isSingle, name);
  }
  for (const [name, bit] of Object.entries(PRESENCE)) {
    const number = FIELD[name as keyof typeof PRESENCE];
    assert.equal(1 << (number - FIRST_PRESENT), bit, name);
    assert.equal(marksOf(number) & ~PRESENCE_MARKS, 0, name);
  }
});

test('a name with one octet changed, left out or put in is another one', () => {
  const octet = fc.constantFrom(...Buffer.from('abzABZ019-!#$%&*+.^_`|~'));
  fc.assert(
    fc.property(fc.constantFrom(...KNOWN), fc.nat(40), octet, fc.nat(2), (name, at, other, how) => {
      const octets = [...Buffer.from(name)];
      octets.splice(at % octets.length, how === 0 ? 0 : 1, ...(how === 1 ? [] : [other]));
      const text = Buffer.from(octets).toString('latin1').toLowerCase();
      const expected = KNOWN.find((known) => known === text);
      const found = fieldNumber(Buffer.from(octets), 0, octets.length);
      if (expected !== undefined) assert.equal(found, FIELD[expected], text);
      else assert.ok(found === OTHER_FIELD || found === DISGUISED_FIELD, text);
    }),
    { numRuns: 2_000 },
  );
});

test('a known name in another spelling is a disguise, whichever token character stands for the hyphen', () => {
  for (const mark of "!#$%&'*+.^`|~") {
    for (const name of ['x-forwarded-for', 'content-length', 'x-portcullis-subject', 'x-real-ip', 'content-type']) {
      const disguised = name.replaceAll('-', mark);
      assert.equal(oddNumberOf(disguised), DISGUISED_FIELD, disguised);
      assert.equal(oddNumberOf(name.replace('-', mark).toUpperCase()), DISGUISED_FIELD, disguised);
    }
  }
  assert.equal(oddNumberOf('x.trace.id'), OTHER_FIELD);
  assert.equal(oddNumberOf('*'), OTHER_FIELD);
});

test('everything that identifies, forwards, overrides or frames is dropped; what both ends rely on is guarded', () => {
  const dropped: (keyof typeof FIELD)[] = [
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'te',
    'trailer',
    'upgrade',
    'forwarded',
    'x-forwarded-for',
    'x-real-ip',
    'x-original-url',
    'x-http-method-override',
    'client-cert',
    'x-request-id',
    'proxy-authorization',
    'expect',
  ];
  for (const name of dropped) assert.notEqual(marksOf(FIELD[name]) & FieldMark.drop, 0, name);
  const kept: (keyof typeof FIELD)[] = [
    'authorization',
    'cookie',
    'content-type',
    'content-encoding',
    'origin',
    'set-cookie',
    'via',
  ];
  for (const name of kept) {
    assert.equal(marksOf(FIELD[name]) & FieldMark.drop, 0, name);
    assert.notEqual(marksOf(FIELD[name]) & FieldMark.guarded, 0, name);
  }
});

test('any octets are some field, and nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
      assert.ok(marksOf(fieldNumber(bytes, 0, bytes.length)) !== undefined);
      assert.ok([DISGUISED_FIELD, OTHER_FIELD].includes(oddFieldNumber(bytes, 0, bytes.length)));
    }),
  );
});
