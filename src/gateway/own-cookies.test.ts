import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf } from './fixture.test.ts';
import { setsOwnCookie, takeOutOwnCookies, withoutOwnCookies } from './own-cookies.ts';

const OWN = '__Host-portcullis-session=abc';

const FIELDS: readonly (readonly [field: string, left: string])[] = [
  ['a=1; b=2', 'a=1; b=2'],
  ['a=1;b = "2, 3";; c', 'a=1;b = "2, 3";; c'],
  [OWN, ''],
  [`${OWN}; a=1`, 'a=1'],
  [`a=1; ${OWN}`, 'a=1'],
  [`a=1;${OWN};b="x"; c=3`, 'a=1;b="x"; c=3'],
  [`a=1; ${OWN}; ${OWN}; b=2`, 'a=1; b=2'],
  ['__HOST-Portcullis-Session=abc; a=1', 'a=1'],
  ['__Host-portcullis-login-abcdefgh=s; a=1', 'a=1'],
  ['__Host-portcullis-session; a=1', 'a=1'],
  ['a=__Host-portcullis-session=x', 'a=__Host-portcullis-session=x'],
];

for (const [field, left] of FIELDS) {
  test(`of ${JSON.stringify(field)} an upstream gets ${JSON.stringify(left)}`, () => {
    assert.equal(withoutOwnCookies(field), left);
    const fields = fieldsOf(['cookie', field]);
    const line = takeOutOwnCookies(fields);
    const forwarded = [...fields.kept()].find(([name]) => name === 'cookie')?.[1] ?? null;
    const sent = line === '' ? (forwarded ?? '') : line.slice('cookie: '.length, -2);
    assert.equal(sent, left);
    assert.ok(line === '' || forwarded === null, 'there is one field of cookies');
  });
}

test('what a policy has taken out does not come back', () => {
  const fields = fieldsOf(['cookie', `${OWN}; a=1`]);
  fields.drop('cookie');
  assert.equal(takeOutOwnCookies(fields), '');
});

test('a cookie of the gateway’s own is told by whatever name a browser could take it', () => {
  for (const value of [
    OWN,
    ` ${OWN}; Path=/`,
    `=${OWN}`,
    '__HOST-PORTCULLIS-session=x',
    '__Host-portcullis-login-abcdefgh=x',
  ])
    assert.ok(setsOwnCookie(value), value);
  for (const value of ['a=1; Path=/__Host-portcullis-x', '__Host-other=1', 'portcullis=1'])
    assert.ok(!setsOwnCookie(value), value);
});
