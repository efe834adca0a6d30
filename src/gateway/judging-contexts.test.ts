import 'reflect-metadata';
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { CertificateMaterial } from '../ports/index.ts';
import { ClientTrust, ClientTrusts } from './client-trust.ts';
import { TlsContexts } from './tls-contexts.ts';

const KEYS = Buffer.alloc(48, 1);
let one: CertificateMaterial;
let two: CertificateMaterial;

before(async () => {
  [one, two] = [await material('a.test'), await material('b.test')];
});

async function material(name: string): Promise<CertificateMaterial> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: `CN=${name}`, keys });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = Buffer.from(`-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`);
  return { names: [name], chainPem: certificate.toString('pem'), keyPem, notAfterMs: 0, origin: 'file' };
}

function contextsFor(...materials: readonly CertificateMaterial[]): TlsContexts {
  const contexts = new TlsContexts(
    (all, name) => all.find(({ names }) => names.includes(name ?? '')) ?? all[0] ?? null,
  );
  contexts.replace(materials, KEYS);
  return contexts;
}

const trust = (caPem: string, names: readonly string[] | null = null): ClientTrust =>
  new ClientTrust(caPem, null, names);

test('without trusts a context asks for nothing', () => {
  const contexts = contextsFor(one, two);
  assert.equal(contexts.contextFor('a.test').trust, null);
  assert.equal(contexts.trust(null), false);
  assert.notEqual(contexts.contextFor('a.test'), contexts.contextFor('b.test'));
});

test('certificate and trust of a host make its context, once', () => {
  const contexts = contextsFor(one, two);
  const [all, own] = [trust(one.chainPem), trust(two.chainPem)];
  assert.equal(
    contexts.trust(
      new ClientTrusts(
        all,
        new Map([
          ['b.test', own],
          ['a.test', null],
        ]),
      ),
    ),
    true,
  );
  assert.equal(contexts.contextFor('a.test').trust, null);
  assert.equal(contexts.contextFor('b.test').trust?.id, own.id);
  assert.equal(contexts.contextFor(null).trust?.id, all.id);
  assert.equal(contexts.contextFor('b.test'), contexts.contextFor('b.test'));
  assert.equal(contexts.contextFor('other.test'), contexts.contextFor(null));
});

test('what did not change keeps its context, and what did is made anew', () => {
  const contexts = contextsFor(one);
  const none = new Map<string, null>();
  contexts.trust(new ClientTrusts(trust(one.chainPem), none));
  const first = contexts.contextFor(null);
  contexts.trust(new ClientTrusts(trust(one.chainPem), none));
  assert.equal(contexts.contextFor(null), first);
  contexts.trust(new ClientTrusts(trust(one.chainPem, ['dns:a.test']), none));
  assert.notEqual(contexts.contextFor(null), first);
  assert.equal(contexts.trust(null), true, 'clients that were judged are to come again');
  assert.equal(contexts.contextFor(null).trust, null);
});

test('another certificate, or another key for tickets, leaves the judging as it is', () => {
  const contexts = contextsFor(one);
  contexts.trust(new ClientTrusts(trust(one.chainPem), new Map<string, null>()));
  const id = contexts.contextFor(null).trust?.id;
  contexts.replaceTicketKeys(Buffer.alloc(48, 2));
  assert.equal(contexts.contextFor(null).trust?.id, id);
  contexts.replace([two], KEYS);
  assert.equal(contexts.contextFor(null).trust?.id, id);
});

test('CAs that no context can be made of are told in advance, and lead to no session', () => {
  const contexts = contextsFor(one);
  const broken = new ClientTrusts(trust('no CA'), new Map<string, null>());
  assert.throws(() => contexts.check(broken));
  contexts.trust(broken);
  assert.throws(() => contexts.contextFor(null));
  contexts.check(new ClientTrusts(trust(one.chainPem), new Map<string, null>()));
});
