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
  [
    'subject=ada,attributes.department=logistics,attributes.level=3,attributes.partner=true,attributes.code="007"',
    { ...NOBODY, subject: 'ada', attributes: { department: 'logistics', level: 3, partner: true, code: '007' } },
  ],
  ['attributes.teams=a,b c,attributes.empty=', { ...NOBODY, attributes: { teams: ['a', 'b c'], empty: '' } }],
  ['attributes.a=01,attributes.b=1e5,attributes.c="x', { ...NOBODY, attributes: { a: '01', b: '1e5', c: '"x' } }],
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
  ['attributes.a=1,attributes.a=2', /holds attributes\.a twice/],
  ['attributes.__proto__=1', /"__proto__" is no name of an attribute/],
  ['attributes.=1', /"" is no name/],
  ['attributes.constructor=1', /"constructor" is no name/],
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
