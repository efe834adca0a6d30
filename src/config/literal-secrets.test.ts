import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

// Put together here, so that nobody who looks for lost keys finds one in this file.
const AWS = `AKIA${'Z7Q2MXB4KTWLNRCD'}`;
const PCL = `pcl_live_${'k3'.repeat(8)}_${'aZ9'.repeat(16)}q`;
const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV'].join('.');
const PEM = [
  '-----BEGIN PRIVATE KEY-----',
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg',
  '-----END PRIVATE KEY-----',
];
const RANDOM = '9f86d081884c7d659a2feaa0c55ad015';

/** An API with a rewrite that sets these fields, behind more. */
function told(set: string, more = ''): readonly string[] {
  const text = `version: 1
${more}
apis:
  a:
    routes: ['GET /x']
    upstream: http://127.0.0.1:3001
    auth: public
    rewrite: { request: { set: { ${set} } } }
`;
  const read = parseConfig(text, { file: '/p.yaml', kinds: [] });
  const issues = read.ok ? [] : read.error.map(formatIssue);
  for (const secret of [AWS, PCL, JWT, PEM[1] as string, RANDOM])
    assert.ok(!issues.join().includes(secret), issues.join());
  return issues;
}

const AT = 'apis.a.rewrite.request.set';

test('a text of the form of a key is refused wherever it stands, by its place and without its value', () => {
  for (const [secret, form] of [
    [AWS, 'aws-access-key'],
    [PCL, 'portcullis-api-key'],
    [JWT, 'jwt'],
    ['https://ada:correct-horse@db.internal/', 'url-password'],
    [`"\\x41${AWS.slice(1)}"`, 'aws-access-key'],
    [`'prefix ${AWS} suffix'`, 'aws-access-key'],
  ] as const) {
    const [issue = '', ...others] = told(`X-Some: ${secret}`);
    assert.ok(issue.startsWith(`/p.yaml:8:`), issue);
    assert.ok(issue.includes(`${AT}.X-Some: a text here looks like a secret (${form})`), issue);
    assert.deepEqual(others, []);
  }
});

test('comments, keys and unfolded lines are looked at too', () => {
  assert.match(
    told('X-Some: a', `# the old one was ${AWS}`).join(),
    /^\/p\.yaml:2:19[^]*\(aws-access-key\)[^]*take it away/,
  );
  assert.match(told('X-Some: a', `# ärger 🔑 ${AWS}`).join(), /^\/p\.yaml:2:12/);
  assert.match(told(`X-Some: a, ${AWS}: b`).join(), /aws-access-key/);
  assert.match(told('X-Some: a', PEM.map((line) => `# ${line}`).join('\n')).join(), /pem-private-key/);
  const key = `values: { keys: { texts: ["${PEM.join('\\n')}"] } }`;
  assert.match(told('X-Some: a', key).join(), /^\/p\.yaml:2:\d+ values\.keys[^]*pem-private-key/);
  const folded = `values: { keys: { texts: ["${AWS}"] } }`;
  assert.match(told('X-Some: a', folded).join(), /^\/p\.yaml:2:\d+ values\.keys/);
});

test('a text without order is refused at a key that bears secrets, and nowhere else', () => {
  for (const name of [
    'X-Api-Key',
    'Authorization',
    'x-auth-token',
    'X-Client-Secret',
    'clientSecret',
    'Password',
    'cookie',
  ])
    assert.match(told(`${name}: ${RANDOM}`).join(), /looks like a secret, for it is without order/, name);
  assert.match(told(`Authorization: Bearer ${RANDOM}`).join(), /without order/);
  assert.match(told(`Cookie: 'theme=dark; sid=${RANDOM}'`).join(), /set\.Cookie: [^]*without order/);
  assert.deepEqual(told("Cookie: 'theme=dark-blue; language=en-GB'"), []);
  for (const name of ['X-Commit', 'X-Trace', 'X-Tokenizer', 'X-Keyboard', 'Etag'])
    assert.deepEqual(told(`${name}: ${RANDOM}`), [], name);
});

test('nor where a scheme, a URL or a comment says what it is', () => {
  const key = 'Ab3dE6gH9jK2mN5pQ8sT1vW4';
  for (const value of [
    `Bearer ${RANDOM}`,
    `https://api.partner.example/v1?limit=10&api_key=${key}`,
    `https://fn.partner.example/v1?code=${key}`,
    `wss://feed.partner.example/;token=${key}`,
    `https://${key}@git.internal/x`,
  ])
    assert.match(told(`X-Upstream: '${value}'`).join(), /set\.X-Upstream: [^]*without order/, value);
  for (const comment of [`# password: ${RANDOM}`, `  #apiKey=${key}`, `# { "token": "${key}" }`, `# Bearer ${RANDOM}`])
    assert.match(told('X-Some: a', comment).join(), /^\/p\.yaml:2:1 [^]*without order[^]*take it away/, comment);
  for (const comment of [`# Authorization: Bearer ${key}`, `# curl -H 'Authorization: Basic ${key}==' x`])
    assert.match(told('X-Some: a', comment).join(), /^\/p\.yaml:2:1 [^]*without order/, comment);
  const behind = told('X-Some: a', `values: { keys: ['a # b'] } # password: ${key}`);
  assert.match(behind.join(), /^\/p\.yaml:2:29 [^]*without order[^]*take it away/);
  assert.equal(behind.length, 1);
  assert.match(told('X-Some: a', `values: { keys: [a] } # ${AWS}`).join(), /aws-access-key/);
  const quoted = `values: { keys: ['a # the commit is: ${key}', 'it is # token: ${key}'] }`;
  assert.deepEqual(told('X-Some: a', quoted), []);
  assert.equal(told('X-Some: a', `# token: ${AWS}`).length, 1, 'a line is told once');
  const long = `values: { urls: ['https://x.example/${'a/'.repeat(3_000)}?token=${key}'] }`;
  assert.match(told('X-Some: a', long).join(), /values\.urls[^]*without order/);
  for (const comment of [
    `# commit ${RANDOM}`,
    '# basic 4096-bit-rsa-keys-and-sha256',
    '# token: ${env:TOKEN}',
    `# see https://x.example/?page=${RANDOM}`,
  ])
    assert.deepEqual(told('X-Some: a', comment), [], comment);
});

test('names that services have for keys are known, and secrets of letters or with signs among them', () => {
  for (const name of [
    'x-functions-key',
    'Ocp-Apim-Subscription-Key',
    'X-Secret-Key',
    'X-Vault-Token',
    'db-pwd',
    'X-Pass',
  ])
    assert.match(told(`${name}: ${RANDOM}`).join(), /without order/, name);
  for (const secret of [
    'kLmQwErTyUiOpAsDfGhJkLzXcV',
    'p9$Kd!2x^Vn7&Lq*4z',
    'p9$Kd@2xVn7Lq4zTr8',
    'GenieKey 9f86d081-884c-7d65-9a2f-eaa0c55ad015',
    `Token token=${RANDOM}`,
  ])
    assert.match(told(`Authorization: '${secret}'`).join(), /without order/, secret);
  for (const name of ['X-Public-Key', 'Idempotency-Key', 'X-Key-Id', 'X-Partition-Key', 'X-Compass'])
    assert.deepEqual(told(`${name}: ${RANDOM}`), [], name);
});

test('what is encoded is looked at as it was before', () => {
  const encoded = Buffer.from(`aws_access_key_id=${AWS}\n`);
  for (const value of [encoded.toString('base64'), encoded.toString('base64url'), `a%3D%41${AWS.slice(1)}`])
    assert.match(told(`X-Some: '${value}'`).join(), /set\.X-Some: [^]*\(aws-access-key\)/, value);
  assert.deepEqual(told(`X-Some: '${Buffer.from('nothing that anybody keeps secret').toString('base64')}'`), []);
  assert.deepEqual(told("X-Some: '100%25 of %E4%FF %'"), []);
});

test('what stands twice by an anchor is told at both places', () => {
  const issues = told('X-Api-Key: *k', `values: { keys: { texts: [&k ${AWS}] } }`);
  assert.match(issues.join(), /values\.keys\.texts\[0\][^]*set\.X-Api-Key/);
});

test('looking takes time by the length of the text', () => {
  const began = performance.now();
  for (const long of [
    'a.'.repeat(100_000),
    'token'.repeat(40_000),
    `${'?a=b&'.repeat(40_000)}`,
    'token='.repeat(30_000),
  ])
    told('X-Some: a', `# ${long}`);
  assert.ok(performance.now() - began < 4_000, `${performance.now() - began} ms`);
});

test('what nobody keeps secret is left alone', () => {
  for (const value of [
    '{principal.subject}',
    'none',
    'correct-horse-battery-staple',
    'application/vnd.acme.v2+json',
    'https://id.acme.example/v2/keys1234',
    '/run/secrets/token-2026-01-01',
    'your-token-1234567890',
    'orders.v2.read.2024-01-01',
    'the-name-of-the-key-2024-v2',
    'ordersServiceAccountName1',
    'kLmQwErTyUiOpAsD',
    'arn:aws:iam::123456789012:role/x',
    'reports-2024-q3@jobs.acme.example',
    'AKIAIOSFODNN7EXAMPLE',
    'xxxxxxxxxxxxxxxx1234',
    '1234567890123456789012',
    'a1a1a1a1a1a1a1a1a1a1',
  ])
    assert.deepEqual(told(`X-Api-Key: '${value}'`), [], value);
});

test('what ends one value and what begins the next are no secret together', () => {
  assert.deepEqual(told('X-One: "http://api.internal:80", X-Two: "ops@acme.example"'), []);
});

test('an exception holds for its own place, and for nothing else that is the same', () => {
  const listed = `secrets: { notSecrets: [${AT}.X-Api-Key] }`;
  assert.deepEqual(told(`X-Api-Key: ${RANDOM}`, listed), []);
  assert.deepEqual(told(`X-Api-Key: ${AWS}`, listed), []);
  const [issue = '', ...others] = told(`X-Api-Key: ${RANDOM}, X-Token: ${RANDOM}`, listed);
  assert.match(issue, /set\.X-Token: /);
  assert.deepEqual(others, []);
  assert.match(
    told('X-Some: a', `secrets: { notSecrets: [apis.b.auth] }`).join(),
    /notSecrets\[0\]: nothing stands at this place/,
  );
});

test('a file with more beginnings of secrets than can be looked at is refused', () => {
  const comments = Array.from(
    { length: 12_000 },
    (_, at) =>
      `# ${AWS.slice(0, 16)}${(at + 1e6)
        .toString(32)
        .toUpperCase()
        .replace(/[0189]/g, 'Z')
        .slice(-4)}`,
  );
  assert.match(told('X-Some: a', comments.join('\n')).join(), /can not be looked through/);
});

test('whatever a configuration holds, what is told repeats nothing of it', () => {
  const secret = fc.constantFrom(AWS, PCL, JWT, RANDOM);
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom('X-Api-Key', 'authorization', 'token'),
      fc.boolean(),
      (text, name, inComment) => {
        const issues = inComment ? told('X-Some: a', `# ${name}: ${text}`) : told(`${name}: ${text}`);
        assert.ok(issues.length > 0 || (inComment && text === RANDOM));
      },
    ),
    { numRuns: 50 },
  );
});
