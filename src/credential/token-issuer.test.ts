import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIssuerOf, issuerNames } from './token-issuer.ts';

const MANY = { issuer: 'https://login.example/{tenantid}/v2.0', tenants: ['t1', 'T2'] };

test('an issuer with many tenants is named by one of them in its place, and by nothing else', () => {
  for (const name of issuerNames(MANY)) assert.ok(isIssuerOf(MANY, name), name);
  const others: readonly unknown[] = [
    ...['t2', 'T1', '', 't1/', '/t1', 't1/v2.0/t1', '{tenantid}', '$&', 't1\0'].map((tenant) =>
      MANY.issuer.replace('{tenantid}', () => tenant),
    ),
    ...['https://login.example/t1/v2.0/', 'https://login.example/t1', 'https://login.example//v2.0', 't1', ''],
    ...['https://LOGIN.example/t1/v2.0', ' https://login.example/t1/v2.0', 'https://evil.example/t1/v2.0'],
    ...[undefined, null, 1, ['https://login.example/t1/v2.0'], {}],
  ];
  for (const name of others) assert.ok(!isIssuerOf(MANY, name), JSON.stringify(name));
});

test('the tenant may stand last, and parts that lie over each other are no name', () => {
  const last = { issuer: 'https://login.example/{tenantid}', tenants: ['t1'] };
  assert.ok(isIssuerOf(last, 'https://login.example/t1'));
  assert.ok(!isIssuerOf(last, 'https://login.example/') && !isIssuerOf(last, 'https://login.example/t1/'));
  const alike = { issuer: 'https://a.example/aa{tenantid}aa', tenants: ['a', 't1'] };
  assert.ok(!isIssuerOf(alike, 'https://a.example/aaa') && isIssuerOf(alike, 'https://a.example/aaaaa'));
});

test('whatever a token says, it names an issuer if it is one of its names', () => {
  const pieces = fc.array(fc.constantFrom('https://login.example/', 't1', 'T2', '/v2.0', '{tenantid}', '/'), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const iss = parts.join('');
      assert.equal(isIssuerOf(MANY, iss), issuerNames(MANY).includes(iss));
    }),
  );
});
