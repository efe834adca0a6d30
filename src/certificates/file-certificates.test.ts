import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/index.ts';
import { errorOf, fakePorts, rest, valueOf } from './fake-ports.test.ts';
import { openFileCertificates, type KeySource } from './file-certificates.ts';
import { issueAuthority, issueLeaf } from './issue.ts';
import { chainPem, keyPem } from './pem.ts';

const CERTIFICATE = '/tls/fullchain.pem';
const KEY = '/tls/privkey.pem';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 0, 1);
const { random } = fakePorts().ports;
const ca = await issueAuthority(
  'a test CA',
  { notBeforeMs: startMs - DAY_MS, notAfterMs: startMs + 900 * DAY_MS },
  random,
);

async function pair(name: string, days = 90, fromMs = startMs) {
  const leaf = await issueLeaf(ca, [name], { notBeforeMs: fromMs, notAfterMs: fromMs + days * DAY_MS }, random);
  return { chain: chainPem([...leaf.chain, ...ca.chain]), key: keyPem(leaf.key) };
}

async function opened(first: { chain: string; key: Uint8Array }, key: KeySource = { path: KEY }) {
  const fake = fakePorts(startMs);
  const changes: string[] = [];
  fake.files.write(CERTIFICATE, first.chain);
  if ('path' in key) fake.files.write(key.path, first.key);
  const changed = (): void => void changes.push('changed');
  const result = await openFileCertificates({ certificatePath: CERTIFICATE, key, ports: fake.ports, changed });
  const keeper = valueOf(result);
  return { ...fake, keeper, changes, names: () => keeper.current()[0]?.names };
}

test('a certificate and key are read from files, or the key from a secret', async () => {
  const first = await pair('a.example');
  for (const key of [{ path: KEY }, { secret: new Secret(first.key) }]) {
    const { keeper, changes, alerts } = await opened(first, key);
    const [material] = keeper.current();
    assert.deepEqual(material?.names, ['a.example']);
    assert.equal(material?.chainPem, first.chain);
    assert.equal(keeper.localCaPem(), null);
    assert.deepEqual([changes, alerts], [[], []]);
    keeper.close();
  }
});

test('a start without usable files fails with the path and the reason', async () => {
  const { chain, key } = await pair('a.example', 1);
  const start = async (files: Record<string, string | Uint8Array>, atMs = startMs) => {
    const fake = fakePorts(atMs);
    for (const [path, bytes] of Object.entries(files)) fake.files.write(path, bytes);
    const options = { certificatePath: CERTIFICATE, key: { path: KEY }, ports: fake.ports, changed: () => undefined };
    const error = errorOf(await openFileCertificates(options));
    assert.equal(fake.files.watched(), 0);
    assert.equal(fake.clock.untilNextMs(), null);
    return error;
  };
  assert.equal(await start({ [KEY]: key }), `${CERTIFICATE}: does not exist`);
  assert.equal(await start({ [CERTIFICATE]: chain }), `${KEY}: does not exist`);
  assert.match(
    await start({ [CERTIFICATE]: chain, [KEY]: 'nothing' }),
    /^\/tls\/fullchain\.pem: the key holds no private key/,
  );
  assert.match(await start({ [CERTIFICATE]: 'x'.repeat(3e5), [KEY]: key }), /larger than/);
  assert.match(await start({ [CERTIFICATE]: chain, [KEY]: key }, startMs + DAY_MS), /expired at 2026-01-02/);
  assert.match(await start({ [CERTIFICATE]: chain, [KEY]: key }, startMs - 1000), /not valid before 2026-01-01/);
});

test('new files are taken up without a restart, whichever is written first', async () => {
  const { files, changes, names, alerts, clock } = await opened(await pair('a.example'));
  const orders = [
    ['b.example', CERTIFICATE, KEY],
    ['c.example', KEY, CERTIFICATE],
  ] as const;
  for (const [name, first, second] of orders) {
    const next = await pair(name);
    const bytes = { [CERTIFICATE]: next.chain, [KEY]: next.key };
    files.write(first, bytes[first]!);
    await rest();
    await clock.pass(500);
    assert.notDeepEqual(names(), [name]);
    files.write(second, bytes[second]!);
    await rest();
    assert.deepEqual(names(), [name]);
    await clock.pass(5_000);
  }
  assert.deepEqual([changes.length, alerts], [2, []]);
});

test('a bad replacement keeps the old certificate; it is logged at once and an alert when it stays', async () => {
  const first = await pair('a.example');
  const { files, changes, names, alerts, lines, clock } = await opened(first);
  const bad = [
    'half a file',
    (await pair('b.example')).chain,
    (await pair('b.example', 1, startMs - 10 * DAY_MS)).chain,
  ];
  for (const [at, text] of bad.entries()) {
    files.write(CERTIFICATE, text);
    await rest();
    assert.equal(lines.at(-1)?.event, 'certificate.refused');
    assert.equal(alerts.length, at);
    await clock.pass(2_000);
    assert.equal(alerts.length, at + 1);
    assert.equal(alerts[at]?.kind, 'certificate.expiring');
    assert.match(alerts[at]?.message ?? '', /the certificate before them stays until 2026-04-01/);
    assert.deepEqual(names(), ['a.example']);
    files.write(CERTIFICATE, first.chain);
    await rest();
  }
  files.held.delete(CERTIFICATE);
  await clock.pass(HOUR_MS + 2_000);
  assert.match(alerts.at(-1)?.message ?? '', /fullchain\.pem: does not exist/);
  assert.equal(changes.length, 0);
});

test('a change that the file system did not tell of is found within the hour', async () => {
  const { files, clock, names } = await opened(await pair('a.example'));
  const next = await pair('b.example');
  files.held.set(CERTIFICATE, { bytes: Buffer.from(next.chain), mode: 0o644 });
  files.held.set(KEY, { bytes: next.key, mode: 0o600 });
  await clock.pass(HOUR_MS);
  assert.deepEqual(names(), ['b.example']);
});

test('a certificate that comes too early is taken up when it begins to hold', async () => {
  const { files, clock, names } = await opened(await pair('a.example'));
  const next = await pair('b.example', 90, startMs + 6 * HOUR_MS);
  files.write(KEY, next.key);
  files.write(CERTIFICATE, next.chain);
  await clock.pass(5 * HOUR_MS);
  assert.deepEqual(names(), ['a.example']);
  await clock.pass(2 * HOUR_MS);
  assert.deepEqual(names(), ['b.example']);
});

test('the coming end is told at a third, a sixth and a day, and it serves past its end', async () => {
  const { clock, alerts, names } = await opened(await pair('a.example', 90));
  await clock.pass(91 * DAY_MS);
  const told = alerts.map(({ key, severity }) => `${key.split(':').at(-1)} ${severity}`);
  assert.deepEqual(told, ['third low', 'sixth medium', 'day high', 'expired critical']);
  assert.deepEqual(names(), ['a.example']);
});

test('a certificate that is near its end at the start serves, with a warning and an alert', async () => {
  const { alerts, lines } = await opened(await pair('a.example', 30, startMs - 26 * DAY_MS));
  assert.deepEqual(
    alerts.map(({ severity }) => severity),
    ['medium'],
  );
  assert.ok(lines.some(({ level, message }) => level === 'warn' && /expires at 2026-01-05/.test(message)));
});

test('a host that the certificate does not cover is a warning', async () => {
  const { keeper, lines } = await opened(await pair('*.acme.example'));
  valueOf(await keeper.setNames(['api.acme.example', 'WWW.acme.example']));
  assert.equal(lines.length, 0);
  valueOf(await keeper.setNames(['acme.example', 'api.acme.example', 'a.b.acme.example']));
  assert.match(lines.at(-1)?.message ?? '', /not good for acme\.example, a\.b\.acme\.example$/);
});

test('after closing nothing is watched, taken up or told', async () => {
  const { keeper, files, clock, changes, alerts, names } = await opened(await pair('a.example'));
  const next = await pair('b.example');
  keeper.close();
  assert.equal(files.watched(), 0);
  files.write(KEY, next.key);
  files.write(CERTIFICATE, next.chain);
  await clock.pass(200 * DAY_MS);
  assert.deepEqual([changes, alerts, names()], [[], [], ['a.example']]);
});
