import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_KEY_HASH_TABLE, API_KEY_TABLES, apiKeyChecksum, createApiKeyHash } from '../../../credential/index.ts';
import type { PageRequest } from '../../own-page.ts';
import { ADDRESS, CONFIG, hashOf, idOf, NOW_MS, REPORTER, Thread, wordOf } from './fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import taken from './golden/taken.json' with { type: 'json' };

/** A head, in which `{key}` is the text of a key and `{key:how}` what somebody made of it, and whose key opens or why it does not. */
interface Golden {
  readonly name: string;
  readonly fields: readonly (readonly string[])[];
  readonly verdict: string;
}

/** A thread with the keys that golden files speak of, each with its name for a subject. */
function withKeys(): { readonly thread: Thread; readonly texts: ReadonlyMap<string, string> } {
  const thread = new Thread();
  const texts = new Map(
    Object.entries({
      plain: {},
      test: { environment: 'test' },
      revoked: { state: 'revoked' },
      disabled: { state: 'disabled' },
      ended: { expiresAtMs: NOW_MS },
      'elsewhere and here': { apis: ['bills', 'orders'] },
      elsewhere: { apis: ['bills', 'order'] },
      'from here': { addresses: ['198.51.100.0/24', `${ADDRESS}`] },
      'from elsewhere': { addresses: ['198.51.100.0/24', '2001:db8::/32'] },
    } as const).map(([subject, row]) => [subject, thread.give({ ...row, subject })]),
  );
  return { thread, texts: texts.set('stranger', new Thread().give()) };
}

const MADE_OF: Readonly<Record<string, (text: string, others: ReadonlyMap<string, string>) => string>> = {
  cut: (text) => text.slice(0, -1),
  slip: (text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0'),
  forged: (text) => sealed(text.slice(0, -49) + 'x'.repeat(43)),
  swapped: (text, others) => sealed(text.slice(0, -49) + (others.get('from here') ?? '').slice(-49, -6)),
  renamed: (text) => sealed(text.replace('pcl_test_', 'pcl_live_').slice(0, -6)),
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  wide: (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 256),
  hash: (text) => hashOf(text),
};

function sealed(body: string): string {
  return body + apiKeyChecksum(body);
}

for (const [file, list] of Object.entries({ taken, refused, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, () => {
      const { thread, texts } = withKeys();
      const fill = (value: string): string =>
        value.replaceAll(/\{([a-z ]+)(?::([a-z]+))?\}/g, (_, name: string, how?: string) => {
          const text = texts.get(name) ?? assert.fail(name);
          return how === undefined ? text : (MADE_OF[how]?.(text, texts) ?? assert.fail(how));
        });
      const fields = golden.fields.map(([name = '', value = '']) => [name, fill(value)] as const);
      const steps = thread.steps();
      for (const time of ['the first time', 'the second time']) {
        const { verdict } = thread.ask(fields, steps);
        const said = verdict.kind === 'identified' ? verdict.principal.subject : wordOf(verdict);
        assert.equal(said, golden.verdict, time);
      }
    });
  }
}

test('all refusals of one key have the same words', () => {
  const { thread, texts } = withKeys();
  const problems = new Set(
    ['stranger', 'test', 'revoked', 'disabled', 'ended', 'elsewhere', 'from elsewhere'].map((name) => {
      const { verdict } = thread.ask([['x-api-key', texts.get(name) ?? '']]);
      assert.ok(verdict.kind === 'deny');
      return JSON.stringify(verdict.problem);
    }),
  );
  assert.deepEqual(
    [...problems],
    [JSON.stringify({ code: 'invalid-api-key', headers: [['www-authenticate', 'ApiKey realm="orders"']] })],
  );
});

test('who calls is the subject of the key, with what its roles permit and its scopes leave', () => {
  const thread = new Thread();
  const key = thread.give({
    ...{ subject: 'reporting', name: 'reports', owner: 'ada', tenant: 'acme' },
    ...{ roles: ['customer'], scopes: ['orders:read', 'bills:read'], expiresAtMs: null },
  });
  const { verdict } = thread.ask([['x-api-key', key]]);
  assert.ok(verdict.kind === 'identified');
  const { permissions, notes: _notes, ...principal } = verdict.principal;
  assert.deepEqual(principal, {
    ...{ kind: 'key', issuer: 'api-key', subject: 'reporting', clientId: 'reporting', credentialId: idOf(key) },
    ...{ sessionId: null, tenant: 'acme', roles: ['customer'], scopes: ['orders:read', 'bills:read'] },
    claims: { name: 'reports', owner: 'ada' },
    assurance: { acr: null, amr: [], authTimeMs: null },
    ...{ confirmation: null, expiresAtMs: Number.POSITIVE_INFINITY },
  });
  const has = (name: string): boolean => permissions.includes(thread.roles.named([name]));
  assert.deepEqual([has('orders:read'), has('orders:create')], [true, false]);
});

test('what changes in the table holds with the next request', () => {
  const thread = new Thread();
  const key = thread.give();
  const steps = thread.steps();
  const ask = (): string => wordOf(thread.ask([['x-api-key', key]], steps).verdict);
  assert.equal(ask(), 'identified');
  thread.put(idOf(key), { ...thread.row(key), state: 'revoked' });
  assert.equal(ask(), 'revoked');
  thread.put(idOf(key), { ...thread.row(key), state: 'active', expiresAtMs: NOW_MS + 60_000 });
  assert.equal(ask(), 'identified');
  thread.nowMs += 60_000;
  assert.equal(ask(), 'expired');
});

test('the field with the key stays away from the upstream, also where the key opens nothing', () => {
  const thread = new Thread();
  const key = thread.give();
  assert.equal(thread.ask([['x-api-key', key]]).used.header, 'x-api-key');
  assert.equal(thread.ask([['authorization', `Bearer ${key}`]]).used.header, 'authorization');
  assert.equal(thread.ask([['x-api-key', 'x']]).used.header, 'x-api-key');
  assert.equal(thread.ask([['authorization', 'Bearer a.b.c']]).used.header, null);
  const passing = thread.steps({ ...CONFIG, credentials: 'pass' });
  assert.equal(thread.ask([['x-api-key', key]], passing).used.header, null);
});

test('an API may name a field of its own, and operations may take no keys', () => {
  const thread = new Thread();
  const key = thread.give();
  const steps = thread.steps({ ...CONFIG, header: 'x-bills-key' });
  assert.equal(wordOf(thread.ask([['x-bills-key', key]], steps).verdict), 'identified');
  assert.equal(wordOf(thread.ask([['x-api-key', key]], steps).verdict), 'abstain');
  assert.deepEqual(thread.steps(CONFIG, 'none'), {});
  assert.deepEqual(thread.steps({ ...CONFIG, taken: false }), {});
  assert.ok(thread.steps({ ...CONFIG, taken: false, operations: { getOrder: true } }).authenticate);
});

test('the use of a key is told once a minute, and that of none where it opens nothing', () => {
  const thread = new Thread();
  const key = thread.give();
  const steps = thread.steps();
  const use = (): void => void thread.ask([['x-api-key', key]], steps);
  for (let count = 0; count < 5; count++) use();
  thread.ask([['x-api-key', thread.give({ state: 'revoked' })]], steps);
  assert.deepEqual(thread.told, [['api-keys.used', [idOf(key), NOW_MS]]]);
});

test('a network that tries many keys is an alert, once', () => {
  const thread = new Thread();
  const steps = thread.steps();
  for (let count = 0; count < 29; count++) thread.ask([['x-api-key', 'x']], steps);
  assert.deepEqual(thread.alerts, []);
  for (let count = 0; count < 50; count++) thread.ask([['x-api-key', 'x']], steps);
  assert.deepEqual(
    thread.alerts.map(({ kind, key }) => [kind, key]),
    [['api-key.tried', ADDRESS]],
  );
});

test('tries that are a minute apart are none of one minute, and so many networks are told apart', () => {
  const thread = new Thread();
  const steps = thread.steps();
  const tries = (count: number): void => {
    for (let at = 0; at < count; at++) thread.ask([['x-api-key', 'x']], steps);
  };
  tries(29);
  thread.nowMs += 60_000;
  tries(29);
  assert.deepEqual(thread.alerts, [], 'the minute is another');
  // The first of 1,024 other networks makes it forgotten, and it begins anew.
  for (let network = 0; network < 1_024; network++) {
    thread.address = `10.${network >> 8}.${network & 255}.1`;
    tries(1);
  }
  thread.address = ADDRESS;
  tries(29);
  assert.deepEqual(thread.alerts, []);
  tries(1);
  assert.equal(thread.alerts.length, 1);
});

test('a key for addresses is taken from them whatever their zone, and its caller lasts as long as it', () => {
  const thread = new Thread();
  const key = thread.give({ addresses: ['fe80::/10'], expiresAtMs: NOW_MS + 5_000 });
  const ask = (address: string) => {
    thread.address = address;
    return thread.ask([['x-api-key', key]]).verdict;
  };
  for (const address of ['fec0::1', '192.0.2.1', 'nonsense']) assert.equal(wordOf(ask(address)), 'address', address);
  for (const address of ['fe80::1', 'fe80::1%eth0']) assert.equal(wordOf(ask(address)), 'identified', address);
  const verdict = ask('fe80::1%lo');
  assert.equal(verdict.kind === 'identified' && verdict.principal.expiresAtMs, NOW_MS + 5_000);
});

test('keys are held against hashes under the key in force', () => {
  const thread = new Thread();
  const key = thread.give();
  const steps = thread.steps();
  const ask = (): string => wordOf(thread.ask([['x-api-key', key]], steps).verdict);
  assert.equal(ask(), 'identified');
  const other = Buffer.alloc(32, 9);
  thread.hashBy(other);
  assert.equal(ask(), 'secret');
  thread.put(idOf(key), { ...thread.row(key), hash: createApiKeyHash(other)(key) });
  assert.equal(ask(), 'identified');
});

test('it needs the live tables of keys and nothing else', () => {
  const thread = new Thread();
  assert.deepEqual(
    thread.kind.sources(CONFIG),
    [API_KEY_HASH_TABLE, ...API_KEY_TABLES].map((declaration) => ({ kind: 'table', declaration })),
  );
});

test('only whole keys of ours count as leaked, whatever became of them since', async () => {
  const thread = new Thread();
  const keys = [thread.give(), thread.give({ state: 'revoked' }), thread.give({ environment: 'test', expiresAtMs: 1 })];
  const [key = ''] = keys;
  const forged = MADE_OF['forged']?.(key, new Map()) ?? '';
  const stranger = new Thread().give();
  const leakReports = { publicKeys: null, secret: null, bearer: 'B', path: 'apiKeys.leakReports' };
  const [page] = thread.kind.pages?.({ ...CONFIG, leakReports }, thread.sources) ?? [];
  const tokens = [...keys, forged, stranger, `pcl_live_${idOf(key)}`, idOf(key), hashOf(key)];
  const body = Buffer.from(JSON.stringify(tokens.map((token) => ({ token }))));
  const headers = { get: (name: string) => (name === 'authorization' ? `Bearer ${REPORTER}` : null) };
  const verdict = await page?.answer({ request: { headers }, body } as unknown as PageRequest);
  assert.ok(verdict?.kind === 'reply');
  const said = JSON.parse(String(verdict.response.body)) as readonly { readonly label: string }[];
  assert.deepEqual(
    said.map(({ label }) => label === 'true_positive'),
    [true, true, true, false, false, false, false, false],
  );
  assert.deepEqual(thread.asked, [keys.map((text) => ({ id: idOf(text), hash: hashOf(text), url: '', source: '' }))]);
});

test('there is no page for reports where nobody may send any', () => {
  const thread = new Thread();
  assert.deepEqual(thread.kind.pages?.(CONFIG, thread.sources), []);
});
