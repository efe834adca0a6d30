import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../../base/index.ts';
import type { TlsFindings } from '../context.ts';
import { runIn, SOUND, type Surroundings, surroundings } from '../fake-context.test.ts';
import { gradeOf, shortcomingsOf } from './tls-grade.ts';

/** A server with nothing to find fault with. */
const BEST: TlsFindings = {
  takes: {
    'TLS 1.0': false,
    'TLS 1.1': false,
    'TLS 1.2': true,
    'TLS 1.3': true,
    'no AEAD': false,
    'no forward secrecy': false,
  },
  group: 'X25519MLKEM768',
  certificate: {
    keyType: 'ec',
    keyBits: 256,
    signature: 'ecdsa-with-SHA256',
    namesHost: true,
    distrust: null,
  },
  strictTransportS: 63_072_000,
};

function takes(changes: Partial<TlsFindings['takes']>): TlsFindings {
  return { ...BEST, takes: { ...BEST.takes, ...changes } };
}

function certificate(changes: Partial<TlsFindings['certificate']>): TlsFindings {
  return { ...BEST, certificate: { ...BEST.certificate, ...changes } };
}

function grade(found: TlsFindings): string {
  return gradeOf(shortcomingsOf(found));
}

test('each shortcoming caps the grade as the rating guide does, and the worst counts', () => {
  const cases: readonly (readonly [string, TlsFindings])[] = [
    ['A+', BEST],
    ['A+', takes({ 'TLS 1.2': false })],
    ['A', { ...BEST, strictTransportS: null }],
    ['A', { ...BEST, strictTransportS: 180 * 86_400 - 1 }],
    ['A+', { ...BEST, strictTransportS: 180 * 86_400 }],
    ['A-', takes({ 'TLS 1.3': false })],
    ['B', takes({ 'TLS 1.0': true })],
    ['B', takes({ 'TLS 1.1': true })],
    ['B', takes({ 'no AEAD': true })],
    ['B', takes({ 'no forward secrecy': true })],
    ['C', takes({ 'TLS 1.2': false, 'TLS 1.3': false, 'TLS 1.0': true })],
    ['B', certificate({ keyType: 'rsa', keyBits: 1024 })],
    ['A+', certificate({ keyType: 'rsa', keyBits: 2048 })],
    ['B', certificate({ keyBits: 224 })],
    ['A+', certificate({ keyType: 'ed25519', keyBits: null })],
    ['T', certificate({ signature: 'sha1WithRSAEncryption' })],
    ['T', certificate({ signature: 'ecdsa-with-SHA1' })],
    ['T', certificate({ signature: 'md5WithRSAEncryption' })],
    ['A+', certificate({ signature: null })],
    ['M', certificate({ namesHost: false })],
    ['T', certificate({ distrust: 'CERT_HAS_EXPIRED', namesHost: false })],
    ['T', { ...takes({ 'TLS 1.0': true }), certificate: { ...BEST.certificate, distrust: 'SELF_SIGNED' } }],
  ];
  for (const [expected, found] of cases) assert.equal(grade(found), expected, JSON.stringify(found));
});

const HOSTED = SOUND.replace('basePath', 'host: api.acme.example\n    basePath');
const SERVED = `${HOSTED}server: { https: { port: 9444, certificate: { cert: /tls/chain.pem, key: /tls/key.pem } } }\n`;

async function told(around: Surroundings): Promise<readonly string[]> {
  const { out } = await runIn(around, 'doctor', '--json');
  const { checks } = JSON.parse(out) as {
    checks: { check: string; state: string; says: string; fix: string | null }[];
  };
  return checks.filter(({ check }) => check === 'tls').map(({ state, says, fix }) => `${state} ${says} → ${fix}`);
}

test('doctor asks the port of the configuration for each host by its name, and tells the grade', async () => {
  const around = surroundings(SERVED);
  around.tls = () => ok(BEST);
  assert.deepEqual(await told(around), ['ok api.acme.example: A+ (X25519MLKEM768) → null']);
  assert.deepEqual(around.calls, ['probeTls 127.0.0.1 9444 api.acme.example']);
});

test('what an A+ lacks is told with what mends it, and so is a server without the post-quantum group', async () => {
  const around = surroundings(SERVED);
  around.tls = () => ok({ ...takes({ 'TLS 1.1': true }), strictTransportS: null, group: 'X25519' });
  const [line = ''] = await told(around);
  assert.match(
    line,
    /^warn api\.acme\.example: B: TLS 1\.1 is spoken; no Strict-Transport-Security \(no post-quantum group\)/,
  );
  assert.match(line, /→ see what stands before the gateway/);
});

test('that strangers do not trust the local CA is told without a warning, and anything else with one', async () => {
  const around = surroundings(HOSTED);
  const distrusted = { ...certificate({ distrust: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }), strictTransportS: null };
  around.tls = () => ok(distrusted);
  assert.match((await told(around))[0] ?? '', /^ok api\.acme\.example: T: its certificate is not trusted by strangers/);
  around.tls = () => ok({ ...distrusted, takes: { ...BEST.takes, 'no AEAD': true } });
  assert.match(
    (await told(around))[0] ?? '',
    /^warn api\.acme\.example: T: .*suites without AEAD are taken.*→ see what stands/,
  );
});

test('where no gateway runs nothing is judged, and a host that fails beside another is told', async () => {
  const around = surroundings(SERVED);
  assert.match((await told(around))[0] ?? '', /^ok no grade: nothing answers at port 9444 \(ECONNREFUSED\)/);
  const second = SERVED.replace(
    'server:',
    "  more: { routes: ['GET /m'], host: b.acme.example, upstream: http://127.0.0.1:3001, auth: public }\nserver:",
  );
  const both = surroundings(second);
  both.tls = (name) => (name === 'b.acme.example' ? err('ECONNRESET') : ok(BEST));
  const lines = await told(both);
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /^warn b\.acme\.example: no handshake: ECONNRESET/);
});

test('an API for any host is looked at without a name', async () => {
  const around = surroundings();
  around.tls = () => ok(BEST);
  assert.match((await told(around))[0] ?? '', /^ok https: A\+/);
  assert.deepEqual(around.calls, ['probeTls 127.0.0.1 8443 null']);
});

test('hosts with a certificate of their own are graded by it, and are no trial where all others are', async () => {
  const around = surroundings(
    HOSTED.replace(
      /$/,
      'server: { https: { hosts: { api.acme.example: { certificate: { cert: /a, key: /b } }, b.acme.example: { certificate: { cert: /a, key: /b } }, "*.acme.example": { certificate: { cert: /a, key: /b } } } } }\n',
    ),
  );
  around.tls = () => ok({ ...BEST, ...certificate({ distrust: 'CERT_UNTRUSTED' }) });
  const lines = await told(around);
  assert.deepEqual(around.calls, [
    'probeTls 127.0.0.1 8443 api.acme.example',
    'probeTls 127.0.0.1 8443 b.acme.example',
  ]);
  for (const line of lines) assert.match(line, /^warn .*: T: its certificate is not trusted by strangers/);
});

test('an API for any host is graded by the certificate for all, also where single hosts have one of their own', async () => {
  const own = '{ hosts: { b.acme.example: { certificate: { cert: /a, key: /b } } } }';
  const around = surroundings(`${SOUND}server: { https: ${own} }\n`);
  around.tls = () => ok(BEST);
  assert.equal((await told(around)).length, 2);
  assert.deepEqual(around.calls, ['probeTls 127.0.0.1 8443 null', 'probeTls 127.0.0.1 8443 b.acme.example']);
});
