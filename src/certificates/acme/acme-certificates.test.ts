import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../base/index.ts';
import type { CertificateMaterial, Certificates, Egress } from '../../ports/index.ts';
import { chooseCertificate } from '../choose.ts';
import { errorOf, rest, valueOf } from '../fake-ports.test.ts';
import { openAcmeCertificates } from './acme-certificates.ts';
import { acmeFixture, type FakeAuthority, passUntil } from './fake-authority.test.ts';
import type { AcmeSettings } from './settings.ts';

const HOST = 'api.acme.example';
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type Fixture = ReturnType<typeof acmeFixture>;

const local: CertificateMaterial = {
  names: ['localhost', HOST, 'other.acme.example'],
  chainPem: 'local',
  keyPem: new Uint8Array(),
  notAfterMs: Infinity,
  origin: 'local',
};
const fallback: Certificates = { current: () => [local], localCaPem: () => 'CA', onChange: () => () => {} };

function settingsOf(cas: readonly FakeAuthority[], more: Partial<AcmeSettings> = {}): AcmeSettings {
  const authorities = cas.map(({ directory }) => ({ directory, externalAccount: null, caPem: null }));
  const base = { email: 'ops@acme.example', authorities, profile: null, settleMs: null, names: null };
  return { ...base, challenges: ['tls-alpn-01', 'http-01'], ...more };
}

/** A keeper that has begun, and how often it said that something changed. */
async function begin(fixture: Fixture, more: Partial<AcmeSettings> = {}, names: readonly string[] = [HOST]) {
  const changes: number[] = [];
  const changed = (): void => void changes.push(fixture.clock.now());
  const settings = settingsOf(fixture.cas, more);
  const keeper = valueOf(await openAcmeCertificates({ settings, names, fallback, ports: fixture.ports, changed }));
  keeper.begin();
  const served = (host = HOST) => chooseCertificate(keeper.current(), host)?.origin;
  const leafOf = (host = HOST) => new X509Certificate(chooseCertificate(keeper.current(), host)?.chainPem ?? '');
  const issued = (count = 1, stepMs = 1_000) =>
    passUntil(fixture.clock, () => fixture.ordered.filter((one) => one.endsWith('issued')).length >= count, stepMs);
  return { keeper, changes, served, leafOf, issued };
}

test('a host is served with the local certificate until a CA has given one, and nobody waits for that', async () => {
  const fixture = acmeFixture();
  const { keeper, served, leafOf, issued, changes } = await begin(fixture);
  assert.equal(served(), 'local');
  await issued();
  assert.equal(served(), 'acme');
  assert.equal(leafOf().subjectAltName, `DNS:${HOST}`);
  assert.ok(changes.length > 0);
  // The other host has none yet, and whoever names nobody sees what was seen before.
  assert.equal(served('other.acme.example'), 'local');
  for (const name of [null, 'unknown.example']) {
    assert.equal(chooseCertificate(keeper.current(), name)?.origin, 'local');
  }
  assert.equal(keeper.localCaPem(), 'CA');
  keeper.close();
});

test('answers are published before the CA is told to look, and taken back when it has', async () => {
  const fixture = acmeFixture();
  const { keeper, issued } = await begin(fixture);
  await issued();
  assert.deepEqual(
    fixture.published.map((all) => all.map(({ kind }) => kind)),
    [['tls-alpn-01'], []],
  );
  keeper.close();
});

test('each challenge does by itself', async () => {
  for (const challenge of ['http-01', 'tls-alpn-01'] as const) {
    const fixture = acmeFixture();
    const { keeper, issued } = await begin(fixture, { challenges: [challenge] });
    await issued();
    assert.equal(fixture.published[0]?.[0]?.kind, challenge);
    keeper.close();
  }
});

test('where one challenge fails the next is tried, with an order of its own, and comes first from then on', async () => {
  const fixture = acmeFixture();
  fixture.ca.finds = (kind) => kind === 'http-01';
  const { keeper, issued } = await begin(fixture);
  await issued();
  assert.equal(fixture.ca.orders.length, 2);
  fixture.published.splice(0);
  await issued(2, HOUR_MS);
  assert.equal(fixture.ca.orders.length, 3);
  assert.equal(fixture.published[0]?.[0]?.kind, 'http-01');
  keeper.close();
});

test('a CA that offers no challenge that we know leaves the host with the local certificate, and an alert', async () => {
  const fixture = acmeFixture();
  fixture.ca.kinds = ['dns-01'];
  const { keeper, served } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.deepEqual([fixture.alerts[0]?.kind, fixture.alerts[0]?.key], ['certificate.missing', HOST]);
  assert.match(fixture.alerts[0]?.message ?? '', /challengeUnavailable/);
  assert.equal(served(), 'local');
  assert.deepEqual(fixture.published, []);
  keeper.close();
});

test('certificate and account are kept: a second start asks the CA for nothing', async () => {
  const fixture = acmeFixture();
  const first = await begin(fixture);
  await first.issued();
  await rest();
  first.keeper.close();
  fixture.ca.requests.splice(0);
  const second = await begin(fixture);
  assert.equal(second.served(), 'acme');
  await fixture.clock.pass(DAY_MS);
  assert.deepEqual(
    fixture.ca.requests.filter(({ method }) => method === 'POST'),
    [],
  );
  assert.equal(fixture.ca.accounts.length, 1);
  second.keeper.close();
});

test('it is renewed at about two thirds of its life, and the certificate before serves until then', async () => {
  const fixture = acmeFixture();
  const startMs = fixture.clock.now();
  const { keeper, issued, leafOf } = await begin(fixture);
  await issued();
  const before = leafOf().serialNumber;
  await issued(2, HOUR_MS);
  const days = (fixture.clock.now() - startMs) / DAY_MS;
  assert.ok(days > 55 && days < 61, `${days}`);
  assert.notEqual(leafOf().serialNumber, before);
  assert.deepEqual(fixture.alerts, []);
  keeper.close();
});

test('a CA that says when to renew is heeded, and told what is replaced', async () => {
  const fixture = acmeFixture();
  const startMs = fixture.clock.now();
  const at = (days: number): string => new Date(startMs + days * DAY_MS).toISOString();
  fixture.ca.renewal = { body: { suggestedWindow: { start: at(10), end: at(12) } }, retryAfter: '21600' };
  const { keeper, issued } = await begin(fixture);
  await issued();
  await issued(2, HOUR_MS);
  const days = (fixture.clock.now() - startMs) / DAY_MS;
  assert.ok(days >= 10 && days <= 13, `${days}`);
  const asked = fixture.ca.requests.find(({ url }) => url.includes('/renewal/'))?.url;
  assert.equal(fixture.ca.orders[1]?.replaces, asked?.split('/').pop());
  keeper.close();
});

test('a window that has passed is renewed at once: the CA wants the certificate gone', async () => {
  const fixture = acmeFixture();
  const { keeper, issued } = await begin(fixture);
  await issued();
  const past = (days: number): string => new Date(fixture.clock.now() - days * DAY_MS).toISOString();
  fixture.ca.renewal = { body: { suggestedWindow: { start: past(2), end: past(1) } } };
  const sinceMs = fixture.clock.now();
  await issued(2, HOUR_MS / 12);
  // The directory is read once a day, and that it has such advice stands there.
  assert.ok(fixture.clock.now() - sinceMs < 1.5 * DAY_MS);
  keeper.close();
});

test('advice that makes no sense changes nothing', async () => {
  const senseless: unknown[] = [{}, [], null, 'x', { suggestedWindow: {} }];
  const at = (days: number): string => new Date(Date.UTC(2026, 0, 1) + days * DAY_MS).toISOString();
  senseless.push(
    { suggestedWindow: { start: at(3), end: at(2) } },
    { suggestedWindow: { start: at(900), end: at(901) } },
  );
  senseless.push({ suggestedWindow: { start: 'soon', end: at(2) } }, { suggestedWindow: { start: 7, end: 9 } });
  for (const body of senseless) {
    const fixture = acmeFixture();
    fixture.ca.renewal = { body };
    const { keeper, issued } = await begin(fixture);
    await issued();
    await fixture.clock.pass(5 * DAY_MS);
    assert.equal(fixture.ca.orders.length, 1, JSON.stringify(body));
    keeper.close();
  }
});

test('a CA that wants a binding gets one, and without a key the alert says what to do', async () => {
  const fixture = acmeFixture();
  const key = Buffer.alloc(32, 3);
  fixture.ca.externalKeys = { kid: key };
  const without = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.match(fixture.alerts[0]?.message ?? '', /`eab`/);
  without.keeper.close();
  const externalAccount = { id: 'kid', key: new Secret(key) };
  const authorities = [{ directory: fixture.ca.directory, externalAccount, caPem: null }];
  const { keeper, issued } = await begin(fixture, { authorities });
  await issued();
  keeper.close();
});

test('another e-mail address is told to the CA once', async () => {
  const fixture = acmeFixture();
  const first = await begin(fixture);
  await first.issued();
  await rest();
  first.keeper.close();
  const { keeper, issued } = await begin(fixture, { email: 'new@acme.example' }, [HOST, 'two.acme.example']);
  await issued(2);
  assert.deepEqual(fixture.ca.accounts[0]?.contact, ['mailto:new@acme.example']);
  keeper.close();
});

test('an account that the CA has forgotten is made anew with the same key', async () => {
  const fixture = acmeFixture();
  const { keeper, issued } = await begin(fixture);
  await issued();
  (fixture.ca.accounts[0] as { known: boolean }).known = false;
  valueOf(await keeper.setNames([HOST, 'two.acme.example']));
  await issued(2, 60_000);
  assert.equal(fixture.ca.accounts.length, 1);
  keeper.close();
});

test('a CA that fails for good, or three times, is left for the next', async () => {
  const fixture = acmeFixture(['one.test', 'two.test']);
  const [one] = fixture.cas;
  assert.ok(one !== undefined);
  one.refusal = { type: 'rejectedIdentifier' };
  const lasting = await begin(fixture);
  await lasting.issued();
  assert.deepEqual(fixture.ordered, ['one.test failed', 'two.test issued']);
  lasting.keeper.close();

  const other = acmeFixture(['one.test', 'two.test']);
  (other.cas[0] as FakeAuthority).down = true;
  const passing = await begin(other);
  await passing.issued(1, 30_000);
  assert.deepEqual(other.ordered, [...Array<string>(3).fill('one.test failed'), 'two.test issued']);
  passing.keeper.close();
});

test('a CA that wants us to wait is not asked before', async () => {
  const fixture = acmeFixture();
  fixture.ca.refusal = { type: 'rateLimited', retryAfter: '3000' };
  const { keeper } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  const asked = fixture.ca.requests.length;
  await fixture.clock.pass(2_900_000);
  assert.equal(fixture.ca.requests.length, asked);
  await passUntil(fixture.clock, () => fixture.ordered.length === 2, 30_000);
  keeper.close();
});

test('a CA that is down for long is asked ever less, and a certificate that nears its end is an alert each time', async () => {
  const fixture = acmeFixture();
  fixture.ca.lifeMs = 6 * DAY_MS;
  const { keeper, issued, served } = await begin(fixture);
  await issued();
  fixture.ca.down = true;
  const untilMs = fixture.clock.now() + 7 * DAY_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() >= untilMs, HOUR_MS);
  const levels = fixture.alerts.map(({ kind, fields }) => `${kind} ${String(fields?.['level'])}`);
  assert.deepEqual(
    levels,
    ['third', 'sixth', 'day', 'expired'].map((level) => `certificate.expiring ${level}`),
  );
  const failures = fixture.ordered.filter((one) => one.endsWith('failed')).length;
  // From two thirds of its life on, three days: at first 6 times in an hour, then one each hour, or up to a quarter earlier.
  assert.ok(failures >= 48 && failures <= 6 + (3 * 24) / 0.75, `${failures}`);
  // Nobody is served better by another.
  assert.equal(served(), 'acme');
  fixture.ca.down = false;
  await issued(2, HOUR_MS);
  keeper.close();
});

test('what a CA gives is not served unless it is whole, ours, for the host, and good now', async () => {
  const other = acmeFixture();
  const foreign = await begin(other, {}, ['evil.example']);
  await foreign.issued();
  const foreignPem = foreign.keeper.current().find(({ origin }) => origin === 'acme')?.chainPem ?? '';
  foreign.keeper.close();
  const alterations: [string, (pem: string) => string][] = [
    ['nothing', () => ''],
    ['half of it', (pem) => pem.slice(0, pem.length / 4)],
    ['another one', () => foreignPem],
    ['an HTML page', () => '<html>welcome to our portal</html>'],
  ];
  for (const [what, alter] of alterations) {
    const fixture = acmeFixture();
    fixture.ca.alter = alter;
    const { keeper, served } = await begin(fixture);
    await passUntil(fixture.clock, () => fixture.alerts.length > 0);
    assert.match(fixture.alerts[0]?.message ?? '', /badCertificate/, what);
    assert.equal(served(), 'local', what);
    keeper.close();
  }
  const expired = acmeFixture();
  expired.ca.lifeMs = 1_000;
  const { keeper, served } = await begin(expired);
  await passUntil(expired.clock, () => expired.alerts.length > 0);
  assert.equal(served(), 'local');
  keeper.close();
});

test('a CA that asks about another name than was ordered gets no answer', async () => {
  const fixture = acmeFixture();
  fixture.ca.asksAbout = 'other.acme.example';
  const { keeper, served } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.match(fixture.alerts[0]?.message ?? '', /malformedReply: the CA asks about another name/);
  assert.deepEqual([served(), fixture.published], ['local', []]);
  keeper.close();
});

test('an order that the CA takes long over is waited for, and given up after ten minutes', async () => {
  const fixture = acmeFixture();
  fixture.ca.slow = 6;
  const { keeper, issued } = await begin(fixture);
  await issued();
  assert.equal(fixture.ca.orders.length, 1);
  keeper.close();

  const stuck = acmeFixture();
  stuck.ca.slow = Infinity;
  const second = await begin(stuck, { challenges: ['http-01'] });
  await passUntil(stuck.clock, () => stuck.ordered.length > 0, 10_000);
  assert.match(stuck.alerts[0]?.message ?? '', /orderTooSlow/);
  // The answer is taken back all the same.
  assert.deepEqual(stuck.published.at(-1), []);
  second.keeper.close();
});

test('a profile that the CA does not have is not asked for', async () => {
  const fixture = acmeFixture();
  const { keeper } = await begin(fixture, { profile: 'longlived' });
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.match(fixture.alerts[0]?.message ?? '', /invalidProfile.*longlived/);
  assert.equal(fixture.ca.orders.length, 0);
  keeper.close();
  const good = acmeFixture();
  const second = await begin(good, { profile: 'shortlived' });
  await second.issued();
  assert.equal(good.ca.orders[0]?.profile, 'shortlived');
  second.keeper.close();
});

test('names come and go with the configuration; addresses and names without a dot are passed over', async () => {
  const fixture = acmeFixture();
  const { keeper, issued, served } = await begin(fixture);
  await issued();
  valueOf(await keeper.setNames(['TWO.acme.example.', 'localhost', '192.0.2.1', '::1']));
  assert.equal(served(), 'local');
  await issued(2);
  assert.equal(served('two.acme.example'), 'acme');
  assert.deepEqual(
    fixture.ca.orders.map(({ name }) => name),
    [HOST, 'two.acme.example'],
  );
  assert.match(errorOf(await keeper.setNames(['-'])), /neither a host name/);
  assert.match(errorOf(await keeper.setNames(Array.from({ length: 501 }, (_, at) => `h${at}.example`))), /501/);
  assert.equal(served('two.acme.example'), 'acme');
  keeper.close();
});

test('names of the settings stand for the hosts, whatever those are', async () => {
  const fixture = acmeFixture();
  const { keeper, issued } = await begin(fixture, { names: ['set.acme.example'] }, []);
  await issued();
  valueOf(await keeper.setNames([HOST]));
  await fixture.clock.pass(HOUR_MS);
  assert.deepEqual(
    fixture.ca.orders.map(({ name }) => name),
    ['set.acme.example'],
  );
  keeper.close();
});

test('of many names four are ordered at once', async () => {
  const fixture = acmeFixture();
  const names = Array.from({ length: 12 }, (_, at) => `h${at}.acme.example`);
  const { keeper, issued } = await begin(fixture, {}, names);
  await issued(12);
  assert.ok(fixture.published.every((all) => all.length <= 4));
  assert.equal(new Set(fixture.ca.orders.map(({ name }) => name)).size, 12);
  assert.equal(fixture.ca.accounts.length, 1);
  keeper.close();
});

test('certificates of half a day are renewed in time, over and over', async () => {
  const fixture = acmeFixture();
  fixture.ca.lifeMs = 12 * HOUR_MS;
  const { keeper, served } = await begin(fixture);
  const endMs = fixture.clock.now() + 3 * DAY_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() > endMs, HOUR_MS / 12);
  assert.ok(fixture.ca.orders.length >= 7 && fixture.ca.orders.length <= 12, `${fixture.ca.orders.length}`);
  assert.deepEqual([served(), fixture.alerts], ['acme', []]);
  keeper.close();
});

test('a CA that gives what can not be served is not asked for more than five a week either', async () => {
  const fixture = acmeFixture();
  fixture.ca.alter = () => '<html>welcome to our portal</html>';
  const { keeper } = await begin(fixture);
  const refused = (): boolean => fixture.lines.some(({ message }) => message.includes('tooManyIssued'));
  await passUntil(fixture.clock, refused, 60_000);
  const atMs = fixture.clock.now();
  await passUntil(fixture.clock, () => fixture.clock.now() > atMs + 2 * DAY_MS, HOUR_MS);
  assert.equal(fixture.ca.orders.length, 5);
  keeper.close();
});

test('a kept certificate of a CA that is not asked any more serves until there is another, which is due at once', async () => {
  const fixture = acmeFixture(['trial.test', 'real.test']);
  const [trial, real] = settingsOf(fixture.cas).authorities;
  assert.ok(trial !== undefined && real !== undefined);
  const first = await begin(fixture, { authorities: [trial] });
  await first.issued();
  await rest();
  const before = first.leafOf().fingerprint256;
  first.keeper.close();
  const second = await begin(fixture, { authorities: [real] });
  assert.equal(second.leafOf().fingerprint256, before);
  await second.issued(2);
  assert.notEqual(second.leafOf().fingerprint256, before);
  assert.deepEqual(fixture.ordered, ['trial.test issued', 'real.test issued']);
  second.keeper.close();
});

test('a CA that names a far day for the next look is looked at all the same', async () => {
  const fixture = acmeFixture();
  fixture.ca.slow = 3;
  fixture.ca.lookAfter = '86400';
  const { keeper, issued } = await begin(fixture);
  await issued();
  assert.equal(fixture.ca.orders.length, 1);
  keeper.close();
});

test('a certificate that can not be kept serves all the same, and is kept later', async () => {
  const fixture = acmeFixture();
  const { keeper, served, issued } = await begin(fixture, {}, []);
  const account = await begin(fixture, {}, ['first.acme.example']);
  await account.issued();
  await rest();
  fixture.store.fails = true;
  valueOf(await keeper.setNames([HOST]));
  await issued(2);
  await rest();
  assert.equal(served(), 'acme');
  assert.equal(fixture.store.held.get('acme-certificates')?.has(HOST), false);
  fixture.store.fails = false;
  await fixture.clock.pass(HOUR_MS);
  assert.equal(fixture.store.held.get('acme-certificates')?.has(HOST), true);
  assert.equal(fixture.ca.orders.length, 2);
  for (const each of [keeper, account.keeper]) each.close();
});

test('a kept certificate that is no good any more is not served', async () => {
  const fixture = acmeFixture();
  const first = await begin(fixture);
  await first.issued();
  await rest();
  first.keeper.close();
  await fixture.clock.pass(91 * DAY_MS);
  const second = await begin(fixture);
  assert.equal(second.served(), 'local');
  assert.ok(fixture.lines.some(({ event }) => event === 'acme.discarded'));
  await second.issued(2);
  second.keeper.close();
});

test('private keys are sealed in the store, and stand in no line of the log and no request', async () => {
  const fixture = acmeFixture();
  const { keeper, issued } = await begin(fixture);
  await issued();
  await rest();
  const keys = [...fixture.store.held.values()].flatMap((documents) =>
    [...documents.values()].flatMap((document) => (document as { key?: string }).key ?? []),
  );
  assert.equal(keys.length, 2);
  const said = JSON.stringify([fixture.lines, fixture.alerts, fixture.ca.requests.map(({ body }) => String(body))]);
  for (const key of keys) assert.equal(said.includes(key.split('\n')[1] ?? ''), false);
  keeper.close();
});

test('nobody is asked before it begins, nor after it has closed', async () => {
  const fixture = acmeFixture();
  const settings = settingsOf(fixture.cas);
  const options = { settings, names: [HOST], fallback, ports: fixture.ports, changed: () => {} };
  const keeper = valueOf(await openAcmeCertificates(options));
  await fixture.clock.pass(HOUR_MS);
  assert.deepEqual(fixture.ca.requests, []);
  keeper.begin();
  keeper.close();
  await rest();
  const { length } = fixture.ca.requests;
  await fixture.clock.pass(DAY_MS);
  assert.ok(fixture.ca.requests.length - length <= 12, 'an order that is under way ends by itself');
});

test('a validation that failed is not repeated for a quarter of an hour for each, then for longer, over a restart too', async () => {
  const fixture = acmeFixture();
  fixture.ca.finds = () => false;
  const { clock, ca } = fixture;
  const first = await begin(fixture);
  const sinceMs = clock.now();
  const at: number[] = [];
  await passUntil(
    clock,
    () => {
      if (ca.orders.length > at.length) at.push((clock.now() - sinceMs) / 60_000);
      return clock.now() - sinceMs > 8 * HOUR_MS;
    },
    60_000,
  );
  // By both challenges each time; so there are never more than four failures in an hour, and CAs allow five.
  assert.equal(at.length % 2, 0);
  for (const [place, minute] of at.entries()) assert.ok(minute - (at[place - 4] ?? -60) >= 60, String(at));
  const pauses = at.flatMap((minute, place) => (place % 2 === 0 && place > 0 ? [minute - (at[place - 1] ?? 0)] : []));
  for (const [place, least] of [30, 60, 120, 240].entries())
    assert.ok((pauses[place] ?? least) >= least - 2, String(at));
  first.keeper.close();

  // Whatever is left of the last rest, it holds for each that begins.
  await clock.pass(4 * HOUR_MS);
  const { length } = fixture.ordered;
  const failed = await begin(fixture);
  await passUntil(clock, () => fixture.ordered.length > length);
  await rest();
  failed.keeper.close();
  const before = ca.orders.length;
  for (let restarts = 0; restarts < 20; restarts++) {
    const next = await begin(fixture);
    await clock.pass(60_000);
    next.keeper.close();
  }
  assert.equal(ca.orders.length, before);
});

test('a challenge that failed and one that CAs do not count are told apart: a CA that was down is asked within minutes', async () => {
  const fixture = acmeFixture();
  fixture.ca.down = true;
  const { keeper, issued } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  fixture.ca.down = false;
  const sinceMs = fixture.clock.now();
  await passUntil(fixture.clock, () => fixture.ordered.length === 2);
  assert.ok(fixture.clock.now() - sinceMs < 600_000);
  await issued();
  keeper.close();
});

test('what a CA gave in vain is counted over restarts', async () => {
  const fixture = acmeFixture();
  fixture.ca.alter = () => 'nonsense';
  for (let restarts = 0; restarts < 8; restarts++) {
    const { keeper } = await begin(fixture);
    await passUntil(fixture.clock, () => fixture.ordered.length > restarts, 60_000);
    await rest();
    keeper.close();
    await fixture.clock.pass(HOUR_MS);
  }
  assert.equal(fixture.ca.orders.length, 5);
});

test('a kept certificate that can not be read stops no start, and is ordered anew', async () => {
  const fixture = acmeFixture();
  const first = await begin(fixture);
  await first.issued();
  await rest();
  first.keeper.close();
  for (const name of ['acme-certificates', 'acme-attempts']) fixture.store.damaged.add(name);
  const second = await begin(fixture);
  assert.equal(second.served(), 'local');
  assert.ok(fixture.lines.some(({ event, message }) => event === 'acme.discarded' && message.includes('schema')));
  await second.issued(2);
  assert.equal(second.served(), 'acme');
  second.keeper.close();
});

test('a host that is taken out and put back while its order runs has one order at a time', async () => {
  const fixture = acmeFixture();
  fixture.ca.slow = 3;
  const { keeper, served } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.published.length === 1, 0);
  for (let times = 0; times < 3; times++) {
    valueOf(await keeper.setNames([]));
    valueOf(await keeper.setNames([HOST]));
  }
  await passUntil(fixture.clock, () => served() === 'acme');
  for (const all of fixture.published) assert.ok(all.length <= 1);
  const asked = fixture.ca.requests.flatMap(
    ({ url }) => /\/([0-9]+)(?:\/|$)/.exec(url.replace(/account.*/, ''))?.[1] ?? [],
  );
  assert.deepEqual(asked, asked.toSorted());
  assert.deepEqual(fixture.published.at(-1), []);
  keeper.close();
});

test('an order for a host that is taken out is given up, and its answer taken back', async () => {
  const fixture = acmeFixture();
  fixture.ca.slow = Infinity;
  const { keeper } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.published.length === 1, 0);
  valueOf(await keeper.setNames([]));
  await passUntil(fixture.clock, () => fixture.published.length === 2, 0);
  assert.deepEqual(fixture.published.at(-1), []);
  const { length } = fixture.ca.requests;
  await fixture.clock.pass(HOUR_MS);
  assert.equal(fixture.ca.requests.length, length);
  assert.deepEqual(fixture.alerts, []);
  keeper.close();
});

test('a stop ends what is asked of a CA, and nothing is said of it', async () => {
  const fixture = acmeFixture();
  fixture.ca.hangs = true;
  const { keeper } = await begin(fixture);
  await passUntil(fixture.clock, () => fixture.ca.requests.length > 0, 0);
  const { signal } = fixture.ca.requests[0] ?? {};
  assert.equal(signal?.aborted, false);
  keeper.close();
  assert.equal(signal?.aborted, true);
  await rest();
  await fixture.clock.pass(DAY_MS);
  assert.equal(fixture.ca.requests.length, 1);
  assert.deepEqual([fixture.alerts, fixture.lines.filter(({ level }) => level !== 'info')], [[], []]);
});

test('answers that can not be published end the order without a look of the CA, and do not stay', async () => {
  const fixture = acmeFixture();
  fixture.trouble.publishing = true;
  const { keeper, issued } = await begin(fixture, { challenges: ['http-01'] });
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  assert.match(fixture.alerts[0]?.message ?? '', /notPublished: a thread is stuck/);
  assert.equal(fixture.ca.requests.filter(({ url }) => url.includes('/challenge/')).length, 0);
  assert.deepEqual(fixture.published.at(-1), []);
  fixture.trouble.publishing = false;
  await issued(1, 30_000);
  for (const all of fixture.published.slice(2)) assert.ok(all.length <= 1);
  keeper.close();
});

test('a certificate is not spoilt by an answer that can not be taken back', async () => {
  const fixture = acmeFixture();
  fixture.ca.slow = 2;
  const { keeper, served } = await begin(fixture);
  const told = (): boolean => fixture.ca.requests.some(({ url }) => url.includes('/challenge/'));
  await passUntil(fixture.clock, told, 0);
  fixture.trouble.publishing = true;
  await passUntil(fixture.clock, () => served() === 'acme');
  assert.ok(fixture.lines.some(({ event }) => event === 'acme.answer-stands'));
  keeper.close();
});

test('many names ask their CA four at a time, and for the directory once', async () => {
  const fixture = acmeFixture();
  const names = Array.from({ length: 40 }, (_, at) => `h${at}.acme.example`);
  const startMs = fixture.clock.now();
  const at = (days: number): string => new Date(startMs + days * DAY_MS).toISOString();
  fixture.ca.renewal = { body: { suggestedWindow: { start: at(50), end: at(60) } } };
  const first = await begin(fixture, {}, names);
  await first.issued(40);
  await rest();
  first.keeper.close();
  fixture.ca.requests.splice(0);
  let [running, most] = [0, 0];
  const { call } = fixture.ports.egress;
  const egress: Egress = {
    call: async (request) => {
      most = Math.max(most, ++running);
      return await call(request).finally(() => running--);
    },
  };
  const second = await begin({ ...fixture, ports: { ...fixture.ports, egress } }, {}, names);
  await passUntil(fixture.clock, () => fixture.ca.requests.filter(({ url }) => url.includes('/renewal/')).length >= 40);
  assert.equal(most, 4);
  assert.equal(fixture.ca.requests.filter(({ url }) => url.endsWith('/dir')).length, 1);
  second.keeper.close();
});

test('nobody is told of a change where nothing has changed', async () => {
  const fixture = acmeFixture();
  const { keeper, changes, issued } = await begin(fixture);
  await issued();
  await rest();
  const { length } = changes;
  for (let times = 0; times < 3; times++) valueOf(await keeper.setNames([HOST]));
  valueOf(await keeper.setNames([HOST, 'two.acme.example']));
  assert.equal(changes.length, length);
  await issued(2);
  await rest();
  assert.equal(changes.length, length + 1);
  keeper.close();
});

test('a renewal that its CA advises for a late day is on time then, and no alert', async () => {
  const fixture = acmeFixture();
  const startMs = fixture.clock.now();
  const at = (days: number): string => new Date(startMs + days * DAY_MS).toISOString();
  fixture.ca.renewal = { body: { suggestedWindow: { start: at(70), end: at(71) } } };
  const { keeper, issued } = await begin(fixture);
  await issued();
  await issued(2, HOUR_MS);
  const days = (fixture.clock.now() - startMs) / DAY_MS;
  assert.ok(days >= 70 && days <= 72, `${days}`);
  assert.deepEqual(fixture.alerts, []);
  keeper.close();
});

test('a CA that advises to renew at the very end is heeded at five sixths of the life', async () => {
  const fixture = acmeFixture();
  const startMs = fixture.clock.now();
  const at = (days: number): string => new Date(startMs + days * DAY_MS).toISOString();
  fixture.ca.renewal = { body: { suggestedWindow: { start: at(89), end: at(400) } } };
  const { keeper, issued } = await begin(fixture);
  await issued();
  await issued(2, HOUR_MS);
  const days = (fixture.clock.now() - startMs) / DAY_MS;
  assert.ok(days >= 74 && days <= 76, `${days}`);
  keeper.close();
});

test('a CA whose advice is always in the past is asked for two in a day and three in a week, not for all at once', async () => {
  const fixture = acmeFixture();
  const window = { start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' };
  fixture.ca.renewal = { body: { suggestedWindow: window } };
  const { keeper, issued } = await begin(fixture);
  await issued(2);
  await fixture.clock.pass(HOUR_MS);
  assert.equal(fixture.ca.orders.length, 2);
  const untilMs = fixture.clock.now() + 6 * DAY_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() > untilMs, HOUR_MS);
  assert.equal(fixture.ca.orders.length, 3);
  assert.deepEqual(fixture.alerts, []);
  keeper.close();
});

test('a CA that says to come soon is still asked ever less', async () => {
  const fixture = acmeFixture();
  fixture.ca.refusal = { type: 'serverInternal', retryAfter: '1' };
  const { keeper } = await begin(fixture);
  const untilMs = fixture.clock.now() + 4 * HOUR_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() > untilMs, 60_000);
  assert.ok(fixture.ordered.length <= 11, `${fixture.ordered.length}`);
  keeper.close();
});
