import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { type Config, parseConfig } from '../../config/index.ts';
import type { Clock } from '../../ports/index.ts';
import { FakeFiles, SOUND } from '../fake-context.test.ts';
import { checkRevocations } from './revocations.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = {
  privateKey: privateKey.toCryptoKey(SIGNING, true, ['sign']),
  publicKey: publicKey.toCryptoKey(SIGNING, true, ['verify']),
};
const ca = await X509CertificateGenerator.createSelfSigned({
  serialNumber: '01',
  name: 'CN=Partners',
  notBefore: new Date(NOW_MS - HOUR_MS),
  notAfter: new Date(NOW_MS + 999 * HOUR_MS),
  keys,
  signingAlgorithm: SIGNING,
  extensions: [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ],
});

async function listUntil(hours: number): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: 'CN=Partners',
    thisUpdate: new Date(NOW_MS - 99 * HOUR_MS),
    nextUpdate: new Date(NOW_MS + hours * HOUR_MS),
    signingAlgorithm: SIGNING,
    signingKey: keys.privateKey,
  });
  return PemConverter.encode(list.rawData, 'X509 CRL');
}

function configOf(https: string): Config {
  const text = `${SOUND}server: { https: ${https} }\n`;
  const parsed = parseConfig(text, { file: '/work place/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value.config;
}

const JUDGED = '{ clientCa: /ca.pem, clientCrl: /a.crl, hosts: { b.test: { clientCa: /ca.pem, clientCrl: /a.crl } } }';

async function told(https: string, held: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const files = new FakeFiles();
  for (const [path, content] of Object.entries(held)) files.put(path, content);
  const clock = { now: () => NOW_MS } as unknown as Clock;
  const found = await checkRevocations({ files, clock }, configOf(https));
  return found.map(({ check, state, says }) => `${check} ${state} ${says}`);
}

test('a list is told by how long it holds, once for all hosts that judge by it', async () => {
  const held = { '/ca.pem': ca.toString('pem') };
  const at = async (hours: number) => await told(JUDGED, { ...held, '/a.crl': await listUntil(hours) });
  assert.deepEqual(await at(48), ['revocations ok /a.crl holds until 2030-01-03T00:00:00.000Z']);
  assert.deepEqual(await at(24), ['revocations warn /a.crl holds only until 2030-01-02T00:00:00.000Z']);
  assert.deepEqual(await at(0), ['revocations fail /a.crl ended at 2030-01-01T00:00:00.000Z: its clients are refused']);
});

test('a list that can not be used is told with the reason; without lists nothing is looked at', async () => {
  const pem = ca.toString('pem');
  assert.deepEqual(await told(JUDGED, { '/ca.pem': pem }), ["revocations fail /a.crl: /a.crl can't be read"]);
  assert.deepEqual(await told(JUDGED, { '/a.crl': await listUntil(9) }), [
    "revocations fail /a.crl: /ca.pem can't be read",
  ]);
  assert.match((await told(JUDGED, { '/ca.pem': pem, '/a.crl': 'nothing' })).join(), /fail .*no revocation list/);
  assert.match((await told(JUDGED, { '/ca.pem': 'nothing', '/a.crl': '' })).join(), /fail .*its CAs: holds no/);
  assert.deepEqual(await told('{ clientCa: /ca.pem }', {}), []);
});
