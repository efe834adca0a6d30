import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { PemConverter, X509CrlGenerator } from '@peculiar/x509';
import { createVirtualClock } from '../adapters/index.ts';
import { type Gathered, parseConfig, revocationEnds } from '../config/index.ts';
import type { Alert } from '../ports/index.ts';
import { watchRevocations } from './revocation-watch.ts';

const HOUR_MS = 3_600_000;
const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const HTTPS = '{ clientCa: /ca.pem, clientCrl: /a.crl, hosts: { b.test: { clientCa: /ca.pem, clientCrl: /b.crl } } }';

async function listUntil(atMs: number): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const list = await X509CrlGenerator.create({
    issuer: 'CN=Root',
    thisUpdate: new Date(0),
    nextUpdate: new Date(atMs),
    signingAlgorithm: SIGNING,
    signingKey: privateKey.toCryptoKey(SIGNING, false, ['sign']),
  });
  return PemConverter.encode(list.rawData, 'X509 CRL');
}

function gatheredWith(https: string, files: Readonly<Record<string, string>>): Pick<Gathered, 'config' | 'files'> {
  const text = `version: 1\nserver: { https: ${https} }\napis: { a: { routes: [GET /], upstream: http://127.0.0.1:9, auth: public } }\n`;
  const parsed = parseConfig(text, { file: '/p.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const bytes = Object.entries(files).map(([name, content]) => [name, Buffer.from(content)] as const);
  return { config: parsed.value.config, files: Object.fromEntries(bytes) };
}

/** The watch, and what it has raised since it was last asked, as soon as it has looked. */
async function bench() {
  // What reads lists is loaded at first use.
  await revocationEnds(gatheredWith(HTTPS, { '/a.crl': '', '/b.crl': '' }));
  const clock = createVirtualClock();
  const raised: Alert[] = [];
  const watch = watchRevocations({ clock, alerts: { raise: (alert) => void raised.push(alert) } });
  const said = async (): Promise<readonly string[]> => {
    // Reading what lies in memory takes some turns and no time.
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    return raised.splice(0).map(({ kind, key, severity }) => `${kind} ${key} ${severity}`);
  };
  return { clock, watch, said };
}

test('a list with less than a day left is an alert each hour, and another one when it has ended', async () => {
  const { clock, watch, said } = await bench();
  const now = clock.now();
  const files = { '/a.crl': await listUntil(now + 26 * HOUR_MS), '/b.crl': await listUntil(now + 99 * HOUR_MS) };
  watch.follow(gatheredWith(HTTPS, files));
  assert.deepEqual(await said(), []);
  clock.advance(HOUR_MS);
  assert.deepEqual(await said(), []);
  clock.advance(HOUR_MS);
  assert.deepEqual(await said(), ['crl.expiring /a.crl high']);
  clock.advance(24 * HOUR_MS);
  assert.equal((await said()).at(-1), 'crl.expiring /a.crl ended critical');
  watch.follow(gatheredWith(HTTPS, { ...files, '/a.crl': await listUntil(clock.now() + 90 * HOUR_MS) }));
  assert.deepEqual(await said(), []);
  watch.close();
});

test('where no list is named nothing is looked at, and nothing after the end', async () => {
  const { clock, watch, said } = await bench();
  const ending = { '/a.crl': await listUntil(clock.now() + HOUR_MS), '/b.crl': await listUntil(clock.now() + HOUR_MS) };
  watch.follow(gatheredWith('{ clientCa: /ca.pem }', ending));
  assert.deepEqual(await said(), []);
  watch.follow(gatheredWith(HTTPS, ending));
  assert.deepEqual(await said(), ['crl.expiring /a.crl high', 'crl.expiring /b.crl high']);
  watch.close();
  clock.advance(5 * HOUR_MS);
  assert.deepEqual(await said(), []);
});

test('the status hears when each list ends and whose clients it is about', async () => {
  const { clock, watch, said } = await bench();
  const now = clock.now();
  assert.deepEqual(watch.report(), []);
  watch.follow(
    gatheredWith(HTTPS, { '/a.crl': await listUntil(now + HOUR_MS), '/b.crl': await listUntil(now - HOUR_MS) }),
  );
  await said();
  const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
  assert.deepEqual(watch.report(), [
    { file: '/a.crl', endsAt: seconds(now + HOUR_MS), hosts: ['*'] },
    { file: '/b.crl', endsAt: seconds(now - HOUR_MS), hosts: ['b.test'] },
  ]);
  watch.close();
});

test('a list that has ended spoils one that holds, and none that has ended too or is new', async () => {
  const { clock, watch, said } = await bench();
  const [good, ended] = [await listUntil(clock.now() + 50 * HOUR_MS), await listUntil(clock.now() - HOUR_MS)];
  const next = (a: string, b: string) => gatheredWith(HTTPS, { '/a.crl': a, '/b.crl': b });
  assert.deepEqual(await watch.spoiled(next(ended, ended)), [], 'at the start there is nothing better');
  watch.follow(next(good, ended));
  await said();
  assert.deepEqual(await watch.spoiled(next(ended, ended)), ['/a.crl']);
  assert.deepEqual(await watch.spoiled(next(good, good)), []);
  clock.advance(51 * HOUR_MS);
  assert.deepEqual(await watch.spoiled(next(ended, ended)), [], 'what is in force has ended meanwhile');
  watch.close();
});
