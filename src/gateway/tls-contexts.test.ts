import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { CertificateMaterial } from '../ports/index.ts';
import { TlsContexts } from './tls-contexts.ts';

async function materialFor(name: string): Promise<CertificateMaterial> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = Buffer.from(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
  return { names: [name], chainPem: made.toString('pem'), keyPem, notAfterMs: Infinity, origin: 'acme' };
}

const byName = (materials: readonly CertificateMaterial[], name: string | null): CertificateMaterial | null =>
  materials.find(({ names }) => names[0] === name) ?? null;

test('of many certificates only the one that changed gets a context anew', async () => {
  const [one, two, other] = await Promise.all(['one', 'two', 'two'].map(materialFor));
  assert.ok(one !== undefined && two !== undefined && other !== undefined);
  const contexts = new TlsContexts(byName);
  const ticketKeys = Buffer.alloc(48, 1);
  contexts.replace([one, two], ticketKeys);
  const before = ['one', 'two'].map((name) => contexts.contextFor(name));
  // As they come from another thread: equal, and other objects.
  contexts.replace([structuredClone(one), structuredClone(other)], Buffer.from(ticketKeys));
  assert.equal(contexts.contextFor('one'), before[0]);
  assert.notEqual(contexts.contextFor('two'), before[1]);
  contexts.replace([structuredClone(one)], ticketKeys);
  assert.throws(() => contexts.contextFor('two'), /no certificate/);
});

test('with another key for tickets every context is another', async () => {
  const one = await materialFor('one');
  const contexts = new TlsContexts(byName);
  contexts.replace([one], Buffer.alloc(48, 1));
  const before = contexts.contextFor('one');
  contexts.replace([one], Buffer.alloc(48, 2));
  assert.notEqual(contexts.contextFor('one'), before);
});

test('one that can not be used leaves the ones before', async () => {
  const one = await materialFor('one');
  const contexts = new TlsContexts(byName);
  contexts.replace([one], Buffer.alloc(48, 1));
  const damaged = { ...one, names: ['two'], chainPem: 'damaged' };
  assert.throws(() => contexts.replace([one, damaged], Buffer.alloc(48, 1)));
  assert.notEqual(contexts.contextFor('one'), null);
  assert.throws(() => contexts.contextFor('two'), /no certificate/);
});
