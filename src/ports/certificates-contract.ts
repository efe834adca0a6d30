import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { CertificateMaterial, Certificates } from './certificates.ts';

/** Certificates, and how the test has them renewed; `renew` resolves when the new ones are served. */
export interface CertificatesSubject {
  readonly certificates: Certificates;
  renew(): Promise<void>;
}

/** What every Certificates promises. */
export function certificatesContract(
  name: string,
  makeSubject: (t: TestContext) => Promise<CertificatesSubject>,
): void {
  describe(`${name} keeps the contract of Certificates`, () => {
    test('there is always one to serve, whole', async (t) => {
      const { certificates } = await makeSubject(t);
      const all = certificates.current();
      assert.ok(all.length > 0);
      for (const one of all) {
        assert.match(one.chainPem, /^-----BEGIN CERTIFICATE-----/);
        assert.match(new TextDecoder().decode(one.keyPem), /^-----BEGIN [A-Z ]*PRIVATE KEY-----/);
        assert.ok(one.names.length > 0 && Number.isFinite(one.notAfterMs));
      }
    });

    test('the CA that clients must trust is given exactly where certificates are our own', async (t) => {
      const { certificates } = await makeSubject(t);
      const own = certificates.current().some((one) => one.origin === 'local');
      assert.equal(certificates.localCaPem() !== null, own);
    });

    test('a renewal is told to whoever listens, with the list that is then served', async (t) => {
      const { certificates, renew } = await makeSubject(t);
      const told: (readonly CertificateMaterial[])[] = [];
      certificates.onChange((all) => told.push(all));
      const before = certificates.current();
      await renew();
      assert.notEqual(certificates.current()[0]?.chainPem, before[0]?.chainPem);
      assert.deepEqual(told, [certificates.current()]);
    });

    test('a list that was handed out does not change, and who stops listening is not told', async (t) => {
      const { certificates, renew } = await makeSubject(t);
      const before = certificates.current();
      const copy = [...before];
      const stop = certificates.onChange(() => assert.fail('told after the stop'));
      stop();
      stop();
      await renew();
      assert.deepEqual([...before], copy);
    });
  });
}
