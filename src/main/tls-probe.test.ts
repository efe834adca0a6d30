// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { KeyObject, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createPlainServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import type { TlsFindings } from '../cli/index.ts';
import { probeTls } from './tls-probe.ts';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const;
const HOUR_MS = 3_600_000;
const STRICT = 'HTTP/1.1 404 Not Found\r\nStrict-Transport-Security: max-age=63072000; includeSubDomains\r\n\r\n';

let material: { readonly key: string | Buffer; readonly cert: string };
const servers = new Set<Server>();

before(async () => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=sample',
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'api.acme.example' }])],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  material = { key, cert: certificate.toString('pem') };
});

after(() => {
  for (const server of servers) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.add(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server with these settings that answers each request with `reply`. */
async function serve(options: TlsOptions, reply: string | null = STRICT): Promise<number> {
  const server = createServer({ ...material, ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (reply === null ? socket.destroy() : socket.end(reply)));
  });
  server.on('tlsClientError', () => undefined);
  return await portOf(server);
}

async function findings(port: number, serverName: string | null = 'api.acme.example'): Promise<TlsFindings> {
  const found = await probeTls({ address: '127.0.0.1', port, serverName });
  assert.ok(found.ok, JSON.stringify(found));
  return found.value;
}

test('a server of today is found to take today’s protocols and nothing older', async () => {
  const found = await findings(await serve({ ecdhCurve: 'X25519MLKEM768:X25519' }));
  assert.deepEqual(found.takes, {
    'TLS 1.0': false,
    'TLS 1.1': false,
    'TLS 1.2': true,
    'TLS 1.3': true,
    // Node's servers take both by themselves.
    'no AEAD': true,
    'no forward secrecy': true,
  });
  assert.equal(found.group, 'X25519MLKEM768');
  assert.equal(found.strictTransportS, 63_072_000);
  assert.deepEqual(found.certificate, {
    keyType: 'rsa',
    keyBits: 2048,
    signature: 'sha256WithRSAEncryption',
    namesHost: true,
    distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

test('old protocols and weak suites are found where a server takes them, and not where it does not', async () => {
  const old = await findings(await serve({ minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'ALL:@SECLEVEL=0' }));
  assert.deepEqual(old.takes, {
    'TLS 1.0': true,
    'TLS 1.1': true,
    'TLS 1.2': true,
    'TLS 1.3': false,
    'no AEAD': true,
    'no forward secrecy': true,
  });
  const strict = await findings(
    await serve({ minVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', ecdhCurve: 'P-256' }),
  );
  assert.deepEqual([strict.takes['no AEAD'], strict.takes['no forward secrecy']], [false, false]);
  assert.equal(strict.group, 'prime256v1');
});

test('a certificate for another host is found to be one', async () => {
  const port = await serve({});
  assert.equal((await findings(port, 'www.acme.example')).certificate.namesHost, false);
  assert.equal((await findings(port, '127.0.0.1')).certificate.namesHost, false);
  assert.equal((await findings(port, null)).certificate.namesHost, true, 'nobody is asked for');
});

test('Strict-Transport-Security is read as RFC 6797 writes it, and what is none is none', async () => {
  const said: readonly (readonly [string, number | null])[] = [
    ['strict-transport-security: includeSubDomains; max-age="31536000" ; preload', 31_536_000],
    ['strict-transport-security: max-age=0', 0],
    ['strict-transport-security: max-age=-1', null],
    ['strict-transport-security: xmax-age=5', null],
    ['x-strict-transport-security: max-age=5', null],
  ];
  for (const [line, expected] of said) {
    const port = await serve({}, `HTTP/1.1 200 OK\r\n${line}\r\n\r\nstrict-transport-security: max-age=7`);
    assert.equal((await findings(port)).strictTransportS, expected, line);
  }
  assert.equal((await findings(await serve({}, null))).strictTransportS, null, 'no reply at all');
  const endless = await serve({}, `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}`);
  assert.equal((await findings(endless)).strictTransportS, null);
});

test('where nobody listens, or nobody speaks TLS, the reason is told', async () => {
  const plain = createPlainServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const port = await portOf(plain);
  const spoken = await probeTls({ address: '127.0.0.1', port, serverName: null });
  assert.ok(!spoken.ok);
  plain.close();
  await once(plain, 'close');
  const gone = await probeTls({ address: '127.0.0.1', port, serverName: null });
  assert.deepEqual(gone, { ok: false, error: 'ECONNREFUSED' });
});
