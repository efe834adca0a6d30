import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf } from './fixture.test.ts';
import { isRedirect, methodBehind, readLocation } from './party-redirect.ts';

const FROM = 'api.pay.example';

function read(...locations: readonly string[]): string | null {
  const led = readLocation(fieldsOf(...locations.map((each) => ['location', each] as const)), FROM);
  return led === null ? null : `${led.authority} ${led.target}`;
}

test('a Location is an https URL, or a path from the root', () => {
  assert.equal(read('/v1/x?a=1#part'), 'api.pay.example /v1/x?a=1');
  assert.equal(read('https://API.pay.example/v1/x'), 'api.pay.example /v1/x');
  assert.equal(read('https://api.pay.example:443'), 'api.pay.example /');
  assert.equal(read('https://files.example:8443?a=1'), 'files.example:8443 /?a=1');
});

for (const odd of [
  'http://api.pay.example/',
  'HTTPS:/api.pay.example/',
  'https:api.pay.example/',
  '//evil.example/',
  '/\\evil.example/',
  '/a\\b',
  'https://api.pay.example@evil.example/',
  'https://api.pay.example\\@evil.example/',
  'https://api.pay.example\t.evil.example/',
  'relative',
  '../up',
  '?a=1',
  '#part',
  '/v1/../admin',
  '/v1/%2e%2E/admin',
  '/v1/.%2e',
  'javascript:alert(1)',
  'https://',
  'https:///x',
  '/a b',
])
  test(`a Location that can be read in another way leads nowhere: ${JSON.stringify(odd)}`, () => {
    assert.equal(read(odd), null);
  });

test('of two Locations neither is followed', () => {
  assert.equal(read('/a', '/b'), null);
});

test('a redirect is a status with a Location', () => {
  const fields = fieldsOf(['location', '/a']);
  assert.deepEqual(
    [200, 300, 301, 302, 303, 304, 307, 308].filter((status) => isRedirect({ status, fields })),
    [301, 302, 303, 307, 308],
  );
  assert.equal(isRedirect({ status: 302, fields: fieldsOf() }), false);
});

test('methods change as RFC 9110 says', () => {
  const told = (method: string) => [301, 302, 303, 307, 308].map((status) => methodBehind(status, method)).join(' ');
  assert.equal(told('POST'), 'GET GET GET POST POST');
  assert.equal(told('PUT'), 'PUT PUT GET PUT PUT');
  assert.equal(told('HEAD'), 'HEAD HEAD HEAD HEAD HEAD');
});
