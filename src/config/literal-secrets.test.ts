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
  for (const name of ['X-Commit', 'X-Trace', 'X-Tokenizer', 'X-Keyboard', 'Etag'])
    assert.deepEqual(told(`${name}: ${RANDOM}`), [], name);
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
