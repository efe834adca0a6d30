import 'reflect-metadata';
import assert from 'node:assert/strict';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { rename, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type Made, make, makeAuthority, makeList } from '../../src/wire/client-fixture.test.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';
import { skipOrFail } from './skip.ts';

/** Vouches for the gateway to its clients, and for clients to the gateway. */
let ca: Made;
let shop: Made;
let pattern: Made;
let client: Made;
let gateway: GatewayProcess;
let upstream: LocalServer;

const apiOf = (host: string): string => {
  return `  ${host.split('.')[0] ?? ''}: { host: ${host}, routes: ['GET /x'], upstream: '${upstream.url}', auth: public }\n`;
};

const configuration = (more = ''): string => `version: 1
server:
  host: 127.0.0.1
  threads: 2
  http: off
  https:
    port: 0
    acceptNodeBelowFloor: true
    hosts:
      shop.acme.test: { certificate: { cert: ./shop.pem, key: ./shop.key } }
      '*.acme.test': { certificate: { cert: ./pattern.pem, key: ./pattern.key } }
      b2b.acme.test: { certificate: { cert: ./pattern.pem, key: ./pattern.key }, clientCa: ./ca.pem }
${more}admin: { port: 0 }
data: ./data
apis:
${apiOf('new.acme.test')}${apiOf('b2b.acme.test')}${apiOf('shop.acme.test')}${apiOf('localhost')}`;

function serverFor(...names: readonly string[]): Promise<Made> {
  const dns = names.map((value) => ({ type: 'dns' as const, value }));
  return make({ by: ca, subject: `CN=${names[0] ?? ''}`, names: dns, usage: ExtendedKeyUsage.serverAuth });
}

function beside(): Record<string, string> {
  return {
    'ca.pem': ca.certPem,
    'shop.pem': shop.chainPem,
    'shop.key': shop.keyPem,
    'pattern.pem': pattern.chainPem,
    'pattern.key': pattern.keyPem,
  };
}

before(async () => {
  upstream = await startLocalServer((_, reply) => void reply.end('reached'));
  ca = await makeAuthority('CN=Acme');
  shop = await serverFor('shop.acme.test', 'other.test');
  pattern = await serverFor('*.acme.test');
  client = await make({ by: ca, subject: 'CN=client' });
  gateway = await startGateway(configuration(), { beside: beside() });
});

after(async () => {
  upstream.stop();
  await gateway.stop();
});

/** An open session; what it shows is looked at by the test. */
function open(servername: string, more: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: gateway.https, rejectUnauthorized: false, ...more };
    const socket = connect({ ...options, ...(servername === '' ? {} : { servername }) }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function shown(servername: string): Promise<string> {
  const socket = await open(servername);
  const { subject, issuer } = socket.getPeerCertificate();
  socket.destroy();
  return issuer.CN === 'Acme' ? String(subject.CN) : 'local';
}

/** The status of one more request over a session. */
function ask(socket: TLSSocket, host: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const hear = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (!/reached|"instance"/.test(text)) return;
      socket.off('data', hear);
      resolve(text);
    };
    socket.on('data', hear).once('close', () => resolve(text));
    socket.write(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}

const status = async (socket: TLSSocket, host: string): Promise<string> => (await ask(socket, host)).slice(9, 12);

test('each host shows its own certificate, by its name or a pattern, and all others the local one', async () => {
  const expected = {
    'shop.acme.test': 'shop.acme.test',
    'SHOP.acme.test': 'shop.acme.test',
    'new.acme.test': '*.acme.test',
    'b2b.acme.test': '*.acme.test',
    'other.test': 'local',
    'a.b.acme.test': 'local',
    'acme.test': 'local',
    localhost: 'local',
    '': 'local',
  };
  for (const [name, certificate] of Object.entries(expected)) assert.equal(await shown(name), certificate, name);
});

test('Node, HTTP/2 and OpenSSL find each host proven, over TLS 1.2 and 1.3', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const name of ['shop.acme.test', 'new.acme.test']) {
      const socket = await open(name, { ca: ca.certPem, rejectUnauthorized: true, maxVersion });
      assert.ok(socket.authorized);
      socket.destroy();
    }
  }
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, { servername: 'new.acme.test', ca: ca.certPem });
  const stream = session.request({ ':path': '/x', ':authority': 'new.acme.test' });
  const head = await new Promise<unknown>((resolve) => {
    stream.on('response', (fields) => resolve(fields[':status']));
  });
  session.destroy();
  assert.equal(head, 200);
  try {
    await run('openssl', ['version']);
  } catch {
    return skipOrFail(t, 'openssl is not installed');
  }
  const trusted = join(gateway.folder, 'ca.pem');
  for (const name of ['shop.acme.test', 'new.acme.test']) {
    const said = await run('openssl', [
      ...['s_client', '-connect', `127.0.0.1:${gateway.https}`, '-servername', name, '-verify_hostname', name],
      ...['-CAfile', trusted, '-verify_return_error', '-brief'],
    ]);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr + said.stdout, /Verification: OK/);
  }
  try {
    await run('curl', ['--version']);
  } catch {
    return skipOrFail(t, 'curl is not installed');
  }
  const url = `https://shop.acme.test:${gateway.https}/x`;
  const resolved = ['--resolve', `shop.acme.test:${gateway.https}:127.0.0.1`, '--cacert', trusted];
  const got = await run('curl', ['-sS', ...resolved, url]);
  assert.equal(got.stdout, 'reached', got.stderr);
});

test('replies of a host with its own certificate name Strict-Transport-Security, those under the local one do not', async () => {
  const own = await open('shop.acme.test');
  assert.match(await ask(own, 'shop.acme.test'), /strict-transport-security: max-age=63072000/);
  own.destroy();
  const local = await open('localhost');
  const said = await ask(local, 'localhost');
  assert.match(said, /^HTTP\/1\.1 200/);
  assert.doesNotMatch(said, /strict-transport-security/);
  local.destroy();
});

test('where one host judges its clients, sessions of the others are none of its own, whichever certificate both show', async () => {
  let ticket: Buffer | undefined;
  const first = await open('new.acme.test');
  first.on('session', (given: Buffer) => (ticket = given));
  assert.equal(await status(first, 'new.acme.test'), '200');
  assert.equal(await status(first, 'b2b.acme.test'), '421');
  await until('a ticket', () => ticket !== undefined);
  first.destroy();
  const session = ticket as Buffer;
  const again = await open('new.acme.test', { session });
  assert.ok(again.isSessionReused(), 'a ticket is good where it was given');
  again.destroy();
  for (const more of [{}, { cert: client.chainPem, key: client.keyPem }]) {
    const judged = await open('b2b.acme.test', { session, ...more });
    assert.equal(judged.isSessionReused(), false);
    assert.equal(await status(judged, 'b2b.acme.test'), 'cert' in more ? '200' : '403');
    judged.destroy();
  }
  const other = await open('shop.acme.test', { session });
  assert.equal(other.isSessionReused(), false, 'nor under another certificate');
  other.destroy();
});

async function replace(name: string, content: string): Promise<void> {
  await writeFile(join(gateway.folder, `${name}.new`), content);
  await rename(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
}

async function serialOf(servername: string): Promise<string> {
  const socket = await open(servername);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test('one certificate is replaced on all threads under traffic: no request fails, and the others stay', async () => {
  const ending = new AbortController();
  let [asked, failed] = [0, 0];
  const traffic = [1, 2, 3].map(async () => {
    while (!ending.signal.aborted) {
      const ok = await new Promise<boolean>((resolve) => {
        const where = { host: '127.0.0.1', port: gateway.https, servername: 'shop.acme.test', agent: false };
        const named = { path: '/x', ca: ca.certPem, headers: { host: 'shop.acme.test' } };
        const sent = request({ ...where, ...named }, (reply) => {
          reply.resume().on('end', () => resolve(reply.statusCode === 200));
        });
        sent.on('error', () => resolve(false)).end();
      });
      asked++;
      if (!ok) failed++;
    }
  });
  const before = await serialOf('new.acme.test');
  for (let round = 0; round < 3; round++) {
    const next = await serverFor('shop.acme.test');
    await replace('shop.key', next.keyPem);
    await replace('shop.pem', next.chainPem);
    const wanted = BigInt(`0x${next.serialNumber}`);
    // In a row from many connections, so that each thread has been asked.
    for (let inRow = 0; inRow < 12; )
      inRow = BigInt(`0x${await serialOf('shop.acme.test')}`) === wanted ? inRow + 1 : 0;
  }
  ending.abort();
  await Promise.all(traffic);
  assert.ok(asked > 0);
  assert.equal(failed, 0, `of ${asked}`);
  assert.equal(await serialOf('new.acme.test'), before);
});

test('a replacement that is for another host is not taken, and the log tells which host has it', async () => {
  const before = await serialOf('shop.acme.test');
  const wrong = await serverFor('wrong.acme.test');
  await replace('shop.key', wrong.keyPem);
  await replace('shop.pem', wrong.chainPem);
  await until('the complaint', () => /certificate files for shop\.acme\.test cannot be used/.test(gateway.said()));
  assert.equal(await serialOf('shop.acme.test'), before);
  const good = await serverFor('shop.acme.test');
  await replace('shop.key', good.keyPem);
  await replace('shop.pem', good.chainPem);
  const wanted = BigInt(`0x${good.serialNumber}`);
  await until('the good one', async () => BigInt(`0x${await serialOf('shop.acme.test')}`) === wanted);
});

test('a reload gives a host its certificate, and takes it away again', async () => {
  const becomes = (wanted: string): Promise<void> => until(wanted, async () => (await shown('late.test')) === wanted);
  const late = await serverFor('late.test');
  await replace('late.pem', late.chainPem);
  await replace('late.key', late.keyPem);
  await replace(
    'portcullis.yaml',
    configuration('      late.test: { certificate: { cert: ./late.pem, key: ./late.key } }\n'),
  );
  await becomes('late.test');
  await replace('portcullis.yaml', configuration());
  await becomes('local');
});

test('a certificate that does not name its host, or is missing, is an issue at its line, and nothing starts', async () => {
  const files = beside();
  const wrong = { ...files, 'shop.pem': pattern.chainPem, 'shop.key': pattern.keyPem };
  const exact = { ...wrong, 'pattern.pem': shop.chainPem, 'pattern.key': shop.keyPem };
  await assert.rejects(startGateway(configuration(), { beside: exact }), /does not name \*\.acme\.test/);
  const { 'shop.key': _, ...lacking } = files;
  await assert.rejects(
    startGateway(configuration(), { beside: lacking }),
    /hosts\["shop\.acme\.test"\]\.certificate\.key/,
  );
});

test('a list that has ended keeps its own clients out and nobody else, and is told of', async () => {
  const files = { ...beside(), 'ended.crl': await makeList(ca, [], { fromHours: -9, toHours: -1 }) };
  const text = configuration().replace('clientCa: ./ca.pem }', 'clientCa: ./ca.pem, clientCrl: ./ended.crl }');
  const first = gateway;
  gateway = await startGateway(text, { beside: files });
  try {
    const shows = { cert: client.chainPem, key: client.keyPem };
    const judged = await open('b2b.acme.test', shows);
    assert.match(await ask(judged, 'b2b.acme.test'), /^HTTP\/1\.1 403 [\s\S]*client-certificate-refused/);
    judged.destroy();
    const others = await open('new.acme.test');
    assert.equal(await status(others, 'new.acme.test'), '200');
    others.destroy();
    await until('the alert', () => gateway.said().includes('crl.expiring'));
    const config = join(gateway.folder, 'portcullis.yaml');
    const told = await run(process.execPath, [PROGRAM, 'status', '--config', config]);
    assert.match(told.stdout, /revocations +b2b\.acme\.test: .*ended\.crl ended/);
    assert.match(told.stdout, /certificate +shop\.acme\.test: from files/);
    await replace('ended.crl', await makeList(ca, []));
    await until('the new list lets clients in', async () => {
      const socket = await open('b2b.acme.test', shows);
      const said = await status(socket, 'b2b.acme.test');
      socket.destroy();
      return said === '200';
    });
    await replace('ended.crl', files['ended.crl']);
    await until('the refusal', () => gateway.said().includes('the one in force has not'));
    const kept = await open('b2b.acme.test', shows);
    assert.equal(await status(kept, 'b2b.acme.test'), '200');
    kept.destroy();
  } finally {
    await gateway.stop();
    gateway = first;
  }
});
