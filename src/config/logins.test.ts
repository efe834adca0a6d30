import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { formatIssue, ok, Secret } from '../base/index.ts';
import type { Egress, Files, Secrets } from '../ports/index.ts';
import type { LoginConfig, SessionsConfig } from './config.ts';
import { diffConfigurations } from './diff.ts';
import { gather } from './gather.ts';
import { parseConfig } from './parse.ts';

/** A configuration with one issuer that people sign in with. */
function configuration(login: string, { issuer = '', sessions = '' } = {}): string {
  return `version: 1
issuers:
  acme: { issuer: https://id.acme.example, audience: api, ${issuer} login: { ${login} } }
${sessions === '' ? '' : `sessions: { ${sessions} }\n`}apis:
  orders: { routes: ['GET /orders'], upstream: 'http://127.0.0.1:3001', auth: [session] }
`;
}

const SECRET = 'clientId: gateway, clientSecret: "${env:SECRET}"';

function parse(text: string) {
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function sessionsOf(text: string): SessionsConfig {
  const parsed = parse(text);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return parsed.value.config.sessions;
}

function loginOf(login: string): LoginConfig | undefined {
  return sessionsOf(configuration(login)).providers[0];
}

test('a login has its defaults, and `openid` is always asked for first', () => {
  const login = loginOf(SECRET);
  assert.deepEqual(
    { ...login, issuer: login?.issuer.name },
    {
      ...{ issuer: 'acme', clientId: 'gateway', par: 'auto', userinfo: false, label: 'acme', prompt: null },
      ...{ acrValues: null, scopes: ['openid'], path: 'issuers.acme.login' },
      proof: { kind: 'secret', reference: '${env:SECRET}' },
    },
  );
  const key = 'clientId: a, privateKey: "${env:KEY}"';
  assert.deepEqual(loginOf(key)?.proof, { kind: 'private-key', reference: '${env:KEY}', kid: null });
  assert.equal(loginOf(`${key}, kid: '2026-11'`)?.proof.kind, 'private-key');
  assert.deepEqual(loginOf(`${key}, kid: '2026-11'`)?.proof, { ...loginOf(key)?.proof, kid: '2026-11' });
  assert.deepEqual(loginOf(`${SECRET}, scopes: [email, openid]`)?.scopes, ['openid', 'email']);
  const { idleMs, absoluteMs } = sessionsOf(configuration(SECRET));
  assert.deepEqual([idleMs, absoluteMs], [1_800_000, 43_200_000]);
});

for (const [what, text, told] of [
  ['no proof', configuration('clientId: gateway'), /either `clientSecret` or `privateKey`/],
  ['two proofs', configuration(`${SECRET}, privateKey: "\${env:KEY}"`), /either `clientSecret` or `privateKey`/],
  ['a secret itself', configuration('clientId: gateway, clientSecret: hunter2'), /must be a reference/],
  ['no client id', configuration('clientSecret: "${env:SECRET}"'), /clientId/],
  ['an empty client id', configuration('clientId: "", clientSecret: "${env:SECRET}"'), /not empty/],
  ['a scope of two words', configuration(`${SECRET}, scopes: ['a b']`), /one word/],
  ['another prompt', configuration(`${SECRET}, prompt: none`), /prompt/],
  ['another par', configuration(`${SECRET}, par: never`), /par/],
  ['a label of two lines', configuration(`${SECRET}, label: "a\\nb"`), /one line/],
  ['an unknown key', configuration(`${SECRET}, lable: x`), /did you mean "label"/],
  ['keys from a file', configuration(SECRET, { issuer: 'jwks: ./keys.json,' }), /not read from a file/],
  ['the name of a key that is not there', configuration(`${SECRET}, kid: a`), /`kid` is the name of a `privateKey`/],
  ['an empty name of a key', configuration('clientId: a, privateKey: "${env:KEY}", kid: ""'), /not empty/],
  [
    'an idle time beyond the whole',
    configuration(SECRET, { sessions: 'idle: 2h, absolute: 1h' }),
    /longer than `absolute`/,
  ],
  ['a life of years', configuration(SECRET, { sessions: 'absolute: 366d' }), /must be from/],
  [
    'another host afterwards',
    configuration(SECRET, { sessions: "afterLogout: '//evil.example'" }),
    /path of this host/,
  ],
  [
    'a backslash afterwards',
    configuration(SECRET, { sessions: "afterLogout: '/\\evil.example'" }),
    /path of this host/,
  ],
] as const) {
  test(`a login is refused with ${what}, in words that say what to do`, () => {
    const parsed = parse(text);
    assert.ok(!parsed.ok);
    const said = parsed.error.map((issue) => formatIssue(issue)).join('\n');
    assert.match(said, told);
    assert.doesNotMatch(said, /hunter2/);
  });
}

async function gathered(text: string, secret: string) {
  const parsed = parse(text);
  assert.ok(parsed.ok);
  const secrets = { resolve: () => Promise.resolve(ok(new Secret(Buffer.from(secret)))) } as unknown as Secrets;
  const unused = {} as unknown;
  return await gather(parsed.value, { files: unused as Files, secrets, egress: unused as Egress, revision: 1 });
}

const pem = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

for (const [what, login, value, told] of [
  ['a secret that is too short', SECRET, 'short', /not from 16 to/],
  ['a secret of two lines', SECRET, 'sixteen characters\nand more', /no line of plain ASCII/],
  ['no key', 'clientId: a, privateKey: "${env:KEY}"', 'a text that is no key', /no private key/],
  [
    'a key of a curve that signs nothing',
    'clientId: a, privateKey: "${env:KEY}"',
    pem('secp256k1'),
    /signs no assertions/,
  ],
] as const) {
  test(`what stands behind a login is refused where it is ${what}, and not repeated`, async () => {
    const found = await gathered(configuration(login), value);
    assert.ok(!found.ok);
    const said = found.error.map((issue) => formatIssue(issue)).join('\n');
    assert.match(said, told);
    assert.ok(!said.includes(value));
  });
}

test('a secret, and a key that signs, are gathered', async () => {
  assert.ok((await gathered(configuration(SECRET), 'a-secret-of-the-issuer\n')).ok);
  assert.ok((await gathered(configuration('clientId: a, privateKey: "${env:KEY}"'), pem('P-256'))).ok);
});

test('what opens sessions further is told as such', () => {
  const changes = (from: string, to: string): readonly string[] => {
    const comparable = (text: string) => {
      const parsed = parse(text);
      assert.ok(parsed.ok);
      return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
    };
    return diffConfigurations(comparable(from), comparable(to)).map(({ effect, message }) => `${effect} ${message}`);
  };
  const plain = configuration(SECRET);
  const limits = (text: string): string => configuration(SECRET, { sessions: text });
  assert.deepEqual(changes(plain, limits('idle: 1h')), ['loosens `idle` is 3600 s instead of 1800 s']);
  assert.deepEqual(changes(limits('absolute: 13h'), plain), ['tightens `absolute` is 43200 s instead of 46800 s']);
  const strong = configuration(`${SECRET}, acrValues: [strong]`);
  assert.deepEqual(changes(strong, plain), ['loosens signing in with acme: the classes that are taken are any']);
  assert.deepEqual(changes(plain, strong), ['tightens signing in with acme: the classes that are taken are strong']);
  const pushed = configuration(`${SECRET}, par: required`);
  assert.deepEqual(changes(plain, pushed), ['tightens signing in with acme: `par` is required']);
  assert.deepEqual(changes(pushed, configuration(`${SECRET}, par: off`)), [
    'loosens signing in with acme: `par` is off',
  ]);
  assert.match(
    changes(plain, configuration(SECRET.replace('gateway', 'other')))[0] ?? '',
    /^changes .*its sessions end/,
  );
});
