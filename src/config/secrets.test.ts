import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Config } from './config.ts';
import { secretsChanges } from './diff-secrets.ts';
import { parseConfig } from './parse.ts';

function parsed(vault: string): Config | string {
  const text = `version: 1
secrets: { vault: { ${vault} } }
apis:
  a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:3001', auth: public }
`;
  const read = parseConfig(text, { file: '/etc/portcullis/p.yaml', kinds: [] });
  return read.ok ? read.value.config : read.error.map(formatIssue).join('\n');
}

function vaultOf(vault: string): NonNullable<Config['secrets']['vault']> {
  const config = parsed(vault);
  return (typeof config === 'string' ? assert.fail(config) : config).secrets.vault ?? assert.fail();
}

const ADDRESS = 'address: https://vault.acme.example:8200/';
const TOKEN = "auth: { token: '${file:token}' }";

test('a Vault is read with its defaults, and relative paths start at the configuration', () => {
  assert.deepEqual(vaultOf(`${ADDRESS}, ${TOKEN}, ca: ca.pem, namespace: acme/prod, mounts: { kv/old: 1 }`), {
    source: {
      address: 'https://vault.acme.example:8200',
      namespace: 'acme/prod',
      caFile: '/etc/portcullis/ca.pem',
      auth: { kind: 'token', token: { scheme: 'file', path: '/etc/portcullis/token' } },
      mounts: { 'kv/old': 1 },
    },
    intervalMs: 300_000,
  });
  const { auth } = vaultOf(`${ADDRESS}, auth: { kubernetes: { role: gateway } }`).source;
  assert.deepEqual(auth, {
    ...{ kind: 'kubernetes', mount: 'kubernetes', role: 'gateway' },
    token: { scheme: 'file', path: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
  });
  const role = vaultOf(`${ADDRESS}, auth: { approle: { role: r-1, secret: '\${env:SECRET_ID}', mount: teams/a } }`);
  assert.deepEqual(role.source.auth, {
    ...{ kind: 'approle', mount: 'teams/a', role: 'r-1', secret: { scheme: 'env', name: 'SECRET_ID' } },
  });
});

test('what can not be kept, or would tell a secret, is refused at its place', () => {
  for (const [vault, words] of [
    [`address: http://vault.acme.example, ${TOKEN}`, /vault\.address: plain http is taken on loopback only/],
    [`address: 'https://ada:pw@vault.acme.example', ${TOKEN}`, /vault\.address: a URL here can hold no user/],
    [ADDRESS, /vault\.auth: /],
    [`${ADDRESS}, auth: { token: geheim }`, /auth\.token: must be a reference/],
    [`${ADDRESS}, auth: { token: '\${vault:secret/a#b}' }`, /auth\.token: what opens Vault can not lie in it/],
    [`${ADDRESS}, auth: { approle: { role: a } }`, /auth\.approle\.secret: /],
    [`${ADDRESS}, ${TOKEN}, namespace: ../root`, /vault\.namespace: this is no path of Vault/],
    [`${ADDRESS}, ${TOKEN}, mounts: { kv: 3 }`, /mounts\.kv: the engine is of version 1 or 2/],
    [`${ADDRESS}, ${TOKEN}, mounts: { 'kv/': 1 }`, /mounts[^:]*: this is no path of Vault/],
    [`${ADDRESS}, ${TOKEN}, interval: 1s`, /vault\.interval: must be from 10s to 24h/],
    [`${ADDRESS}, ${TOKEN}, verify: false`, /verify: unknown key/],
  ] as const) {
    const said = parsed(vault);
    assert.ok(typeof said === 'string', vault);
    assert.match(said, words, vault);
    assert.ok(!said.includes('geheim'), said);
  }
});

test('another Vault, or others who vouch for it, are told as what loosens', () => {
  const before = { vault: vaultOf(`${ADDRESS}, ${TOKEN}`), notSecrets: ['a.b'] };
  const told = (vault: string | null, notSecrets: readonly string[] = ['a.b']): readonly string[] =>
    secretsChanges(before, { vault: vault === null ? null : vaultOf(vault), notSecrets }).map(
      ({ effect, message }) => `${effect}: ${message}`,
    );
  assert.deepEqual(told(`${ADDRESS}, ${TOKEN}`), []);
  assert.deepEqual(told(`address: https://other.example, ${TOKEN}`), [
    'loosens: another Vault is believed: https://other.example',
  ]);
  assert.deepEqual(told(`${ADDRESS}, ${TOKEN}, ca: ca.pem`), ['loosens: other CAs vouch for Vault']);
  assert.deepEqual(told(null), ['changes: secrets are no longer read of Vault']);
  assert.deepEqual(told(`${ADDRESS}, ${TOKEN}, interval: 1m, namespace: x, mounts: { kv: 1 }`), [
    'changes: Vault is asked in another namespace',
    'changes: engines of Vault are of other versions',
    'changes: secrets are read anew every 60 s',
  ]);
  assert.deepEqual(told(`${ADDRESS}, ${TOKEN}`, ['c.d']), [
    'loosens: c.d may look like a secret',
    'tightens: a.b may no longer look like a secret',
  ]);
});
