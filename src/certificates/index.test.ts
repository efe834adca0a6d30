import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect, createServer, createSecureContext, type Server, type TLSSocket } from 'node:tls';
import { certificatesContract } from '../ports/certificates-contract.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { errorOf, fakePorts, until, valueOf } from './fake-ports.test.ts';
import { type CertificateService, chooseCertificate, localCaPath, openCertificates } from './index.ts';

const FOLDER = '/data/certificates';

// The handshakes verify by the real clock.
const localService = async (names: readonly string[]) => {
  const fake = fakePorts(Date.now());
  return {
    ...fake,
    service: valueOf(await openCertificates({ source: { kind: 'local', folder: FOLDER, names }, ports: fake.ports })),
  };
};

const DAY_MS = 86_400_000;

async function localSubject(t: TestContext, names: readonly string[] = []) {
  const fake = await localService(names);
  t.after(() => fake.service.close());
  return { ...fake, certificates: fake.service };
}

async function fileSubject(t: TestContext) {
  const { service: issuer, files, ports } = await localSubject(t, ['files.example']);
  // The keys of two certificates differ, so the files do not belong together until both are written.
  const install = (): void => {
    const [made] = issuer.current();
    files.write('/tls/chain.pem', made!.chainPem);
    files.write('/tls/key.pem', made!.keyPem);
  };
  install();
  const source = { kind: 'file', certificatePath: '/tls/chain.pem', key: { path: '/tls/key.pem' } } as const;
  const certificates = valueOf(await openCertificates({ source, ports }));
  t.after(() => certificates.close());
  const replaceFiles = async (): Promise<void> => {
    valueOf(await issuer.setNames(['renewed.example']));
    install();
  };
  return { certificates, replaceFiles };
}

/** Has the service renew, and waits until it serves what came of it. */
async function renewed(certificates: CertificateService, begin: () => Promise<void>): Promise<void> {
  const before = certificates.current()[0]?.chainPem;
  await begin();
  await until(() => certificates.current()[0]?.chainPem !== before);
}

certificatesContract('a local certificate under new names', async (t) => {
  const { certificates } = await localSubject(t);
  const begin = async (): Promise<void> => valueOf(await certificates.setNames(['new.example']));
  return { certificates, renew: () => renewed(certificates, begin) };
});

certificatesContract('a local certificate that grows old', async (t) => {
  const { certificates, clock } = await localSubject(t);
  return { certificates, renew: () => renewed(certificates, () => clock.pass(21 * DAY_MS)) };
});

certificatesContract('certificates from files', async (t) => {
  const { certificates, replaceFiles } = await fileSubject(t);
  return { certificates, renew: () => renewed(certificates, replaceFiles) };
});

function contextOf(material: CertificateMaterial | null) {
  assert.ok(material !== null);
  return createSecureContext({ cert: material.chainPem, key: Buffer.from(material.keyPem) });
}

async function listen(current: () => readonly CertificateMaterial[]): Promise<Server> {
  const server = createServer({
    SNICallback: (name, done) => done(null, contextOf(chooseCertificate(current(), name))),
    cert: current()[0]!.chainPem,
    key: Buffer.from(current()[0]!.keyPem),
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Connects as a client that trusts `ca` alone; gives the serial number it saw, or the reason it refused. */
async function visit(server: Server, host: string, ca: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  // An address is verified as one, and never sent as a server name (RFC 6066 §3).
  const name = /^[\d.]+$/.test(host) ? {} : { servername: host };
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca, ...name });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().serialNumber;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  } finally {
    socket.destroy();
  }
}

test('clients that trust the local CA connect by every name, and by no other', async () => {
  const { service } = await localService(['api.acme.example', '*.wild.example']);
  const server = await listen(() => service.current());
  const ca = service.localCaPem() ?? '';
  for (const host of ['localhost', '127.0.0.1', 'api.acme.example', 'www.wild.example']) {
    assert.match(await visit(server, host, ca), /^[0-9A-F]+$/, host);
  }
  for (const host of ['other.example', 'wild.example', 'a.b.wild.example']) {
    assert.equal(await visit(server, host, ca), 'ERR_TLS_CERT_ALTNAME_INVALID', host);
  }
  const stranger = (await localService([])).service.localCaPem() ?? '';
  assert.match(await visit(server, 'localhost', stranger), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/);
  server.close();
});

test('new names reach new connections without a restart, under the same CA', async () => {
  const { service } = await localService([]);
  const server = await listen(() => service.current());
  const ca = service.localCaPem() ?? '';
  assert.equal(await visit(server, 'new.example', ca), 'ERR_TLS_CERT_ALTNAME_INVALID');
  const before = await visit(server, 'localhost', ca);
  valueOf(await service.setNames(['new.example']));
  assert.match(await visit(server, 'new.example', ca), /^[0-9A-F]+$/);
  assert.notEqual(await visit(server, 'localhost', ca), before);
  assert.equal(service.localCaPem(), ca);
  server.close();
});

test('listeners hear of each change until they stop or the service closes', async () => {
  const { service } = await localService([]);
  const heard: string[] = [];
  const listener = (all: readonly CertificateMaterial[]): void => void heard.push(all[0]?.names.at(-1) ?? '');
  const stop = service.onChange(listener);
  service.onChange(listener);
  valueOf(await service.setNames(['a.example']));
  assert.deepEqual(heard, ['a.example', 'a.example']);
  stop();
  stop();
  valueOf(await service.setNames(['b.example']));
  assert.equal(heard.length, 3);
  service.close();
  assert.match(errorOf(await service.setNames(['c.example'])), /closed/);
  assert.equal(heard.length, 3);
});

test('a certificate from files is served the same way, and has no CA to trust', async () => {
  const { service, ports, files } = await localService(['files.example']);
  const [made] = service.current();
  files.write('/tls/chain.pem', made!.chainPem);
  files.write('/tls/key.pem', made!.keyPem);
  const source = { kind: 'file', certificatePath: '/tls/chain.pem', key: { path: '/tls/key.pem' } } as const;
  const fromFiles = valueOf(await openCertificates({ source, ports }));
  assert.equal(fromFiles.localCaPem(), null);
  const server = await listen(() => fromFiles.current());
  assert.match(await visit(server, 'files.example', service.localCaPem() ?? ''), /^[0-9A-F]+$/);
  server.close();
  fromFiles.close();
});

test('the certificate for users lies where its path says, and an unusable source is an error', async () => {
  const { service, files, ports } = await localService([]);
  assert.equal(files.text(localCaPath(FOLDER)), service.localCaPem());
  files.write(localCaPath(FOLDER), 'foreign');
  const source = { kind: 'local', folder: FOLDER, names: [] } as const;
  assert.match(errorOf(await openCertificates({ source, ports })), /local-ca\.pem holds no certificate/);
});
