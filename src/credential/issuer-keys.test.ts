import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IssuerSource } from './issuer-source.ts';
import { BY_URL, DOWN, ISSUER, JWKS_URL, publicJwk, reply, rest, subject } from './issuer-keys-fixture.test.ts';
import { KEYS_STALE_AFTER_MS } from './key-row.ts';

const MINUTE_MS = 60_000;
const [FIRST, SECOND] = [publicJwk('first'), publicJwk('second')];
const setOf = (...keys: readonly unknown[]) => reply({ keys });

/** A subject whose issuer has one key, fetched a moment ago. */
async function filledSubject() {
  const around = subject();
  around.egress.answers.set(JWKS_URL, setOf(FIRST));
  await around.keys.fill([BY_URL]);
  around.egress.taken();
  return around;
}

test('after filling, the table holds the keys and the time of their fetch', async () => {
  const { table, clock, egress, lines, alerts, keys } = await filledSubject();
  assert.deepEqual(table(), { version: 1, kids: ['first'], filledAtMs: clock.now() });
  assert.deepEqual([lines, alerts, egress.taken()], [['info issuer.keys-fetched'], [], []]);
  assert.deepEqual(keys.status(), [
    { name: 'acme', issuer: ISSUER, url: JWKS_URL, keys: 1, fetchedAtMs: clock.now(), fault: null },
  ]);
});

test('keys that cannot be had leave an empty table of the year 1970, and an alert', async () => {
  const { keys, egress, table, alerts } = subject();
  egress.answers.set(JWKS_URL, DOWN);
  await keys.fill([BY_URL]);
  assert.deepEqual(table(), { version: 1, kids: [], filledAtMs: 0 });
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['issuer.keys-unavailable', 'acme refused', 'high']],
  );
  assert.match(alerts[0]?.message ?? '', /its tokens are refused/);
  assert.match(keys.status()[0]?.fault ?? '', /unreachable: connection refused/);
});

test('filling waits five seconds for an issuer that does not answer, and not for the others', async () => {
  const { keys, egress, clock, table, alerts } = subject();
  const other: IssuerSource = { ...BY_URL, name: 'other', origin: { kind: 'url', url: `${ISSUER}/other` } };
  egress.answers.set(JWKS_URL, null);
  egress.answers.set(`${ISSUER}/other`, setOf(SECOND));
  let done = false;
  const filling = keys.fill([BY_URL, other]).then(() => {
    done = true;
  });
  await clock.pass(4_999);
  assert.deepEqual([done, table(other)?.kids, table()], [false, ['second'], undefined]);
  await clock.pass(1);
  await filling;
  assert.deepEqual(table(), { version: 1, kids: [], filledAtMs: 0 });
  assert.deepEqual(
    alerts.map(({ key }) => key),
    ['acme refused'],
  );
});

test('many issuers are fetched a few at a time, and all of them', async () => {
  const { keys, egress, filled } = subject();
  const many = Array.from({ length: 200 }, (_, at): IssuerSource => {
    const url = `${ISSUER}/${at}`;
    egress.answers.set(url, setOf(FIRST));
    return { name: `issuer-${at}`, issuer: url, origin: { kind: 'url', url } };
  });
  await keys.fill(many);
  assert.deepEqual([filled.size, egress.mostAtOnce], [200, 16]);
});

test('keys are fetched again as often as the issuer says, within a minute and ten', async () => {
  const expected: readonly (readonly [string, number])[] = [
    ['max-age=300', 5 * MINUTE_MS],
    ['public, max-age="120"', 2 * MINUTE_MS],
    ['max-age=0', MINUTE_MS],
    ['max-age=99999999999999', 10 * MINUTE_MS],
    ['no-cache', 10 * MINUTE_MS],
    ['s-maxage=60', 10 * MINUTE_MS],
  ];
  for (const [header, waitMs] of expected) {
    const { keys, egress, clock, table } = subject();
    egress.answers.set(JWKS_URL, reply({ keys: [FIRST] }, { headers: { 'cache-control': header } }));
    await keys.fill([BY_URL]);
    egress.taken();
    await clock.pass(waitMs - 1_000);
    assert.deepEqual(egress.taken(), [], header);
    await clock.pass(2_000);
    assert.deepEqual(egress.taken(), [JWKS_URL], header);
    assert.equal(table()?.version, 2, 'an unchanged set is new too: it was looked at');
    assert.equal(table()?.filledAtMs, clock.now() - 1_000, header);
    keys.close();
  }
});

test('by chance it is up to a tenth sooner or later', async () => {
  for (const [byte, waitMs] of [
    [0x00, 9 * MINUTE_MS],
    [0xff, 10.99 * MINUTE_MS],
  ] as const) {
    const { keys, egress, clock, chance } = subject();
    chance.byte = byte;
    egress.answers.set(JWKS_URL, setOf(FIRST));
    await keys.fill([BY_URL]);
    egress.taken();
    await clock.pass(waitMs - 1_000);
    assert.deepEqual(egress.taken(), []);
    await clock.pass(2_000);
    assert.deepEqual(egress.taken(), [JWKS_URL]);
    keys.close();
  }
});

test('a key that is withdrawn is gone with the next fetch, and the log says so', async () => {
  const { egress, clock, table, lines, keys } = await filledSubject();
  egress.answers.set(JWKS_URL, setOf(FIRST, SECOND));
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(table()?.kids, ['first', 'second']);
  egress.answers.set(JWKS_URL, setOf(SECOND));
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(table()?.kids, ['second']);
  assert.deepEqual(lines.slice(1), ['info issuer.key-added second', 'info issuer.key-removed first']);
  keys.close();
});

test('an empty set, one without usable keys and one that is broken change nothing', async () => {
  const { egress, clock, table, alerts, keys } = await filledSubject();
  const atMs = clock.now();
  await clock.pass(9 * MINUTE_MS);
  const bad = [setOf(), setOf({ kty: 'oct', k: 'AAAA' }), reply('{"keys":[{"kty":"OKP"'), reply('<html>'), DOWN];
  for (const answer of bad) {
    egress.answers.set(JWKS_URL, answer);
    await clock.pass(5 * MINUTE_MS);
    assert.deepEqual([table()?.kids, table()?.filledAtMs], [['first'], atMs]);
    assert.match(alerts.at(-1)?.message ?? '', /serve until they are a day old/);
  }
  keys.close();
});

test('keys that cannot be fetched anew stay with their age, and after a day the alert says what that means', async () => {
  const { egress, clock, table, alerts, keys } = await filledSubject();
  const atMs = clock.now();
  egress.answers.set(JWKS_URL, DOWN);
  await clock.pass(KEYS_STALE_AFTER_MS);
  assert.match(alerts.at(-1)?.message ?? '', /serve until they are a day old/);
  await clock.pass(10 * MINUTE_MS);
  assert.match(alerts.at(-1)?.message ?? '', /its tokens are refused/);
  assert.deepEqual([table()?.version, table()?.kids, table()?.filledAtMs], [1, ['first'], atMs]);
  keys.close();
});

test('after failures it tries again ever later, at most every five minutes, and says when it is over', async () => {
  const { egress, clock, table, lines, keys } = await filledSubject();
  await clock.pass(9 * MINUTE_MS);
  egress.answers.set(JWKS_URL, DOWN);
  const times: number[] = [];
  const call = egress.call.bind(egress);
  egress.call = (request) => {
    times.push(clock.now());
    return call(request);
  };
  await clock.pass(30 * MINUTE_MS);
  const gaps = times.map((time, at) => Math.round((time - (times[at - 1] ?? time)) / 1_000)).slice(1);
  assert.deepEqual(gaps.slice(0, 8), [5, 10, 20, 40, 80, 160, 300, 300]);
  egress.answers.set(JWKS_URL, setOf(FIRST));
  await clock.pass(5 * MINUTE_MS);
  assert.equal(lines.at(-1), 'info issuer.keys-back');
  assert.ok((table()?.filledAtMs ?? 0) > Date.UTC(2026, 0, 1, 0, 30));
  assert.equal(keys.status()[0]?.fault, null);
  egress.answers.set(JWKS_URL, DOWN);
  await clock.pass(11 * MINUTE_MS);
  const [last = 0, before = 0] = times.toReversed();
  assert.ok(last - before < 5 * MINUTE_MS, 'it begins with short waits again');
  keys.close();
});

test('keys that cannot be used are told once, and again when they are others', async () => {
  const { egress, clock, lines, keys } = await filledSubject();
  egress.answers.set(JWKS_URL, setOf(FIRST, { kty: 'oct', k: 'AAAA' }));
  await clock.pass(10 * MINUTE_MS);
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(lines.slice(1), ['warn issuer.key-skipped']);
  egress.answers.set(JWKS_URL, setOf(FIRST, { kty: 'EC' }));
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(lines.slice(1), ['warn issuer.key-skipped', 'warn issuer.key-skipped']);
  keys.close();
});

test('an issuer that stays as it was is neither fetched nor waited for, one that is gone is left alone', async () => {
  const { keys, egress, clock, table } = await filledSubject();
  assert.deepEqual(await keys.fill([{ ...BY_URL }]), []);
  assert.deepEqual([egress.taken(), table()?.version], [[], 1]);
  keys.retain([]);
  await clock.pass(60 * MINUTE_MS);
  assert.deepEqual([egress.taken(), table()?.version, clock.timers()], [[], 1, 0]);
  assert.deepEqual([keys.status(), keys.want('acme', '192.0.2.1')], [[], null]);
});

test('an issuer of the same name with another place is another one, with a table of its own', async () => {
  const { keys, egress, table, clock } = await filledSubject();
  const elsewhere: IssuerSource = { ...BY_URL, origin: { kind: 'url', url: `${ISSUER}/elsewhere` } };
  const renamed: IssuerSource = { ...BY_URL, issuer: 'https://other.example' };
  egress.answers.set(`${ISSUER}/elsewhere`, setOf(SECOND));
  assert.deepEqual(await keys.fill([elsewhere, renamed]), []);
  assert.deepEqual([table()?.kids, table(elsewhere)?.kids, table(renamed)?.kids], [['first'], ['second'], ['first']]);
  const nowhere: IssuerSource = { ...BY_URL, origin: { kind: 'url', url: `${ISSUER}/nowhere` } };
  egress.answers.set(`${ISSUER}/nowhere`, DOWN);
  assert.deepEqual(await keys.fill([nowhere]), [nowhere], 'it is new and has no keys');
  assert.deepEqual([table(nowhere)?.kids, table(nowhere)?.filledAtMs], [[], 0], 'the keys of others are not its own');
  assert.deepEqual(await keys.fill([nowhere]), [], 'it is not new any more');
  await clock.pass(1);
  keys.close();
});

test('both configurations keep their issuers until it is known which one holds', async () => {
  const { keys, egress, table, clock } = await filledSubject();
  const elsewhere: IssuerSource = { ...BY_URL, origin: { kind: 'url', url: `${ISSUER}/elsewhere` } };
  egress.answers.set(`${ISSUER}/elsewhere`, setOf(SECOND));
  await keys.fill([elsewhere]);
  egress.answers.set(JWKS_URL, setOf(SECOND));
  await clock.pass(10 * MINUTE_MS);
  assert.deepEqual(table()?.kids, ['second'], 'the one before is still fetched anew');
  await keys.want('acme', '192.0.2.1');
  assert.equal(egress.taken().at(-1), `${ISSUER}/elsewhere`, 'the name means the newer one');
  keys.retain([BY_URL]);
  await clock.pass(60 * MINUTE_MS);
  assert.deepEqual([...new Set(egress.taken())], [JWKS_URL]);
  keys.close();
});

test('when a configuration is taken back, the keys of the one before serve again, also if its issuer is down', async () => {
  const { keys, egress, table, clock } = await filledSubject();
  const atMs = clock.now();
  const elsewhere: IssuerSource = { ...BY_URL, origin: { kind: 'url', url: `${ISSUER}/elsewhere` } };
  await keys.fill([elsewhere]);
  keys.retain([elsewhere]);
  egress.answers.set(JWKS_URL, DOWN);
  await clock.pass(MINUTE_MS);
  assert.deepEqual(await keys.fill([BY_URL]), []);
  assert.deepEqual([table()?.kids, table()?.filledAtMs], [['first'], atMs]);
  keys.close();
});

test('what was under way when its issuer went, or when all ended, is put into no table', async () => {
  const { keys, egress, table, clock } = subject();
  egress.answers.set(JWKS_URL, setOf(FIRST));
  const filling = keys.fill([BY_URL]);
  keys.close();
  await clock.pass(5_000);
  await filling;
  await keys.fill([BY_URL]);
  assert.deepEqual([table(), clock.timers()], [undefined, 0]);
});

test('a fault of the way out is a failed fetch like any other', async () => {
  const { keys, egress, table, alerts } = subject();
  egress.call = () => Promise.reject(new Error('a bug'));
  await keys.fill([BY_URL]);
  await rest();
  assert.deepEqual([table()?.filledAtMs, alerts.length], [0, 1]);
  keys.close();
});

test('the keys of the latest 64 issuers that are gone are remembered', async () => {
  const { keys, egress, table } = subject();
  const gone = Array.from({ length: 70 }, (_, at): IssuerSource => {
    const url = `${ISSUER}/${at}`;
    egress.answers.set(url, setOf(FIRST));
    return { name: `issuer-${at}`, issuer: url, origin: { kind: 'url', url } };
  });
  await keys.fill(gone);
  keys.retain([]);
  for (const { issuer } of gone) egress.answers.set(issuer, DOWN);
  await keys.fill(gone);
  const kept = gone.map((source) => table(source)?.kids.length);
  assert.deepEqual([kept.slice(0, 7), kept.filter((count) => count === 1).length], [[0, 0, 0, 0, 0, 0, 1], 64]);
  keys.close();
});
