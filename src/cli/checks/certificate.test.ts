import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, parseConfig } from '../../config/index.ts';
import type { Clock } from '../../ports/index.ts';
import { FakeFiles, SOUND } from '../fake-context.test.ts';
import { checkCertificates } from './certificate.ts';

/** Both are valid through the year 2026. */
const CA_PEM = `-----BEGIN CERTIFICATE-----
MIIBajCCARGgAwIBAgIQU4POAkDh5jPCt24lV2g3pTAKBggqhkjOPQQDAjAUMRIw
EAYDVQQDEwlTYW1wbGUgQ0EwHhcNMjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAw
WjAUMRIwEAYDVQQDEwlTYW1wbGUgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATtHqLSA5vX+1ngK8KXyMSW6CpQYcTDMkB/9WD7BhLxtMx8Mf4IlkIi2Y/JrfrZ
MYTRSodjo6q/u4j9kREMDgeGo0UwQzASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1Ud
DwEB/wQEAwIBBjAdBgNVHQ4EFgQUZS19cix7a0juVmfBe4GBwHuZb0IwCgYIKoZI
zj0EAwIDRwAwRAIgKkiBMNpX9Nn0H/foEiGD4fJhdmRmCQnKuDsKxYOGdhwCIHIr
CulzMBboBtdycNE7X73ob4esjt1BoaHZRAKFbWrN
-----END CERTIFICATE-----`;
/** For api.acme.example and 192.0.2.7. */
const SERVED_PEM = `-----BEGIN CERTIFICATE-----
MIIB0jCCAXmgAwIBAgIQFGfM36QhbI4Zei17pDwi2DAKBggqhkjOPQQDAjAUMRIw
EAYDVQQDEwlTYW1wbGUgQ0EwHhcNMjYwMTAxMDAwMDAwWhcNMjcwMTAxMDAwMDAw
WjAnMSUwIwYDVQQDExxQb3J0Y3VsbGlzIGxvY2FsIGNlcnRpZmljYXRlMFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEAa9KiZCOeEcDb3zSDW6/cOHgCmNlVPyQSRfV
qatceZL9J9RQZGPpioTA7ijx4a4haroKhE6UYseVKvPwiM6PxqOBmTCBljAMBgNV
HRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDATAh
BgNVHREEGjAYghBhcGkuYWNtZS5leGFtcGxlhwTAAAIHMB0GA1UdDgQWBBRhudYn
1XaDHwNCxNZerQSKgYJ0yDAfBgNVHSMEGDAWgBRlLX1yLHtrSO5WZ8F7gYHAe5lv
QjAKBggqhkjOPQQDAgNHADBEAiB6hZEbL7Q+vSQgylbHSayE8HAJgYYfHv5rR3va
2wpCkAIgIMbtOiv7UEy7wwSVfaINbKd5Hu9MXNnyV56U3VeEZLo=
-----END CERTIFICATE-----`;

const CA_PATH = '/work place/.portcullis/certificates/local-ca.pem';
const LOCAL = SOUND.replace('basePath', 'host: api.acme.example\n    basePath');
const SERVED = `${LOCAL}server: { https: { certificate: { cert: /tls/chain.pem, key: /tls/key.pem } } }\n`;

function configOf(text: string): Config {
  const parsed = parseConfig(text, { file: '/work place/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value.config;
}

/** What is told on a day, with these files. */
async function told(day: string, text: string, held: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const files = new FakeFiles();
  for (const [path, content] of Object.entries(held)) files.put(path, content);
  const clock = { now: () => Date.parse(day) } as unknown as Clock;
  const found = await checkCertificates({ files, clock }, configOf(text));
  return found.map(({ state, says }) => `${state} ${says}`);
}

test('the local CA is judged by the day: not yet, well, soon, over', async () => {
  const held = { [CA_PATH]: CA_PEM };
  const expected = {
    '2025-12-31': /^fail the local CA is valid only from 2026-01-01/,
    '2026-02-01': /^ok the local CA holds until 2027-01-01 \(334 days\)$/,
    '2026-11-21': /^warn the local CA holds until 2027-01-01 \(41 days\)$/,
    '2027-01-01': /^fail the local CA expired at 2027-01-01T00:00:00\.000Z$/,
  };
  for (const [day, words] of Object.entries(expected)) assert.match((await told(day, LOCAL, held)).join('\n'), words);
});

test('a certificate from files is judged too, and must name the hosts of the APIs', async () => {
  const held = { [CA_PATH]: CA_PEM, '/tls/chain.pem': `${SERVED_PEM}\n${CA_PEM}` };
  const [, served] = await told('2026-06-01', SERVED, held);
  assert.equal(served, 'ok /tls/chain.pem holds until 2027-01-01 (214 days)');
  assert.match((await told('2026-12-20', SERVED, held))[1] ?? '', /^warn /);
  assert.match((await told('2027-06-01', SERVED, held))[1] ?? '', /^fail .* expired/);
  const address = SERVED.replace('api.acme.example', '192.0.2.7');
  assert.match((await told('2026-06-01', address, held))[1] ?? '', /^ok /);
  const other = SERVED.replace('api.acme.example', 'else.example');
  assert.equal((await told('2026-06-01', other, held))[1], 'warn /tls/chain.pem does not name else.example');
  assert.match(
    (await told('2026-06-01', SERVED, {}))[1] ?? '',
    /^fail \/tls\/chain\.pem can't be read as a certificate/,
  );
});

test('the certificate of each host is judged with its name, and those of all others need not name it', async () => {
  const own = (host: string): string =>
    SERVED.replace(
      'https: {',
      `https: { hosts: { ${host}: { certificate: { cert: /tls/own.pem, key: /tls/own.key } } },`,
    );
  const held = { [CA_PATH]: CA_PEM, '/tls/chain.pem': SERVED_PEM, '/tls/own.pem': SERVED_PEM };
  const fine = 'holds until 2027-01-01 (214 days)';
  assert.deepEqual((await told('2026-06-01', own('api.acme.example'), held)).slice(1), [
    `ok /tls/chain.pem ${fine}`,
    `ok api.acme.example: /tls/own.pem ${fine}`,
  ]);
  const shop = own('shop.acme.example').replace('host: api.acme', 'host: shop.acme');
  assert.deepEqual((await told('2026-06-01', shop, held)).slice(1), [
    `ok /tls/chain.pem ${fine}`,
    'warn shop.acme.example: /tls/own.pem does not name shop.acme.example',
  ]);
  assert.match(
    (await told('2026-06-01', own('"*.acme.example"'), held))[2] ?? '',
    /^warn \*\.acme\.example: \/tls\/own\.pem does not name \*\.acme\.example$/,
  );
  const local = shop.replace('certificate: { cert: /tls/chain.pem, key: /tls/key.pem }', 'certificate: local');
  assert.match((await told('2027-06-01', local, held))[1] ?? '', /^fail shop\.acme\.example: \/tls\/own\.pem expired/);
});
