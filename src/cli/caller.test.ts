import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCaller } from './caller.ts';

const NOBODY = {
  kind: 'known',
  subject: '',
  roles: [],
  permissions: [],
  scopes: null,
  tenant: null,
  clientId: null,
  claims: {},
  assurance: { acr: null, amr: [], authAgeMs: null, proof: null },
};

const CALLERS = [
  ['anonymous', { kind: 'anonymous' }],
  ['subject=ada', { ...NOBODY, subject: 'ada' }],
  [
    'roles=customer,scopes=orders:read,subject=ada',
    { ...NOBODY, subject: 'ada', roles: ['customer'], scopes: ['orders:read'] },
  ],
  ['roles=customer,support,subject=ada', { ...NOBODY, subject: 'ada', roles: ['customer', 'support'] }],
  ['roles=customer support', { ...NOBODY, roles: ['customer', 'support'] }],
  ['scopes=', { ...NOBODY, scopes: [] }],
  ['roles=', NOBODY],
  ['permissions=a:b,tenant=acme,client=web', { ...NOBODY, permissions: ['a:b'], tenant: 'acme', clientId: 'web' }],
  [
    'acr=urn:acme:gold,amr=pwd,otp,authAge=10m,proof=dpop',
    { ...NOBODY, assurance: { acr: 'urn:acme:gold', amr: ['pwd', 'otp'], authAgeMs: 600_000, proof: 'dpop' } },
  ],
  ['subject=https://id/ada|1', { ...NOBODY, subject: 'https://id/ada|1' }],
] as const;

for (const [text, caller] of CALLERS) {
  test(`--as ${text} is a caller`, () => assert.deepEqual(readCaller(text), { ok: true, value: caller }));
}

const NONE = [
  ['ada', /--as: "ada" is no caller; write anonymous, or 'roles=/],
  ['', /is no caller/],
  ['Anonymous', /is no caller/],
  ['role=customer', /knows no "role"; did you mean "roles"\?/],
  ['roles=a,roles=b', /holds roles twice/],
  ['authAge=soon', /--as: authAge: /],
  ['proof=any', /proof is dpop or mtls/],
  ['acr=a,b', /acr has one value only/],
  ['subject=ada,eve', /subject has one value only/],
  ['__proto__=a', /knows no "__proto__"/],
  ['=a', /knows no ""/],
  ['\x1b[31m=a', /^--as knows no "\\u001b\[31m"/],
] as const;

for (const [text, words] of NONE) {
  test(`--as ${JSON.stringify(text)} is none, and it is said why`, () => {
    const read = readCaller(text);
    assert.ok(!read.ok);
    assert.match(read.error, words);
  });
}
