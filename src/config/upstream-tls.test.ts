import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { err, formatIssue, type Issue, ok, type Result, Secret } from '../base/index.ts';
import type { Egress, Files } from '../ports/index.ts';
import { makeCa, NOW_MS } from './authority-fixture.test.ts';
import type { UpstreamConfig } from './config.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import { parseConfig } from './parse.ts';
import { upstreamProofChanges } from './upstream-changes.ts';
import { checkShown } from './upstream-tls.ts';

const PIN = 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const OTHER_PIN = 'sha256/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=';
const HTTPS = "targets: ['https://orders.internal']";

const parse = (upstream: string) =>
  parseConfig(`version: 1\napis:\n  a: { routes: ['GET /x'], upstream: { ${upstream} }, auth: public }\n`, {
    file: '/etc/p.yaml',
    kinds: [],
  });

function upstreamOf(upstream: string): UpstreamConfig {
  const parsed = parse(upstream);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.apis[0]?.upstream ?? assert.fail();
}

test('where nothing is said an upstream is shown nothing and may have any key', () => {
  const { identity, serverName, pins } = upstreamOf(HTTPS);
  assert.deepEqual([identity, serverName, pins], [null, null, []]);
});

test('certificate, key, name and pins are read', () => {
  const text = `${HTTPS}, cert: us.pem, key: us.key, serverName: Orders.Internal, pins: ['${PIN}', '${OTHER_PIN}']`;
  const { identity, serverName, pins } = upstreamOf(text);
  assert.deepEqual(identity, { certificate: '/etc/us.pem', key: '${file:/etc/us.key}' });
  assert.equal(serverName, 'orders.internal');
  assert.deepEqual(pins, [PIN.slice(7), OTHER_PIN.slice(7)]);
  assert.equal(upstreamOf(`${HTTPS}, cert: us.pem, key: '\${env:KEY}'`).identity?.key, '${env:KEY}');
});

const REFUSED: readonly (readonly [upstream: string, words: RegExp])[] = [
  [`${HTTPS}, cert: us.pem`, /upstream\.cert: this says nothing without a `key`/],
  [`${HTTPS}, key: us.key`, /upstream\.key: this says nothing without a `cert`/],
  [`${HTTPS}, cert: us.pem, key: '-----BEGIN PRIVATE KEY-----'`, /never written into the configuration/],
  [`${HTTPS}, pins: []`, /at least one pin is needed/],
  [`${HTTPS}, pins: ['${PIN}', '${PIN}']`, /this pin stands in the list already/],
  [`${HTTPS}, pins: ['${PIN.slice(7)}']`, /a pin is sha256/],
  [`${HTTPS}, pins: ['sha256/AAAA']`, /a pin is sha256/],
  [`${HTTPS}, pins: ['sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAA=']`, /a pin is sha256/],
  // Two texts of one hash would be two pins.
  [`${HTTPS}, pins: ['sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=']`, /a pin is sha256/],
  [`${HTTPS}, serverName: 10.0.0.1`, /this is no host name/],
  [`${HTTPS}, serverName: '*.internal'`, /this is no host name/],
  [`${HTTPS}, serverName: 'a..b'`, /this is no host name/],
  ["targets: ['http://a.test'], cert: us.pem, key: us.key", /upstream\.cert: plain http has no certificate/],
  ["targets: ['http://a.test'], serverName: b.test", /upstream\.serverName: plain http has no certificate/],
  [`targets: ['http://a.test'], pins: ['${PIN}']`, /upstream\.pins: plain http has no certificate/],
  ["targets: ['http://a.test'], ca: ca.pem", /upstream\.ca: plain http has no certificate/],
];

test('what would be half said, or said of nothing, is refused', () => {
  for (const [upstream, words] of REFUSED) {
    const parsed = parse(upstream);
    assert.ok(!parsed.ok, upstream);
    assert.match(parsed.error.map(formatIssue).join('\n'), words);
  }
});

async function gathered(files: Readonly<Record<string, string>>): Promise<Result<Gathered, readonly Issue[]>> {
  const parsed = parse(`${HTTPS}, cert: /us.pem, key: /us.key`);
  assert.ok(parsed.ok);
  const read: Files['read'] = (path) => {
    const content = files[path];
    return Promise.resolve(content === undefined ? err({ reason: 'missing', detail: '' }) : ok(Buffer.from(content)));
  };
  return await gather(parsed.value, {
    files: { read } as Files,
    secrets: {
      resolve: (reference) => {
        const content = reference.scheme === 'file' ? files[reference.path] : undefined;
        return Promise.resolve(content === undefined ? err('is missing') : ok(new Secret(Buffer.from(content))));
      },
    },
    egress: {} as Egress,
    machine: { now: () => NOW_MS, nodeVersion: 'v26.13.1' },
    revision: 1,
  });
}

test('what an upstream is shown is a pair that holds now, or an issue', async () => {
  const [us, others] = [await makeCa('CN=Us', { isCa: false }), await makeCa('CN=Others', { isCa: false })];
  const key = (signer: typeof us): string => signer.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const good = await gathered({ '/us.pem': us.pem, '/us.key': key(us) });
  assert.ok(good.ok, good.ok ? '' : good.error.map(formatIssue).join('\n'));
  assert.equal(Buffer.from(good.value.files['/us.pem'] ?? []).toString(), us.pem);
  assert.deepEqual(Object.keys(good.value.secrets), ['${file:/us.key}']);
  const old = await makeCa('CN=Old', { isCa: false, fromHours: -9, toHours: -1 });
  const cases: readonly (readonly [files: Readonly<Record<string, string>>, words: RegExp])[] = [
    [{ '/us.key': key(us) }, /upstream\.cert: /],
    [{ '/us.pem': us.pem }, /upstream\.key: /],
    [{ '/us.pem': us.pem, '/us.key': key(others) }, /upstream\.key: holds a key that does not belong/],
    [{ '/us.pem': old.pem, '/us.key': key(old) }, /upstream\.cert: holds a certificate that ended at/],
    [{ '/us.pem': key(us), '/us.key': key(us) }, /upstream\.cert: holds a private key where a certificate/],
  ];
  for (const [files, words] of cases) {
    const result = await gathered(files);
    assert.ok(!result.ok);
    const said = result.error.map(formatIssue).join('\n');
    assert.match(said, words);
    assert.ok(!said.includes('PRIVATE'), 'nothing of a key is told');
  }
});

test('a certificate that is made for servers only is shown to no upstream', async () => {
  const leafFor = async (usage?: ExtendedKeyUsage): Promise<X509Certificate> =>
    new X509Certificate((await makeCa('CN=Us', { isCa: false, ...(usage === undefined ? {} : { usage }) })).pem);
  assert.ok(checkShown(await leafFor(), NOW_MS).ok);
  assert.ok(checkShown(await leafFor(ExtendedKeyUsage.clientAuth), NOW_MS).ok);
  assert.ok(!checkShown(await leafFor(ExtendedKeyUsage.serverAuth), NOW_MS).ok);
  const early = new X509Certificate((await makeCa('CN=Us', { isCa: false, fromHours: 1 })).pem);
  assert.ok(!checkShown(early, NOW_MS).ok);
  assert.ok(checkShown(early, null).ok, 'without the time');
});

const CHANGES: readonly (readonly [before: string, after: string, ...told: string[]])[] = [
  [`pins: ['${PIN}']`, `pins: ['${PIN}']`],
  ['', `pins: ['${PIN}']`, 'tightens the upstream may have pinned keys only'],
  [`pins: ['${PIN}']`, '', 'loosens the upstream may have any key'],
  [`pins: ['${PIN}']`, `pins: ['${PIN}', '${OTHER_PIN}']`, 'loosens the upstream may have more keys, by number 1'],
  [`pins: ['${PIN}', '${OTHER_PIN}']`, `pins: ['${PIN}']`, 'tightens the upstream may have fewer keys, by number 1'],
  ['', 'serverName: b.internal', "changes the upstream's certificate must name b.internal"],
  ['serverName: b.internal', '', "changes the upstream's certificate must name its host"],
  ['', 'cert: a.pem, key: a.key', 'changes the upstream is shown a certificate from another file'],
  ['cert: a.pem, key: a.key', '', 'changes the upstream is shown no certificate any more'],
];

test('a change of what an upstream proves, or is shown, is told', () => {
  const withHttps = (more: string): UpstreamConfig => upstreamOf(more === '' ? HTTPS : `${HTTPS}, ${more}`);
  for (const [before, after, ...told] of CHANGES) {
    const changes = upstreamProofChanges(withHttps(before), withHttps(after), (about, effect, message) => ({
      api: null,
      operation: null,
      about,
      effect,
      message,
    }));
    assert.deepEqual(
      changes.map(({ effect, message }) => `${effect} ${message}`),
      told,
    );
  }
});
