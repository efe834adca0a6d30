import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import { test } from 'node:test';
// The order matters: the room's own module brings the polyfill that the library looks for while it loads.
import { issueAuthority, issueLeaf } from './issue.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { checkPair } from './certificate-pair.ts';
import { errorOf, fakePorts, valueOf } from './fake-ports.test.ts';
import { chainPem, keyPem } from './pem.ts';

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 0, 1);
const validity = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + 30 * DAY_MS };
const { random } = fakePorts().ports;
const ca = await issueAuthority('a test CA', validity, random);
const leaf = await issueLeaf(ca, ['a.example', '*.a.example', '192.0.2.1'], validity, random);
const chain = chainPem([...leaf.chain, ...ca.chain]);
const key = new TextDecoder().decode(keyPem(leaf.key));

function check(certificate: string, keyText: string, atMs = nowMs) {
  return checkPair(Buffer.from(certificate), Buffer.from(keyText), atMs);
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', publicExponent: Buffer.of(1, 0, 1), modulusLength: 2048, hash: 'SHA-256' };

async function selfSigned(algorithm: object, extensions: Extension[], hash = 'SHA-256'): Promise<[string, string]> {
  const keys = (await webcrypto.subtle.generateKey({ ...P256, ...algorithm }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=a test',
    notBefore: new Date(validity.notBeforeMs),
    notAfter: new Date(validity.notAfterMs),
    keys,
    signingAlgorithm: { ...P256, ...algorithm, hash },
    extensions,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyObject = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return [certificate.toString('pem'), keyObject.export({ type: 'pkcs8', format: 'pem' })];
}

const named = new SubjectAlternativeNameExtension([{ type: 'dns', value: 'a.example' }]);

test('a good chain with its key is taken, whatever stands around it, and comes out clean', () => {
  const pair = valueOf(check(`subject=a\r\n${chain.replaceAll('\n', '\r\n')}\r\nthe end`, `Bag Attributes\n${key}`));
  assert.deepEqual(pair.material.names, ['a.example', '*.a.example', '192.0.2.1']);
  assert.equal(pair.material.chainPem, chain);
  assert.equal(new TextDecoder().decode(pair.material.keyPem), key);
  assert.deepEqual([pair.material.origin, pair.material.notAfterMs], ['file', validity.notAfterMs]);
  assert.deepEqual(pair.warnings, []);
});

test('keys in PKCS#8, SEC1 and PKCS#1 are read, and a certificate and key in one file too', async () => {
  valueOf(check(chain, leaf.key.export({ type: 'sec1', format: 'pem' })));
  valueOf(check(chain + key, chain + key));
  const [certificate, rsaKey] = await selfSigned(RSA, [named]);
  const pkcs1 = createPrivateKey(rsaKey).export({ type: 'pkcs1', format: 'pem' });
  assert.match(pkcs1, /BEGIN RSA PRIVATE KEY/);
  assert.match(new TextDecoder().decode(valueOf(check(certificate, pkcs1)).material.keyPem), /BEGIN PRIVATE KEY/);
});

test('what cannot be read is named, and the key is never quoted', () => {
  const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const legacy = key.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n');
  const cases: [string, string, RegExp][] = [
    ['', key, /certificate file holds no certificate/],
    [key, key, /certificate file holds no certificate/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', key, /damaged certificate/],
    [chain.repeat(6), key, /holds 12 certificates/],
    [chain, '', /key holds no private key/],
    [chain, chain, /key holds no private key/],
    [chain, key + key, /more than one/],
    [chain, key.replace(/\n.{20}/, '\n'), /damaged private key/],
    [chain, leaf.key.export(sealed), /passphrase/],
    [chain, legacy, /passphrase/],
  ];
  for (const [certificate, keyText, wanted] of cases) {
    const error = errorOf(check(certificate, keyText));
    assert.match(error, wanted);
    assert.ok(!error.includes(key.slice(60, 80)));
  }
});

test('a key that is not the leaf’s is refused, and a chain in the wrong order explained', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }) as { privateKey: KeyObject };
  const other = privateKey.export({ type: 'pkcs8', format: 'pem' });
  assert.match(errorOf(check(chain, other)), /not the key of the certificate/);
  assert.match(
    errorOf(check(chainPem([...ca.chain, ...leaf.chain]), key)),
    /number 2 of the file: .* must stand first/,
  );
});

test('expired and not yet valid certificates are errors, one near its end a warning', () => {
  assert.match(errorOf(check(chain, key, validity.notAfterMs)), /expired at 2026-01-31/);
  assert.match(errorOf(check(chain, key, validity.notBeforeMs - 1)), /not valid before 2025-12-31/);
  assert.match(valueOf(check(chain, key, validity.notAfterMs - DAY_MS)).warnings.join(), /expires at 2026-01-31/);
});

test('weak keys and signatures are errors', async () => {
  const [shortKey, signature] = [/RSA key of 1024 bits/, /only signatures over SHA-2/];
  const ed25519 = await selfSigned({ name: 'Ed25519' }, [named]);
  valueOf(check(...ed25519));
  assert.match(errorOf(check(...(await selfSigned({ ...RSA, modulusLength: 1024 }, [named])))), shortKey);
  assert.match(errorOf(check(...(await selfSigned({}, [named], 'SHA-1')))), signature);
  assert.match(errorOf(check(...(await selfSigned({ ...RSA, hash: 'SHA-1' }, [named], 'SHA-1')))), signature);
  // The signature of a root is nobody’s business, since nobody verifies it.
  valueOf(check(...(await selfSigned({}, [named, new BasicConstraintsExtension(true)], 'SHA-1'))));
});

test('RSASSA-PSS keeps its hash in the parameters, and SHA-1 is found there', async () => {
  const pss = { ...RSA, name: 'RSA-PSS', saltLength: 32 };
  valueOf(check(...(await selfSigned(pss, [named]))));
  const old = await selfSigned({ ...pss, hash: 'SHA-1', saltLength: 20 }, [named], 'SHA-1');
  assert.match(errorOf(check(...old)), /RSA-PSS over SHA-1/);
});

test('a certificate without names, or not for servers, is an error', async () => {
  assert.match(errorOf(check(...(await selfSigned({}, [])))), /names no host/);
  const mail = new SubjectAlternativeNameExtension([{ type: 'email', value: 'ada@a.example' }]);
  assert.match(errorOf(check(...(await selfSigned({}, [mail])))), /names no host/);
  const client = new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']);
  assert.match(errorOf(check(...(await selfSigned({}, [named, client])))), /lacks serverAuth/);
});

test('an intermediate that did not sign the leaf is a warning', async () => {
  const other = await issueAuthority('another CA', validity, random);
  assert.match(
    valueOf(check(chainPem([...leaf.chain, ...other.chain]), key)).warnings.join(),
    /number 2 .* did not sign/,
  );
});
