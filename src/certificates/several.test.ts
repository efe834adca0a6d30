import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateMaterial, Certificates } from '../ports/index.ts';
import { chooseCertificate } from './choose.ts';
import { fakePorts, rest, valueOf } from './fake-ports.test.ts';
import { issueAuthority, issueLeaf } from './issue.ts';
import { chainPem, keyPem } from './pem.ts';
import { type HostCertificate, joinCertificates } from './several.ts';

const DAY_MS = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
const { random } = fakePorts().ports;
const ca = await issueAuthority(
  'a test CA',
  { notBeforeMs: startMs - DAY_MS, notAfterMs: startMs + 900 * DAY_MS },
  random,
);

async function pair(names: readonly string[], days = 90) {
  const leaf = await issueLeaf(ca, names, { notBeforeMs: startMs, notAfterMs: startMs + days * DAY_MS }, random);
  return { chain: chainPem([...leaf.chain, ...ca.chain]), key: keyPem(leaf.key) };
}

const forAll: CertificateMaterial = {
  names: ['localhost', 'shop.acme.example', 'api.acme.example', '*.acme.example', 'pay.acme.example'],
  chainPem: 'for all',
  keyPem: new Uint8Array(),
  notAfterMs: startMs + DAY_MS,
  origin: 'local',
};

function standardOf() {
  const listeners = new Set<(all: readonly CertificateMaterial[]) => void>();
  const standard: Certificates = {
    current: () => [forAll],
    localCaPem: () => 'the local CA',
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { standard, listeners, tell: () => listeners.forEach((listener) => listener([forAll])) };
}

function wanted(name: string, file = name): HostCertificate {
  return { id: `${name} ${file}`, name, certificatePath: `/tls/${file}.pem`, key: { path: `/tls/${file}.key` } };
}

async function opened() {
  const fake = fakePorts(startMs);
  const standard = standardOf();
  const joined = joinCertificates(standard.standard, fake.ports);
  const changes: (readonly CertificateMaterial[])[] = [];
  joined.onChange((all) => void changes.push(all));
  const write = async (file: string, names: readonly string[], days?: number) => {
    const made = await pair(names, days);
    fake.files.write(`/tls/${file}.key`, made.key);
    fake.files.write(`/tls/${file}.pem`, made.chain);
    return made.chain;
  };
  const follow = async (...all: HostCertificate[]) => {
    valueOf(await joined.prepare(all));
    joined.follow(all.map(({ id }) => id));
  };
  const served = (name: string | null) => chooseCertificate(joined.current(), name)?.chainPem;
  return { ...fake, ...standard, joined, changes, write, follow, served };
}

test('a host sees its own certificate, whatever that of all others names; strangers see the latter', async () => {
  const { write, follow, served, joined } = await opened();
  const shop = await write('shop', ['shop.acme.example', 'other.example']);
  const pattern = await write('pattern', ['*.acme.example']);
  await follow(wanted('shop.acme.example', 'shop'), wanted('*.acme.example', 'pattern'));
  assert.equal(served('shop.acme.example'), shop);
  assert.equal(served('SHOP.acme.example.'), shop);
  // The one for all names it exactly, and what is said of the host is said by a pattern only.
  assert.equal(served('api.acme.example'), pattern);
  assert.equal(served('new.acme.example'), pattern);
  for (const name of [null, 'localhost', 'acme.example', 'a.b.acme.example', 'other.example', 'nobody.example'])
    assert.equal(served(name), 'for all', name ?? 'none');
  assert.equal(joined.current()[0]?.chainPem, 'for all');
  assert.equal(joined.localCaPem(), 'the local CA');
  joined.close();
});

test('a certificate that does not name the host, is damaged, or ended is not opened, and the host is told', async () => {
  const { write, joined, files } = await opened();
  await write('other', ['other.example', 'xshop.acme.example', '*.shop.acme.example']);
  await write('ended', ['shop.acme.example'], 0);
  files.write('/tls/broken.pem', 'nothing');
  files.write('/tls/broken.key', 'nothing');
  const reasons = [
    ['other', /^\/tls\/other\.pem: the certificate is for other\.example, .*, not for shop\.acme\.example$/],
    ['ended', /^\/tls\/ended\.pem: the certificate expired at 2026/],
    ['broken', /^\/tls\/broken\.pem: the certificate file /],
    ['missing', /^\/tls\/missing\.pem: does not exist$/],
  ] as const;
  for (const [file, reason] of reasons) {
    const refused = await joined.prepare([wanted('shop.acme.example', file)]);
    assert.ok(!refused.ok);
    assert.equal(refused.error.name, 'shop.acme.example');
    assert.match(refused.error.words, reason);
  }
  assert.equal(files.watched(), 0);
  joined.close();
});

test('a certificate for a pattern must have that pattern: one name below it is not enough', async () => {
  const { write, joined } = await opened();
  await write('one', ['shop.acme.example', '*.shop.acme.example']);
  assert.ok(!(await joined.prepare([wanted('*.acme.example', 'one')])).ok);
  joined.close();
});

test('what is prepared is served only once it is followed, and what is followed no longer is let go', async () => {
  const { write, joined, served, files, changes, follow } = await opened();
  const shop = await write('shop', ['shop.acme.example']);
  const pay = await write('pay', ['pay.acme.example']);
  await follow(wanted('shop.acme.example', 'shop'));
  assert.equal(changes.length, 1);
  assert.equal(files.watched(), 2);
  valueOf(await joined.prepare([wanted('pay.acme.example', 'pay')]));
  assert.deepEqual([served('shop.acme.example'), served('pay.acme.example')], [shop, 'for all']);
  assert.equal(files.watched(), 4);
  // That configuration was refused, and so is another one.
  valueOf(await joined.prepare([wanted('shop.acme.example', 'shop')]));
  assert.equal(files.watched(), 2);
  joined.follow(['shop.acme.example shop']);
  assert.equal(changes.length, 1, 'nothing has changed');
  await follow(wanted('pay.acme.example', 'pay'));
  assert.deepEqual([served('shop.acme.example'), served('pay.acme.example')], ['for all', pay]);
  assert.equal(changes.length, 2);
  await follow();
  assert.equal(files.watched(), 0);
  assert.equal(served('pay.acme.example'), 'for all');
  joined.close();
});

test('each is replaced when its files change, and a replacement for another host is not taken', async () => {
  const { write, follow, served, changes, clock, alerts, joined } = await opened();
  await write('shop', ['shop.acme.example']);
  const pay = await write('pay', ['pay.acme.example']);
  await follow(wanted('shop.acme.example', 'shop'), wanted('pay.acme.example', 'pay'));
  const next = await write('shop', ['shop.acme.example', 'more.example']);
  await clock.pass(5_000);
  await rest();
  assert.deepEqual([served('shop.acme.example'), served('pay.acme.example')], [next, pay]);
  assert.equal(changes.length, 2);
  await write('pay', ['shop.acme.example']);
  await clock.pass(5_000);
  await rest();
  assert.deepEqual([served('shop.acme.example'), served('pay.acme.example')], [next, pay]);
  assert.match(alerts.map(({ message }) => message).join('\n'), /for pay\.acme\.example cannot be used.*not for pay/);
  joined.close();
});

test('what is prepared and not followed yet is replaced unsaid', async () => {
  const { write, follow, served, changes, clock, joined } = await opened();
  await write('shop', ['shop.acme.example']);
  valueOf(await joined.prepare([wanted('shop.acme.example', 'shop')]));
  const next = await write('shop', ['shop.acme.example']);
  await clock.pass(5_000);
  await rest();
  assert.equal(changes.length, 0);
  await follow(wanted('shop.acme.example', 'shop'));
  assert.deepEqual([changes.length, served('shop.acme.example')], [1, next]);
  joined.close();
});

test('a replacement that stays bad is told with each host, also where two have one file', async () => {
  const { write, follow, files, clock, alerts, joined } = await opened();
  await write('both', ['shop.acme.example', 'pay.acme.example']);
  await follow(wanted('shop.acme.example', 'both'), wanted('pay.acme.example', 'both'));
  files.write('/tls/both.pem', 'nothing');
  await clock.pass(5_000);
  await rest();
  assert.equal(new Set(alerts.map(({ key }) => key)).size, 2);
  joined.close();
});

test('the end of each is told with its host, also where two have one file', async () => {
  const { write, follow, clock, alerts, joined } = await opened();
  await write('both', ['shop.acme.example', 'pay.acme.example'], 30);
  await follow(wanted('shop.acme.example', 'both'), wanted('pay.acme.example', 'both'));
  await clock.pass(21 * DAY_MS);
  await rest();
  const told = alerts
    .filter(({ kind }) => kind === 'certificate.expiring')
    .map(({ key, message }) => ({ key, message }));
  assert.equal(new Set(told.map(({ key }) => key)).size, 2);
  for (const host of ['shop', 'pay'])
    assert.ok(
      told.some(({ message }) => message.startsWith(`the certificate for ${host}.acme.example in /tls/both.pem`)),
    );
  joined.close();
});

test('a change of the certificate for all is told with those of the hosts, and nothing is told after the end', async () => {
  const { write, follow, changes, tell, joined, listeners, files } = await opened();
  const shop = await write('shop', ['shop.acme.example']);
  await follow(wanted('shop.acme.example', 'shop'));
  tell();
  assert.deepEqual(
    changes.at(-1)?.map(({ chainPem: chain, names }) => [chain, names.length]),
    [
      ['for all', 4],
      [shop, 1],
    ],
  );
  joined.close();
  assert.deepEqual([listeners.size, files.watched()], [0, 0]);
});

test('what is being opened as all is closed is closed too', async () => {
  const { write, joined, files } = await opened();
  await write('shop', ['shop.acme.example']);
  await write('pay', ['pay.acme.example']);
  const preparing = joined.prepare([wanted('shop.acme.example', 'shop'), wanted('pay.acme.example', 'pay')]);
  joined.close();
  await preparing;
  assert.equal(files.watched(), 0);
});
