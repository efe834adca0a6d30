import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { formatIssue, Secret } from '../../../base/index.ts';
import type { Told } from '../../desk.ts';
import type { Sources } from '../../kind.ts';
import type { PageRequest, PageVerdict } from '../../own-page.ts';
import type { LeakReporters } from './config.ts';
import { readLeakProof } from './leak-proof.ts';
import { leakReportsPage } from './leak-reports.ts';

const SECRET = 'a shared secret of some length';
const BEARER = 'a bearer of some length';
const NOBODY: LeakReporters = { publicKeys: null, secret: null, bearer: null, path: 'apiKeys.leakReports' };
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const listOf = (...keys: readonly object[]): string => JSON.stringify({ public_keys: keys });
const ONE = { key_identifier: 'one', key: pem(ec.publicKey), is_current: true };

function sources(
  file = listOf(ONE),
  secrets: Readonly<Record<string, string>> = { S: `${SECRET}\n`, B: BEARER },
): Sources {
  return {
    file: () => Buffer.from(file),
    secret: (reference: string) => new Secret(Buffer.from(secrets[reference] ?? assert.fail(reference))),
  } as unknown as Sources;
}

function request(body: string, fields: Readonly<Record<string, string>>): PageRequest {
  const headers = { get: (name: string) => fields[name] ?? null };
  return { request: { headers }, body: Buffer.from(body) } as unknown as PageRequest;
}

function proves(reporters: Partial<LeakReporters>, fields: Readonly<Record<string, string>>, body = '[]'): boolean {
  const proof = readLeakProof({ ...NOBODY, ...reporters }, sources());
  assert.ok(proof.ok);
  return proof.value.holds(request(body, fields));
}

function signed(body: string, key = ec.privateKey, id = 'one'): Readonly<Record<string, string>> {
  const signature = sign('sha256', Buffer.from(body), key).toString('base64');
  return { 'github-public-key-identifier': id, 'github-public-key-signature': signature };
}

const sealed = (body: string, secret = SECRET): Readonly<Record<string, string>> => {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
};

test('each way to prove a report holds by itself, and no other does', () => {
  const all = { publicKeys: '/k.json', secret: 'S', bearer: 'B' };
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const shown = { authorization: `Bearer ${BEARER}` };
  for (const fields of [signed('[]'), sealed('[]'), shown]) assert.ok(proves(all, fields));
  assert.ok(proves({ publicKeys: '/k.json' }, signed('[]')));
  assert.ok(!proves({ secret: 'S', bearer: 'B' }, signed('[]')));
  assert.ok(!proves({ publicKeys: '/k.json', bearer: 'B' }, sealed('[]')));
  assert.ok(!proves({ publicKeys: '/k.json', secret: 'S' }, shown));
  const { 'github-public-key-signature': signature = '' } = signed('[]');
  const bad: readonly Readonly<Record<string, string>>[] = [
    {},
    signed('[ ]'),
    signed('[]', other),
    signed('[]', ec.privateKey, 'two'),
    signed('[]', ec.privateKey, '__proto__'),
    { 'github-public-key-signature': signature },
    { 'github-public-key-identifier': 'one' },
    { 'github-public-key-identifier': 'one', 'github-public-key-signature': '' },
    { 'github-public-key-identifier': 'one', 'github-public-key-signature': 'A'.repeat(100_000) },
    sealed('[ ]'),
    sealed('[]', 'another secret'),
    { 'x-hub-signature-256': 'sha256=' },
    { 'x-hub-signature-256': `sha1=${'0'.repeat(40)}` },
    { authorization: `Bearer ${BEARER} ` },
    { authorization: `Bearer ${BEARER.slice(0, -1)}` },
    { authorization: `Basic ${BEARER}` },
    { authorization: `DPoP ${BEARER}` },
    { authorization: 'Bearer ' },
    { authorization: `Bearer ${SECRET}` },
  ];
  for (const fields of bad) assert.ok(!proves(all, fields), JSON.stringify(fields).slice(0, 80));
});

test('keys that are none, and secrets that can be guessed, refuse the configuration', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issueOf = (reporters: Partial<LeakReporters>, got: Sources): string => {
    const proof = readLeakProof({ ...NOBODY, ...reporters }, got);
    assert.ok(!proof.ok, 'it is read');
    return proof.error.map(formatIssue).join('\n');
  };
  const files = { publicKeys: '/k.json' };
  for (const file of [
    '',
    'x',
    '[]',
    '{}',
    listOf(),
    listOf({}),
    listOf({ key_identifier: 1, key: ONE.key }),
    '{"public_keys":{}}',
    listOf(...Array.from({ length: 101 }, (_, at) => ({ ...ONE, key_identifier: String(at) }))),
  ])
    assert.match(
      issueOf(files, sources(file)),
      /leakReports.publicKeys: the file is no list of public keys/,
      file.slice(0, 80),
    );
  const privatePem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const key of ['x', pem(rsa.publicKey), privatePem, '-----BEGIN PUBLIC KEY-----'])
    assert.match(issueOf(files, sources(listOf({ ...ONE, key }))), /"one" is no public EC key in PEM/);
  assert.match(issueOf(files, sources(listOf(ONE, ONE))), /two keys are called "one"/);
  assert.match(
    issueOf({ secret: 'S' }, sources('', { S: 'short' })),
    /leakReports.secret: the secret has fewer than 16 bytes/,
  );
  assert.match(
    issueOf({ bearer: 'B' }, sources('', { B: 'short\n' })),
    /leakReports.bearer: the secret has fewer than/,
  );
});

const OURS = `pcl_live_${'0'.repeat(16)}_${'a'.repeat(49)}`;

/** What the page says of a report, and what it asked the control side for. */
async function reported(
  body: unknown,
  revoked: Told = true,
): Promise<{ verdict: PageVerdict; asked: readonly Told[] }> {
  const asked: Told[] = [];
  const page = leakReportsPage({
    proof: { holds: () => true, challenge: 'x' },
    keys: { recognize: (text) => (text === OURS ? { id: '0'.repeat(16), hash: 'h' } : null) },
    desk: {
      ask: (_subject, question) => {
        asked.push(question);
        return Promise.resolve(revoked);
      },
    },
  });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { verdict: await page.answer(request(text, {})), asked };
}

test('the control side is asked once for all keys of a report, each told once', async () => {
  const entries = [OURS, `key: ${OURS}`, 'other', OURS].map((token) => ({ token, type: 't', url: 'u', source: 's' }));
  const { verdict, asked } = await reported(entries);
  assert.ok(verdict.kind === 'reply');
  const said = JSON.parse(String(verdict.response.body)) as readonly { readonly label: string }[];
  assert.deepEqual(
    said.map(({ label }) => label),
    ['true_positive', 'true_positive', 'false_positive', 'true_positive'],
  );
  assert.deepEqual(asked, [[{ id: '0'.repeat(16), hash: 'h', url: 'u', source: 's' }]]);
  assert.deepEqual((await reported([{ token: 'x' }])).asked, [], 'nothing is asked for nothing');
});

test('a report whose keys could not be revoked is refused, so that it comes again', async () => {
  for (const answer of [false, null, 'x', {}] as const) {
    const { verdict } = await reported([{ token: OURS }], answer);
    assert.ok(verdict.kind === 'deny' && verdict.problem.code === 'gateway-fault', JSON.stringify(answer));
  }
});

test('no key gets into an alert by the place where it was found', async () => {
  const { asked } = await reported([{ token: OURS, url: `https://x/${OURS}?\u0000${OURS}`, source: OURS.repeat(50) }]);
  const told = JSON.stringify(asked);
  assert.ok(!told.includes('aaaaaaaa'), told.slice(0, 200));
  assert.ok(told.length < 1_200);
});

test('a token is looked at as far as a key can reach', async () => {
  const { asked } = await reported([{ token: `${'x'.repeat(1_100)}${OURS}` }]);
  assert.deepEqual(asked, []);
});

test('whoever proves nothing gets no further', () => {
  const page = leakReportsPage({
    proof: { holds: () => false, challenge: 'Portcullis-Report realm="leak reports"' },
    keys: { recognize: () => assert.fail('a key is looked at') },
    desk: { ask: () => assert.fail('somebody is asked') },
  });
  const verdict = page.answer(request(JSON.stringify([{ token: OURS }]), {}));
  assert.ok(!(verdict instanceof Promise) && verdict.kind === 'deny');
  const challenge = ['www-authenticate', 'Portcullis-Report realm="leak reports"'] as const;
  assert.deepEqual(verdict.problem, { code: 'unauthenticated', headers: [challenge] });
});

test('a bearer is asked for where one would do, and nowhere else', () => {
  const asked = (reporters: Partial<LeakReporters>): string => {
    const proof = readLeakProof({ ...NOBODY, ...reporters }, sources());
    return proof.ok ? proof.value.challenge : assert.fail('it is not read');
  };
  assert.equal(asked({ bearer: 'B', secret: 'S' }), 'Bearer realm="leak reports"');
  for (const signed of [{ secret: 'S' }, { publicKeys: '/k.json' }])
    assert.equal(asked(signed), 'Portcullis-Report realm="leak reports"');
});
