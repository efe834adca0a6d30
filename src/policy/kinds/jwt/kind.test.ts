import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bitset } from '../../../base/index.ts';
import { KEYS_STALE_AFTER_MS } from '../../../credential/index.ts';
import { Notes } from '../../notes.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import {
  ask,
  askNow,
  configOf,
  createSigner,
  exchangeOf,
  issuerOf,
  NOW,
  PERMISSIONS,
  type Signer,
  Thread,
  tokenOf,
  wordOf,
  plainName,
} from './fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import taken from './golden/taken.json' with { type: 'json' };

const ec = createSigner('ES256', 'ec');
const rsa = createSigner('RS256', 'rsa');
const edwards = createSigner('EdDSA', 'ed');

function threadWith(...signers: readonly Signer[]): Thread {
  const thread = new Thread();
  thread.fill(
    'acme',
    signers.map((signer) => signer.row),
  );
  return thread;
}

/** One request and what becomes of it. A token's parts may be given as texts, for what no object can say. */
interface Golden {
  readonly name: string;
  readonly issuer: 'acme' | 'partner' | 'profile' | 'tenants' | 'domains';
  readonly fields: readonly string[];
  readonly token?: {
    readonly key: 'ec' | 'rsa' | 'ed' | 'thief';
    readonly header: object | string;
    readonly claims: object | string;
  };
  readonly verdict: unknown;
}

const SIGNERS = { ec, rsa, ed: edwards, thief: createSigner('ES256', 'ec') };
const ISSUERS = {
  acme: issuerOf({ claims: { roles: ['realm_access', 'roles'], tenant: ['org_id'], permissions: null } }),
  partner: issuerOf({
    name: 'partner',
    issuer: 'https://partner.example',
    algorithms: ['EdDSA'],
    claims: { roles: null, tenant: null, permissions: ['scope'] },
  }),
  profile: issuerOf({ name: 'profile', typ: 'at+jwt' }),
  tenants: issuerOf({
    name: 'tenants',
    issuer: 'https://login.example/{tenantid}/v2.0',
    tenants: ['t1', 't2'],
    claims: { roles: ['roles'], tenant: ['tid'], permissions: null },
  }),
  domains: issuerOf({ name: 'domains', hostedDomains: ['acme.example'] }),
};

for (const [kind, cases] of Object.entries({ taken, refused, bypass })) {
  for (const { name, issuer, fields, token, verdict } of cases as readonly Golden[]) {
    test(`${kind}: ${name}`, () => {
      const thread = threadWith(ec, rsa);
      thread.fill('partner', [edwards.row]);
      for (const name of ['profile', 'tenants', 'domains']) thread.fill(name, [ec.row]);
      const text = token === undefined ? '' : tokenOf(SIGNERS[token.key], token.claims, token.header);
      const steps = thread.steps(configOf(ISSUERS[issuer]));
      const asked = fields.map((field) => field.replaceAll('{token}', text));
      assert.deepEqual(plain(askNow(steps, ...asked)), verdict);
      assert.deepEqual(plain(askNow(steps, ...asked)), verdict, 'the second time');
    });
  }
}

/** A verdict as JSON says it, permissions by name, and without room for notes. */
function plain(verdict: AuthenticateVerdict): unknown {
  const { permission } = new Thread().roles;
  const named = (_: string, value: unknown): unknown => {
    if (value instanceof Notes) return undefined;
    return value instanceof Bitset ? PERMISSIONS.filter((name) => value.has(permission(name) ?? -1)) : value;
  };
  return JSON.parse(JSON.stringify(verdict, named));
}

test('a public operation gets no step, and one that says it itself gets what it says', () => {
  const thread = threadWith(ec);
  const operations = { open: [], own: [issuerOf({ audiences: ['https://own.example'] })] };
  const config = { ...configOf(issuerOf()), operations };
  assert.deepEqual(thread.steps(config, 'open'), {});
  assert.deepEqual(thread.steps(configOf(), 'getOrder'), {});
  assert.equal(wordOf(askNow(thread.steps(config, 'own'), `Bearer ${tokenOf(ec)}`)), 'audience');
  assert.equal(wordOf(askNow(thread.steps(config, 'getOrder'), `Bearer ${tokenOf(ec)}`)), 'identified');
});

test('an operation with the name of what every object has is looked up as any other', () => {
  const thread = threadWith(ec);
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.equal(wordOf(askNow(thread.steps(configOf(issuerOf()), name), `Bearer ${tokenOf(ec)}`)), 'identified');
  }
});

test('keys come from the table of the issuer, or from its file, each asked for once', () => {
  const thread = new Thread();
  const file = issuerOf({ name: 'own', keys: { kind: 'file', path: '/keys.json' } });
  const url = issuerOf({ name: 'far', keys: { kind: 'url', url: 'https://id.example/keys' } });
  const acme = issuerOf();
  const config = { ...configOf(acme, file), operations: { getOrder: [acme, url] } };
  const named = thread.kind
    .sources(config)
    .map((source) => (source.kind === 'table' ? plainName(source.declaration.name) : source));
  assert.deepEqual(named, ['keys:acme', { kind: 'file', path: '/keys.json', limitBytes: 256 * 1_024 }, 'keys:far']);
});

test('keys out of a file serve at any age, and nobody is asked for others', () => {
  const thread = new Thread();
  thread.files.set('/keys.json', Buffer.from(JSON.stringify({ keys: [{ ...ec.row.jwk, kid: 'ec' }] })));
  const steps = thread.steps(configOf(issuerOf({ keys: { kind: 'file', path: '/keys.json' } })));
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec)}`)), 'identified');
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(rsa)}`)), 'unknown-key');
  assert.deepEqual(thread.wanted, []);
});

test('a file without keys does not compile, and says where', () => {
  const thread = new Thread();
  thread.files.set('/keys.json', Buffer.from('{"keys":[]}'));
  const compiled = thread.compile(configOf(issuerOf({ keys: { kind: 'file', path: '/keys.json' } })));
  assert.ok(!compiled.ok);
  assert.deepEqual(
    compiled.error.map(({ severity, path }) => [severity, path]),
    [['error', 'issuers.acme.jwks']],
  );
});

test('a profile that would check less than it seems to does not compile', () => {
  const changes: readonly (readonly [string, object])[] = [
    ['issuer', { issuer: '' }],
    ['tenants', { issuer: 'https://login.example/{tenantid}' }],
    ['tenants', { tenants: ['t1'] }],
    ['tenants', { issuer: 'https://login.example/{tenantid}', tenants: [] }],
    ['hd', { hostedDomains: [] }],
    ['audience', { audiences: [] }],
    ['audience', { audiences: ['a', ''] }],
    ['algorithms', { algorithms: [] }],
    ['algorithms', { algorithms: ['HS256'] }],
    ['algorithms', { algorithms: ['none'] }],
    ['skew', { skewMs: Number.NaN }],
    ['skew', { skewMs: -1 }],
    ['skew', { skewMs: 120_001 }],
    ['maxLifetime', { maxLifetimeMs: 0 }],
    ['maxLifetime', { maxLifetimeMs: Number.NaN }],
    ['maxLifetime', { maxLifetimeMs: Number.POSITIVE_INFINITY }],
  ];
  for (const [key, change] of changes) {
    const compiled = new Thread().compile(configOf(issuerOf(change)));
    assert.ok(!compiled.ok, key);
    assert.deepEqual(
      compiled.error.map((issue) => issue.path),
      [`issuers.acme.${key}`],
    );
  }
});

test('the field that bore the token is named, unless the API lets credentials through', () => {
  const thread = threadWith(ec);
  const usedBy = (credentials: 'remove' | 'pass', field: string): string | null => {
    const exchange = exchangeOf([field]);
    void thread.steps({ ...configOf(issuerOf()), credentials }).authenticate?.run(exchange);
    return exchange.used.header;
  };
  const field = `Bearer ${tokenOf(ec)}`;
  assert.equal(usedBy('remove', field), 'authorization');
  assert.equal(usedBy('remove', field), 'authorization', 'also where the token is remembered');
  assert.equal(usedBy('remove', 'Bearer nonsense'), 'authorization');
  assert.equal(usedBy('remove', 'Basic YTpi'), null);
  assert.equal(usedBy('pass', field), null);
});

test('without keys, or with keys of yesterday, nobody can say: 503, come again, and no word of who', () => {
  const token = `Bearer ${tokenOf(ec)}`;
  const unavailable = {
    kind: 'deny',
    problem: { code: 'keys-unavailable', headers: [['retry-after', '30']] },
    rule: 'keys-unavailable',
  };
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  assert.equal(wordOf(askNow(steps, token)), 'identified');
  thread.fill('acme', [ec.row], thread.nowMs - KEYS_STALE_AFTER_MS);
  assert.equal(wordOf(askNow(steps, token)), 'identified');
  thread.fill('acme', [ec.row], thread.nowMs - KEYS_STALE_AFTER_MS - 1);
  assert.deepEqual(askNow(steps, token), unavailable);
  thread.fill('acme', [], 0);
  assert.deepEqual(askNow(steps, token), unavailable);
  thread.fill('acme', [], thread.nowMs);
  assert.deepEqual(askNow(steps, token), unavailable);
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec, { exp: NOW - 600 })}`)), 'expired');
  assert.deepEqual(thread.wanted, []);
});

test('keys that grow old stop what is remembered too', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf({ maxLifetimeMs: 10 * KEYS_STALE_AFTER_MS })));
  const token = `Bearer ${tokenOf(ec, { exp: NOW + 5 * 86_400 })}`;
  assert.equal(wordOf(askNow(steps, token)), 'identified');
  thread.nowMs += KEYS_STALE_AFTER_MS;
  assert.equal(wordOf(askNow(steps, token)), 'identified');
  thread.nowMs += 1;
  assert.equal(wordOf(askNow(steps, token)), 'keys-unavailable');
});

test('for a key that nobody has seen newer keys are asked for, once, and the token is judged by them', async () => {
  const thread = threadWith(rsa);
  const steps = thread.steps(configOf(issuerOf()));
  thread.want = async () => {
    await Promise.resolve();
    thread.fill('acme', [rsa.row, ec.row]);
  };
  const pending = ask(steps, `Bearer ${tokenOf(ec)}`);
  assert.ok(pending instanceof Promise);
  assert.equal(wordOf(await pending), 'identified');
  assert.deepEqual(thread.wanted, [['acme', '192.0.2.7']]);
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec)}`)), 'identified');
});

test('a key that newer keys do not have either is refused, and asked for no second time', async () => {
  const thread = threadWith(rsa);
  const steps = thread.steps(configOf(issuerOf()));
  thread.want = () => Promise.resolve();
  assert.equal(wordOf(await ask(steps, `Bearer ${tokenOf(ec)}`)), 'unknown-key');
  assert.equal(thread.wanted.length, 1);
});

test('a token that runs out while newer keys are waited for is refused', async () => {
  const thread = threadWith(rsa);
  const steps = thread.steps(configOf(issuerOf()));
  thread.want = () => {
    thread.fill('acme', [ec.row]);
    thread.nowMs += 3_600_000;
    return Promise.resolve();
  };
  assert.equal(wordOf(await ask(steps, `Bearer ${tokenOf(ec)}`)), 'expired');
});

test('where asking is of no use the refusal comes at once, and good tokens pass as before', () => {
  const thread = threadWith(rsa);
  const steps = thread.steps(configOf(issuerOf()));
  for (let at = 0; at < 200; at++) {
    assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec, {}, { kid: `k${at}` })}`)), 'unknown-key');
  }
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(rsa)}`)), 'identified');
  assert.equal(thread.wanted.length, 200);
});

test('a token for somebody else, or of no use for another reason, makes nobody ask for keys', () => {
  const thread = threadWith(rsa);
  const steps = thread.steps(configOf(issuerOf()));
  for (const claims of [{ aud: 'x' }, { iss: 'x' }, { exp: NOW - 600 }, { cnf: {} }, { sub: '' }]) {
    assert.equal(askNow(steps, `Bearer ${tokenOf(ec, claims)}`).kind, 'deny');
  }
  assert.deepEqual(thread.wanted, []);
});

test('a key of one issuer signs nothing for another, whatever it is called', () => {
  const thread = new Thread();
  const twin = createSigner('ES256', 'ec');
  thread.fill('acme', [ec.row]);
  thread.fill('other', [twin.row]);
  const other = issuerOf({ name: 'other', issuer: 'https://other.example' });
  const steps = thread.steps(configOf(issuerOf(), other));
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec)}`)), 'identified');
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(twin, { iss: 'https://other.example' })}`)), 'identified');
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(twin)}`)), 'signature');
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(ec, { iss: 'https://other.example' })}`)), 'signature');
});

test('of two entries for one issuer the first that takes a token says who bears it, remembered or not', () => {
  const thread = threadWith(ec);
  thread.fill('second', [ec.row]);
  const first = issuerOf({
    audiences: ['https://api.example'],
    claims: { roles: ['a'], tenant: null, permissions: null },
  });
  const second = issuerOf({
    name: 'second',
    audiences: ['https://b.example'],
    claims: { roles: ['b'], tenant: null, permissions: null },
  });
  const tokenFor = (aud: unknown): string => `Bearer ${tokenOf(ec, { aud, a: ['customer'], b: ['support'] })}`;
  const rolesBy = (steps: ReturnType<Thread['steps']>, token: string): unknown => {
    const verdict = askNow(steps, token);
    return verdict.kind === 'identified' ? verdict.principal.roles : wordOf(verdict);
  };
  const [forBoth, forFirst] = [tokenFor(['https://api.example', 'https://b.example']), tokenFor('https://api.example')];
  const [forSecond, forNone] = [tokenFor('https://b.example'), tokenFor('https://c.example')];
  const both = thread.steps(configOf(first, second));
  const alone = thread.steps(configOf(second), 'alone');
  assert.deepEqual(rolesBy(alone, forBoth), ['support']);
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(rolesBy(both, forBoth), ['customer']);
    assert.deepEqual(rolesBy(both, forFirst), ['customer']);
    assert.deepEqual(rolesBy(both, forSecond), ['support']);
    assert.equal(rolesBy(both, forNone), 'audience');
  }
});

test('a token of nobody that is named is nobody’s, whatever else is wrong with it', () => {
  const steps = threadWith(ec).steps(configOf(issuerOf()));
  assert.equal(
    wordOf(askNow(steps, `Bearer ${tokenOf(edwards, { iss: 'https://nobody.example', exp: 0 })}`)),
    'issuer',
  );
});

test('keys that tokens bring along are told of once a minute, by name and without their contents', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  let serial = 0;
  const jku = 'https://evil.example/keys';
  const send = (): AuthenticateVerdict =>
    askNow(steps, `Bearer ${tokenOf(ec, { jti: String(serial++) }, { jku, jwk: {} })}`);
  for (let at = 0; at < 5; at++) assert.equal(wordOf(send()), 'identified');
  assert.deepEqual(thread.lines, [
    { event: 'jwt.sender-keys', fields: { operation: 'orders/getOrder', address: '192.0.2.7', names: 'jku jwk' } },
  ]);
  askNow(thread.steps(configOf(issuerOf()), 'other'), `Bearer ${tokenOf(ec, {}, { jku })}`);
  assert.equal(thread.lines.length, 1, 'another operation');
  thread.monotonicMs += 60_000;
  send();
  assert.equal(thread.lines.length, 2);
});
