import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { skipOrFail } from './skip.ts';

/** Opens a TLS connection; the certificate is looked at, not trusted, since it signs itself. */
function open(port: number, more: object = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: 'api.example', rejectUnauthorized: false, ...more },
      () => resolve(socket),
    );
    socket.once('error', reject);
  });
}

async function fingerprint(port: number): Promise<string> {
  const socket = await open(port);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** The status line of a request over an open connection. */
function status(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1').slice(0, 12)));
    socket.write('GET /nothing HTTP/1.1\r\nHost: api.example\r\n\r\n');
  });
}

let folder: string;
let gateway: GatewayProcess | null = null;
let missing: string | null = null;

const make = async (name: string): Promise<void> => {
  const subject = ['-subj', '/CN=api.example', '-addext', 'subjectAltName=DNS:api.example', '-days', '30'];
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
  const made = await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    ...subject,
    ...files,
  ]);
  assert.equal(made.code, 0, made.stderr);
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-certificates-'));
  try {
    await run('openssl', ['version']);
  } catch {
    missing = 'openssl is not installed';
    return;
  }
  await make('live');
  await make('next');
  gateway = await startGateway(`version: 1
server:
  https: { port: 0, certificate: { cert: ${join(folder, 'live.pem')}, key: ${join(folder, 'live.key')} } }
  http: { port: 0 }
admin: { port: 0 }
data: ./data
apis:
  api: { host: api.example, routes: ['GET /'], upstream: 'http://127.0.0.1:9', auth: public }
`);
});

after(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a certificate from files is served, and is replaced without a restart while connections go on', async (t) => {
  if (missing !== null || gateway === null) return skipOrFail(t, missing ?? 'no gateway');
  const first = await fingerprint(gateway.https);
  const old = await open(gateway.https);
  assert.equal(await status(old), 'HTTP/1.1 404');
  await rename(join(folder, 'next.key'), join(folder, 'live.key'));
  await rename(join(folder, 'next.pem'), join(folder, 'live.pem'));
  let now = first;
  while (now === first) now = await fingerprint(gateway.https);
  const wanted = await run('openssl', ['x509', '-in', join(folder, 'live.pem'), '-noout', '-fingerprint', '-sha256']);
  assert.ok(wanted.stdout.includes(now));
  assert.equal(await status(old), 'HTTP/1.1 404');
  old.destroy();
});

test('a certificate from files is spoken over TLS 1.2 and 1.3, with the post-quantum group where a client has it', async (t) => {
  if (missing !== null || gateway === null) return skipOrFail(t, missing ?? 'no gateway');
  const newest = await open(gateway.https);
  assert.equal(newest.getProtocol(), 'TLSv1.3');
  assert.equal((newest.getEphemeralKeyInfo() as { name?: string } | null)?.name, 'X25519MLKEM768');
  newest.destroy();
  const older = await open(gateway.https, { maxVersion: 'TLSv1.2' });
  assert.equal(older.getProtocol(), 'TLSv1.2');
  assert.match(older.getCipher().name, /^ECDHE-.*(GCM|CHACHA20)/);
  older.destroy();
  for (const ecdhCurve of ['X25519', 'P-256']) {
    const socket = await open(gateway.https, { ecdhCurve });
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    socket.destroy();
  }
});

test('a certificate from files is not spoken over TLS 1.1, nor with a suite without forward secrecy', async (t) => {
  if (missing !== null || gateway === null) return skipOrFail(t, missing ?? 'no gateway');
  const legacy = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' };
  await assert.rejects(open(gateway.https, legacy));
  await assert.rejects(open(gateway.https, { maxVersion: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384' }));
  await assert.rejects(open(gateway.https, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA384' }));
});

test('a certificate from files leaves the admin API on the local certificate', async (t) => {
  if (missing !== null || gateway === null) return skipOrFail(t, missing ?? 'no gateway');
  const ca = await readFile(join(gateway.folder, 'data', 'certificates', 'local-ca.pem'));
  const socket = await open(gateway.admin, { servername: 'localhost', ca, rejectUnauthorized: true });
  assert.ok(socket.authorized);
  socket.destroy();
});
