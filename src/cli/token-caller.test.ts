import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

const CONFIGURATION = `version: 1
issuers:
  acme:
    issuer: https://id.acme.example
    audience: api
    claims:
      subject: [tid, oid]
      roles: { from: realm.roles, map: { Agent: support } }
      attributes: { level: lvl }
  other: { issuer: https://id.other.example, audience: api }
roles: { support: { can: [orders:read] } }
apis:
  orders:
    routes: [GET /x, GET /y]
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations: { GET /x: { needs: 'orders:read' } }
`;

const CLAIMS = {
  iss: 'https://id.acme.example',
  sub: 's',
  tid: 't',
  oid: 'o',
  realm: { roles: ['Agent', 'Boss'] },
  lvl: 3,
};

/** Nobody has signed it, and it has long ended. */
function tokenOf(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256' })}.${part({ exp: 1, aud: 'somebody', ...claims })}.${'A'.repeat(86)}`;
}

async function explained(token: string, ...more: readonly string[]) {
  const around = surroundings();
  around.files.put(`${FOLDER}/portcullis.yaml`, CONFIGURATION);
  around.files.put(`${FOLDER}/token.txt`, token);
  return await runIn(around, 'explain', 'GET', '/x', '--token', 'token.txt', ...more);
}

test('a token is shown as whom it would stand for, with the lines that say so, and that nobody has verified it', async () => {
  const { out, complaints } = await explained(`Bearer ${tokenOf(CLAIMS)}\n`);
  assert.equal(complaints, '');
  for (const line of [
    /^ {2}token +NOT VERIFIED: /m,
    /^ {2}issuer +acme$/m,
    /^ {2}user +t\/o \(line 7\)$/m,
    /^ {2}roles +support \(line 8\)$/m,
    /^ {2}scopes +none, which narrows nothing$/m,
    /^ {2}attribute level +3 \(line 9\)$/m,
    /^ {2}bound +to nothing$/m,
  ])
    assert.match(out, line);
});

test('as data it says that it is not verified, and holds no claims but those that are mapped', async () => {
  const { out } = await explained(tokenOf({ ...CLAIMS, secret: 'hunter2' }), '--json');
  const { token } = JSON.parse(out) as { token: { verified: boolean; subject: string; roles: readonly string[] } };
  assert.deepEqual([token.verified, token.subject, token.roles], [false, 't/o', ['support']]);
  assert.ok(!out.includes('hunter2'));
});

test('what a token is bound to is told by its names, to both where it is both', async () => {
  const bound = tokenOf({ ...CLAIMS, cnf: { jkt: 'A'.repeat(43), 'x5t#S256': 'A'.repeat(43) } });
  assert.match((await explained(bound)).out, /^ {2}bound +by jkt and x5t#S256$/m);
  const { token } = JSON.parse((await explained(bound, '--json')).out) as { token: { bound: readonly string[] } };
  assert.deepEqual(token.bound, ['jkt', 'x5t#S256']);
});

for (const [what, token, code, words] of [
  ['no token', 'hunter2', 2, /the token can't be read/],
  ['another issuer', tokenOf({ ...CLAIMS, iss: 'https://evil.example' }), 2, /none of the issuers/],
  [
    'an issuer that is not taken there',
    tokenOf({ ...CLAIMS, iss: 'https://id.other.example' }),
    1,
    /takes no tokens of the issuer other/,
  ],
  ['a claim of another type', tokenOf({ ...CLAIMS, lvl: {} }), 2, /would be refused for a claim/],
  ['no subject', tokenOf({ iss: 'https://id.acme.example' }), 2, /names no issuer, or no subject/],
] as const) {
  test(`${what} is told without a word of the token, and nothing is said to pass`, async () => {
    const said = await explained(token);
    assert.deepEqual([said.code, said.out], [code, '']);
    assert.match(said.complaints, words);
    assert.ok(!said.complaints.includes('hunter2') && !said.complaints.includes('evil'));
  });
}

test('a caller and a token are not given together, and the file must be there', async () => {
  assert.match((await explained(tokenOf(CLAIMS), '--as', 'anonymous')).complaints, /can not both be given/);
  const around = surroundings();
  around.files.put(`${FOLDER}/portcullis.yaml`, CONFIGURATION);
  const said = await runIn(around, 'explain', 'GET', '/x', '--token', 'nothing.txt');
  assert.deepEqual([said.code, /the token can't be read: missing/.test(said.complaints)], [2, true]);
});

test('a token is read from standard input too, and without one there is nothing to say', async () => {
  const around = surroundings();
  around.files.put(`${FOLDER}/portcullis.yaml`, CONFIGURATION);
  around.input = `${tokenOf(CLAIMS)}\n`;
  const { out } = await runIn(around, 'explain', 'GET', '/x', '--token', '-');
  assert.match(out, /token +NOT VERIFIED/);
  around.input = ' \n';
  const none = await runIn(around, 'explain', 'GET', '/x', '--token', '-');
  assert.deepEqual([none.code, none.complaints], [2, 'portcullis: there is no token.\n']);
});
