import 'reflect-metadata';
import { AuthorityKeyIdentifierExtension, X509CertificateGenerator } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificateId, chosenMoment } from './renewal-info.ts';

async function certificateOf(
  serialNumber: string,
  extensions: AuthorityKeyIdentifierExtension[],
): Promise<X509Certificate> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({ serialNumber, name: 'CN=test', keys, extensions });
  return new X509Certificate(Buffer.from(made.rawData));
}

test('the id of a certificate is that of the example of RFC 9773 §4.1', async () => {
  const issuer = new AuthorityKeyIdentifierExtension('69885B6B87464041E1B37B847BA0AE2CDE01C8D4');
  assert.equal(certificateId(await certificateOf('87654321', [issuer])), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});

test('a serial number without its top bit has no octet more, and small ones have at least one', async () => {
  const issuer = new AuthorityKeyIdentifierExtension('00ff');
  assert.equal(certificateId(await certificateOf('7f01', [issuer])), 'AP8.fwE');
  assert.equal(certificateId(await certificateOf('05', [issuer])), 'AP8.BQ');
});

test('a certificate that does not name the key of its issuer has no id', async () => {
  assert.equal(certificateId(await certificateOf('05', [])), null);
});

test('the moment lies in the window, and chance decides where', () => {
  const window = { startMs: 100, endMs: 200, askAgainMs: 0 };
  assert.equal(chosenMoment(window, { fill: (bytes) => void bytes.fill(0) }), 100);
  assert.equal(chosenMoment(window, { fill: (bytes) => bytes.set([0x80, 0, 0, 0]) }), 150);
  assert.ok(chosenMoment(window, { fill: (bytes) => void bytes.fill(0xff) }) < 200);
});
