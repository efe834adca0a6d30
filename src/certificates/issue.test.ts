import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { Random } from '../ports/index.ts';
import { valueOf } from './fake-ports.test.ts';
import { namesOf } from './inspect.ts';
import { issueAuthority, issueChallenge, issueLeaf } from './issue.ts';

const run = promisify(execFile);
const nowMs = Math.floor(Date.now() / 1000) * 1000;
const validity = { notBeforeMs: nowMs - 3_600_000, notAfterMs: nowMs + 86_400_000 };
const random: Random = { fill: (bytes) => bytes.set(randomBytes(bytes.length)) };

test('a leaf is issued by its CA, verifies under it, and names its hosts and addresses', async () => {
  const ca = await issueAuthority('Portcullis local CA 0badcafe', validity, random);
  const names = ['localhost', '127.0.0.1', '::1', 'api.acme.example', '*.acme.example', '2001:db8::a'];
  const leaf = await issueLeaf(ca, names, validity, random);
  const [caCertificate, certificate] = [ca.chain[0], leaf.chain[0]];
  assert.equal(caCertificate.subject, 'CN=Portcullis local CA 0badcafe');
  assert.ok(caCertificate.ca && caCertificate.verify(caCertificate.publicKey));
  assert.ok(!certificate.ca && certificate.checkIssued(caCertificate) && certificate.verify(caCertificate.publicKey));
  assert.ok(certificate.checkPrivateKey(leaf.key) && !certificate.checkPrivateKey(ca.key));
  assert.equal(certificate.checkHost('api.acme.example'), 'api.acme.example');
  assert.equal(certificate.checkHost('www.acme.example'), '*.acme.example');
  assert.equal(certificate.checkHost('a.b.acme.example'), undefined);
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkIP('2001:db8::a'), '2001:db8::a');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(certificate.validFromDate.getTime(), validity.notBeforeMs);
  assert.equal(certificate.validToDate.getTime(), validity.notAfterMs);
  assert.deepEqual(valueOf(namesOf(certificate)), names);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
});

test('serial numbers have 128 random bits and are positive, whatever the bits are', async () => {
  for (const byte of [0x01, 0x7f, 0x80, 0xff]) {
    const fixed: Random = { fill: (bytes) => void bytes.fill(byte) };
    const { chain } = await issueAuthority('Portcullis local CA', validity, fixed);
    assert.equal(BigInt(`0x${chain[0].serialNumber}`), BigInt(`0x${Buffer.alloc(16, byte).toString('hex')}`));
    // INTEGER of 16 octets, or of 17 with a zero first where the top bit would make it negative.
    const der = Buffer.concat([byte < 0x80 ? Buffer.of(2, 16) : Buffer.of(2, 17, 0), Buffer.alloc(16, byte)]);
    assert.ok(chain[0].raw.includes(der));
  }
});

test('property: every address comes back from a certificate as it was given', async () => {
  const ca = await issueAuthority('Portcullis local CA', validity, random);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.ipV4(), fc.ipV6()), async (text) => {
      const address = text.includes(':') ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
      const leaf = await issueLeaf(ca, [address], validity, random);
      assert.deepEqual(valueOf(namesOf(leaf.chain[0])), [address]);
      assert.notEqual(leaf.chain[0].checkIP(address), undefined);
    }),
    { numRuns: 40 },
  );
});

const found = spawnSync('sh', ['-c', 'command -v openssl']).status === 0;
const skip = found ? false : 'there is no openssl command';

test('openssl verifies the chain under its strict rules, and shows the critical extensions', { skip }, async () => {
  const ca = await issueAuthority('Portcullis local CA 0badcafe', validity, random);
  const leaf = await issueLeaf(ca, ['localhost', '::1'], validity, random);
  const verify =
    'openssl verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile "$folder/ca" "$folder/leaf"';
  const show = 'for name in ca leaf; do openssl x509 -in "$folder/$name" -noout -text; done';
  const script = `folder=$(mktemp -d) && printf %s "$1" > "$folder/ca" && printf %s "$2" > "$folder/leaf" && ${verify} && ${show}; code=$?; rm -r "$folder"; exit $code`;
  const { stdout } = await run('sh', ['-c', script, 'sh', ca.chain[0].toString(), leaf.chain[0].toString()]);
  assert.match(stdout, /leaf: OK/);
  assert.match(stdout, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  assert.match(stdout, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
  assert.match(stdout, /Key Usage: critical\s+Digital Signature\n/);
  assert.match(stdout, /Extended Key Usage:\s+TLS Web Server Authentication/);
  assert.doesNotMatch(stdout, /Name Constraints|OCSP|CRL Distribution/);
});

test('certificates can be made under the flags that the product sets', async () => {
  const script = `
    import { issueAuthority, issueLeaf } from ${JSON.stringify(new URL('issue.ts', import.meta.url).href)};
    const random = { fill: (bytes) => void crypto.getRandomValues(bytes) };
    const ca = await issueAuthority('test', ${JSON.stringify(validity)}, random);
    const leaf = await issueLeaf(ca, ['localhost'], ${JSON.stringify(validity)}, random);
    try { new Function('1'); } catch { process.stdout.write(leaf.chain[0].toString()); }`;
  const flags = ['--disallow-code-generation-from-strings', '--disable-proto=throw', '--input-type=module'];
  const { stdout } = await run(process.execPath, [...flags, '--eval', script]);
  assert.equal(new X509Certificate(stdout).checkHost('localhost'), 'localhost');
});

test('openssl reads the answer to tls-alpn-01: one name, and a critical acmeIdentifier with the digest', {
  skip,
}, async () => {
  const digest = Buffer.alloc(32, 0xab);
  const { chain, key } = await issueChallenge('api.acme.example', digest, validity, random);
  assert.ok(chain[0].checkPrivateKey(key));
  assert.ok(chain[0].verify(chain[0].publicKey));
  assert.equal(chain[0].subjectAltName, 'DNS:api.acme.example');
  const show = 'printf %s "$1" | openssl x509 -noout -text';
  const { stdout } = await run('sh', ['-c', show, 'sh', chain[0].toString()]);
  assert.match(stdout, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical/);
  assert.ok(chain[0].raw.includes(Buffer.concat([Buffer.of(4, 34, 4, 32), digest])));
});
