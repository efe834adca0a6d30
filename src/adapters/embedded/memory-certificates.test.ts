import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesContract } from '../../ports/certificates-contract.ts';
import type { CertificateMaterial } from '../../ports/index.ts';
import { createMemoryCertificates } from './memory-certificates.ts';

function material(name: string): CertificateMaterial {
  return {
    names: [name],
    chainPem: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    keyPem: new TextEncoder().encode('-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n'),
    notAfterMs: Date.UTC(2027, 0, 1),
    origin: 'local',
  };
}

certificatesContract('certificates in memory', async () => {
  const certificates = createMemoryCertificates([material('localhost')], '-----BEGIN CERTIFICATE-----\n');
  return { certificates, renew: async () => certificates.replace([material('localhost'), material('other')]) };
});

test('an empty list is refused and the old one stays', () => {
  assert.throws(() => createMemoryCertificates([], null), RangeError);
  const certificates = createMemoryCertificates([material('localhost')], null);
  assert.throws(() => certificates.replace([]), RangeError);
  assert.equal(certificates.current().length, 1);
});
