import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { err, ok, Secret } from '../../base/index.ts';
import type { HostReference, VaultAuth, VaultSource } from '../../ports/index.ts';
import { createHostSecrets } from './host-secrets.ts';
import { createOutboundEgress } from './outbound-egress.ts';
import { createSystemClock } from './system-clock.ts';
import { createSystemResolver } from './system-resolver.ts';
import { APPROLE, KUBERNETES, startVault, type VaultOptions, type VaultServer } from './vault-fixture.test.ts';
import { createVaultSecrets } from './vault-secrets.ts';

const TOKEN: VaultAuth = { kind: 'token', token: { scheme: 'env', name: 'TOKEN' } };
const ROLE: VaultAuth = {
  kind: 'approle',
  mount: 'approle',
  role: APPROLE.role,
  secret: { scheme: 'env', name: 'SECRET_ID' },
};
const POD: VaultAuth = {
  kind: 'kubernetes',
  mount: 'k8s',
  role: KUBERNETES.role,
  token: { scheme: 'file', path: '/jwt' },
};

/** A Vault, what this machine has, and who reads. */
class Setting {
  readonly server: VaultServer;
  monotonicMs = 0;
  readonly own = new Map<string, string>([
    ['TOKEN', 'hvs.root'],
    ['SECRET_ID', APPROLE.secret],
    ['/jwt', `${KUBERNETES.jwt}\n`],
  ]);
  readonly files = new Map<string, string>();
  readonly #vault;
  readonly #more: Partial<VaultSource>;

  constructor(server: VaultServer, more: Partial<VaultSource>) {
    this.server = server;
    this.#more = more;
    const clock = createSystemClock();
    this.#vault = createVaultSecrets({
      egress: createOutboundEgress({ resolver: createSystemResolver({ clock }), clock }),
      files: {
        read: async (path) => {
          const text = this.files.get(path);
          return text === undefined ? err({ reason: 'missing', detail: path }) : ok(Buffer.from(text));
        },
      },
      clock: { monotonic: () => this.monotonicMs },
      own: async (reference: HostReference) => {
        const name = reference.scheme === 'env' ? reference.name : reference.path;
        const text = this.own.get(name);
        return text === undefined ? err(`${name} is not set`) : ok(new Secret(Buffer.from(text)));
      },
    });
  }

  /** The text of a secret, or why there is none. Later each time, so that nothing is remembered. */
  async read(path: string, field: string, laterMs = 1_001): Promise<string> {
    this.pass(laterMs / 1_000);
    const read = await this.#vault.read({ scheme: 'vault', path, field }, this.source);
    return read.ok ? `= ${read.value.revealText()}` : read.error;
  }

  get source(): VaultSource {
    return { address: this.server.address, namespace: null, caFile: null, auth: TOKEN, mounts: {}, ...this.#more };
  }

  pass(seconds: number): void {
    this.monotonicMs += seconds * 1_000;
    this.server.seconds += seconds;
  }
}

async function setting(t: TestContext, more: Partial<VaultSource> = {}, options: VaultOptions = {}): Promise<Setting> {
  const server = await startVault(options);
  t.after(() => server.stop());
  server.addToken('hvs.root', 0);
  server.put('secret/orders/db', { user: 'app', password: 'pässwörd 🔑' });
  return new Setting(server, more);
}

test('fields of both versions of the engine are read, each at the path of its mount', async (t) => {
  const vault = await setting(t, { mounts: { old: 1, 'team/kv': 2 } });
  vault.server.put('old/legacy/key', { key: 'one' });
  vault.server.put('team/kv/deep/er', { key: 'two' });
  assert.equal(await vault.read('secret/orders/db', 'password'), '= pässwörd 🔑');
  assert.equal(await vault.read('old/legacy/key', 'key'), '= one');
  assert.equal(await vault.read('team/kv/deep/er', 'key'), '= two');
  assert.deepEqual(vault.server.asked, [
    'GET /v1/auth/token/lookup-self',
    'GET /v1/secret/data/orders/db',
    'GET /v1/old/legacy/key',
    'GET /v1/team/kv/data/deep/er',
  ]);
});

test('a Vault that is down is waited for once, however many secrets are read one after the other', async (t) => {
  const vault = await setting(t);
  vault.server.put('secret/key', { key: 'one' });
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.server.failing = 503;
  const asked = vault.server.asked.length;
  const words = await vault.read('secret/orders/db', 'user');
  assert.match(words, /it is sealed/);
  assert.equal(await vault.read('secret/key', 'key', 0), words.replace('secret/orders/db#user', 'secret/key#key'));
  assert.match(await vault.read('secret/more', 'key', 999), /it is sealed/);
  assert.equal(vault.server.asked.length, asked + 1);
  vault.server.failing = null;
  assert.equal(await vault.read('secret/key', 'key', 1), '= one');
  // What it has not is its answer, and keeps nothing else back.
  assert.match(await vault.read('secret/none', 'key', 0), /it has nothing there/);
  assert.equal(await vault.read('secret/orders/db', 'user', 0), '= app');
});

test('a mount that fails keeps no secret of another one back', async (t) => {
  const vault = await setting(t, { mounts: { 'team/kv': 2 } });
  vault.server.put('team/kv/pay', { key: 'other' });
  vault.server.failingMount = 'secret';
  assert.match(await vault.read('secret/orders/db', 'user'), /it answers with status 500/);
  assert.equal(await vault.read('team/kv/pay', 'key', 0), '= other');
});

test('what is missing, deleted, no text, empty or too large is an error that tells the reference alone', async (t) => {
  const vault = await setting(t, { mounts: { old: 1 } });
  vault.server.put('secret/odd', {
    number: 5,
    empty: '',
    nested: { a: 'hunter2' },
    large: `hunter2${'x'.repeat(65_536)}`,
  });
  vault.server.put('secret/gone', { password: 'hunter2' });
  vault.server.put('secret/gone', null);
  vault.server.put('old/plain', { data: 'hunter2' });
  for (const [path, field, words] of [
    ['secret/nothing', 'password', /it has nothing there/],
    ['secret/gone', 'password', /it has nothing there/],
    ['secret/odd', 'absent', /no field of this name/],
    ['secret/odd', 'constructor', /no field of this name/],
    ['secret/odd', '__proto__', /no field of this name/],
    ['secret/odd', 'number', /is no text/],
    ['secret/odd', 'nested', /is no text/],
    ['secret/odd', 'empty', /is empty/],
    ['secret/odd', 'large', /more than 64 KiB/],
    ['other/x', 'password', /it refuses this token/],
  ] as const) {
    const said = await vault.read(path, field);
    assert.match(said, words, `${path}#${field}`);
    assert.ok(said.includes(`\${vault:${path}#${field}}`) && !/hunter2|hvs\./.test(said), said);
  }
});

test('fields that are asked for together come of one reading, and what has changed is read a second later', async (t) => {
  const vault = await setting(t);
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.server.put('secret/orders/db', { user: 'next', password: 'new' });
  assert.equal(await vault.read('secret/orders/db', 'password', 0), '= pässwörd 🔑');
  assert.equal(await vault.read('secret/orders/db', 'password', 1_000), '= new');
});

test('a role signs in once, renews its token, and signs in again when that can be renewed no more', async (t) => {
  const vault = await setting(t, { auth: ROLE }, { ttlSeconds: 90, mostSeconds: 200 });
  for (let count = 0; count < 300; count++) assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  const { asked, signIns } = vault.server;
  assert.ok(signIns >= 2 && signIns <= 4, `${signIns} times`);
  assert.ok(asked.filter((one) => one.includes('renew-self')).length >= 2);
});

test('a pod signs in by the token of its service account, which is read anew each time', async (t) => {
  const vault = await setting(t, { auth: POD });
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.own.set('/jwt', 'of.another.pod');
  vault.server.revoke('hvs.given-1');
  vault.pass(6);
  assert.match(await vault.read('secret/orders/db', 'user'), /does not let us in: it answers with status 400/);
  vault.own.set('/jwt', KUBERNETES.jwt);
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
});

test('a token that was revoked is replaced once for a reading, and who may not read a path signs in no more for that', async (t) => {
  const vault = await setting(t, { auth: ROLE });
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.server.revoke('hvs.given-1');
  assert.match(await vault.read('secret/orders/db', 'user'), /refuses this token/);
  vault.pass(5);
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  assert.equal(vault.server.signIns, 2);
  for (let count = 0; count < 20; count++)
    assert.match(await vault.read('forbidden/x', 'y', 1_001), /refuses this token/);
  assert.ok(vault.server.signIns <= 7, `${vault.server.signIns} times`);
});

test('a token in a file that an agent has written anew takes the place of the one that has ended', async (t) => {
  const vault = await setting(t, { auth: { kind: 'token', token: { scheme: 'file', path: '/token' } } });
  vault.server.addToken('hvs.first', 60);
  vault.server.addToken('hvs.second', 600);
  vault.own.set('/token', 'hvs.first\n');
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.own.set('/token', 'hvs.second\n');
  vault.pass(61);
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  vault.own.set('/token', 'two\r\nlines');
  vault.pass(601);
  const said = await vault.read('secret/orders/db', 'user');
  assert.match(said, /holds what no header field can hold/);
  assert.ok(!said.includes('lines'));
});

test('a Vault that is sealed, overloaded, redirects or answers anything else gives nothing, and says why', async (t) => {
  const vault = await setting(t);
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  for (const [status, words] of [
    [503, /sealed/],
    [429, /status 429/],
    [500, /status 500/],
    [400, /status 400/],
    [204, /status 204/],
  ] as const) {
    vault.server.failing = status;
    assert.match(await vault.read('secret/orders/db', 'user'), words);
  }
  vault.server.failing = null;
  for (const text of [
    '<html>',
    '[]',
    '"hunter2"',
    'null',
    '{"data":"hunter2"}',
    '{"data":{"data":[]}}',
    `{"a":"${'x'.repeat(1_100_000)}"}`,
  ]) {
    vault.server.saying = text;
    const said = await vault.read('secret/orders/db', 'user');
    assert.ok(!said.startsWith('=') && !said.includes('hunter2'), said);
  }
  vault.server.saying = null;
  const other = await startVault();
  t.after(() => other.stop());
  vault.server.redirect = `${other.address}/v1/secret/data/orders/db`;
  assert.match(await vault.read('secret/orders/db', 'user'), /redirects/);
  assert.deepEqual(other.asked, [], 'the token went nowhere else');
  vault.server.redirect = null;
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  await vault.server.stop();
  assert.match(await vault.read('secret/orders/db', 'user'), /can not be reached/);
});

test('the namespace is said with every question, that to sign in too', async (t) => {
  const vault = await setting(t, { auth: ROLE, namespace: 'acme/prod' }, { namespace: 'acme/prod' });
  assert.equal(await vault.read('secret/orders/db', 'user'), '= app');
  assert.ok(vault.server.asked.every((one) => one.endsWith(' acme/prod')));
});

test('without a Vault its references are errors', async () => {
  const secrets = createHostSecrets({ environment: {}, files: {} as never, log: { write() {} } });
  const reference = { scheme: 'vault', path: 'secret/a', field: 'b' } as const;
  const none = await secrets.resolve(reference);
  assert.match(none.ok ? '' : none.error, /none is configured/);
  const source = { address: 'https://v', namespace: null, caFile: null, auth: TOKEN, mounts: {} };
  const unasked = await secrets.resolve(reference, source);
  assert.match(unasked.ok ? '' : unasked.error, /not asked from here/);
});
