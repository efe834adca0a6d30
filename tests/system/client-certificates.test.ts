import 'reflect-metadata';
import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { type Made, make, makeAuthority, makeList } from '../../src/wire/client-fixture.test.ts';
import { until } from '../../src/wire/peers.test.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

let ca: Made;
let other: Made;
let good: Made;
let late: Made;
let foreign: Made;
let gateway: GatewayProcess;
let upstream: LocalServer;
let reached = 0;

const configuration = (port: number, more = ''): string => `version: 1
server:
  host: 127.0.0.1
  threads: 2
  http: off
  https:
    port: 0
    clientCa: ./ca.pem
    clientCrl: ./ca.crl
    acceptNodeBelowFloor: true
    hosts:
      named.test: { clientCa: ./ca.pem, clientNames: ['dns:*.partner.test'] }
      other.test: { clientCa: ./other.pem }
      open.test: { clientCa: off }
${more}admin: { port: 0 }
data: ./data
apis:
  a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:${port}', auth: public }
`;

before(async () => {
  upstream = await startLocalServer((_, reply) => {
    reached++;
    reply.end('reached');
  });
  ca = await makeAuthority('CN=Partners');
  other = await makeAuthority('CN=Others');
  good = await make({ by: ca, subject: 'CN=good', names: [{ type: 'dns', value: 'a.partner.test' }] });
  late = await make({ by: ca, subject: 'CN=late' });
  foreign = await make({ by: other, subject: 'CN=foreign' });
  const beside = { 'ca.pem': ca.certPem, 'other.pem': other.certPem, 'ca.crl': await makeList(ca, []) };
  gateway = await startGateway(configuration(upstream.port), { beside });
});

after(async () => {
  upstream.stop();
  await gateway.stop();
});

function shows(one: Made | null): ConnectionOptions {
  return one === null ? {} : { cert: one.chainPem, key: one.keyPem };
}

/** A session with the gateway for a host. */
class Client {
  readonly socket: TLSSocket;
  text = '';
  ended = false;

  constructor(servername: string, shown: Made | null, more: ConnectionOptions = {}) {
    const options = { host: '127.0.0.1', port: gateway.https, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
    this.socket = connect({ ...options, servername, ...shows(shown), ...more });
    this.socket.on('data', (bytes: Buffer) => (this.text += bytes.toString('latin1')));
    this.socket.on('end', () => (this.ended = true)).on('close', () => (this.ended = true));
    this.socket.on('error', () => (this.ended = true));
  }

  /** Status and code of the reply to one more request. */
  async ask(host: string): Promise<string> {
    this.text = '';
    this.socket.write(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await until(() => this.ended || /reached|"instance"/.test(this.text), `a reply for ${host}`);
    const code = /"code":"([a-z-]+)"/.exec(this.text)?.[1] ?? (this.text === '' ? 'cut' : 'reached');
    return `${this.text.slice(9, 12)} ${code}`;
  }
}

async function ask(host: string, shown: Made | null, more?: ConnectionOptions, servername = host): Promise<string> {
  const client = new Client(servername, shown, more);
  const said = await client.ask(host);
  client.socket.destroy();
  return said;
}

const REACHED = '200 reached';
const REQUIRED = '403 client-certificate-required';
const REFUSED = '403 client-certificate-refused';
const ELSEWHERE = '421 misdirected-request';

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`over ${maxVersion} each host lets in the clients that its own CA vouches for`, async () => {
    const more = { maxVersion };
    const before = reached;
    for (const [host, shown, wanted] of [
      ['any.test', good, REACHED],
      ['any.test', null, REQUIRED],
      ['any.test', foreign, REFUSED],
      ['named.test', good, REACHED],
      ['named.test', late, REFUSED],
      ['other.test', foreign, REACHED],
      ['other.test', good, REFUSED],
      ['open.test', null, REACHED],
      ['open.test', good, REACHED],
    ] as const)
      assert.equal(await ask(host, shown, more), wanted, host);
    assert.equal(reached - before, 5);
  });

  test(`over ${maxVersion} what a handshake for one host proved counts for no other`, async () => {
    const before = reached;
    const more = { maxVersion };
    assert.equal(await ask('other.test', good, more, 'any.test'), ELSEWHERE);
    assert.equal(await ask('named.test', good, more, 'any.test'), ELSEWHERE);
    assert.equal(await ask('any.test', null, more, 'open.test'), ELSEWHERE);
    assert.equal(await ask('open.test', good, more, 'any.test'), ELSEWHERE);
    assert.equal(await ask('any.test', good, more, 'unknown.test'), REACHED, 'both are judged as all others are');
    assert.equal(reached - before, 1);
  });
}

test('a client that names no host is judged as for those that are not named', async () => {
  assert.equal(await ask('any.test', good, {}, ''), REACHED);
  assert.equal(await ask('any.test', null, {}, ''), REQUIRED);
  assert.equal(await ask('open.test', null, {}, ''), ELSEWHERE);
});

test('whoever is refused is cut off, so that nothing of the session is used again', async () => {
  const client = new Client('any.test', null);
  assert.equal(await client.ask('any.test'), REQUIRED);
  await until(() => client.ended);
});

test('a session is not resumed where clients are judged', async () => {
  let session: Buffer | undefined;
  const first = new Client('any.test', good);
  first.socket.on('session', (given: Buffer) => (session = given));
  assert.equal(await first.ask('any.test'), REACHED);
  await until(() => session !== undefined);
  assert.equal(await ask('any.test', null, { session: session as Buffer }), REQUIRED);
  assert.equal(await ask('named.test', null, { session: session as Buffer }), REQUIRED);
});

/** The status of a request over HTTP/2 for each host, over one connection, all at once; and whether the gateway ends that. */
async function askHttp2(
  servername: string,
  shown: Made | null,
  hosts: readonly string[],
): Promise<{ readonly said: readonly string[]; readonly ends: boolean }> {
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, {
    servername,
    rejectUnauthorized: false,
    ...shows(shown),
  });
  session.on('error', () => {});
  let [ends, closed] = [false, false];
  session.on('goaway', (code) => (ends = code === 0)).on('close', () => (closed = true));
  const said = await Promise.all(hosts.map((host) => askOver(session, host)));
  // A round trip later the client would have heard of it; where it has, the connection closes by itself.
  if (!session.closed) await promisify(session.ping.bind(session))();
  if (ends) await until(() => closed, 'the end of the connection');
  else session.destroy();
  return { said, ends };
}

async function askOver(session: ClientHttp2Session, host: string): Promise<string> {
  const stream = session.request({ ':path': '/x', ':authority': host });
  let [text, over] = ['', false];
  stream.on('response', (head) => (text += `${String(head[':status'])} `));
  stream.setEncoding('utf8').on('data', (some: string) => (text += some));
  stream
    .on('end', () => (over = true))
    .on('error', () => (over = true))
    .on('close', () => (over = true));
  stream.end();
  await until(() => over, host);
  return text.replace(/ \{.*"code":"([a-z-]+)".*/, ' $1');
}

test('over HTTP/2 each request of a connection is judged by its own host, and behind a refusal the connection ends in order', async () => {
  const hosts = ['any.test', 'open.test', 'other.test', 'named.test', 'any.test'];
  const mixed = await askHttp2('any.test', good, hosts);
  assert.deepEqual(mixed, { said: [REACHED, ELSEWHERE, ELSEWHERE, ELSEWHERE, REACHED], ends: true });
  assert.deepEqual(await askHttp2('open.test', good, ['open.test', 'any.test']), {
    said: [REACHED, ELSEWHERE],
    ends: true,
  });
  assert.deepEqual(await askHttp2('named.test', late, ['named.test']), { said: [REFUSED], ends: true });
  assert.deepEqual(await askHttp2('any.test', null, ['any.test']), { said: [REQUIRED], ends: true });
  assert.deepEqual(await askHttp2('any.test', good, ['any.test', 'any.test']), {
    said: [REACHED, REACHED],
    ends: false,
  });
});

/** Puts a file in the place of one that the configuration names, as a careful program does. */
async function replace(name: string, content: string): Promise<void> {
  await writeFile(join(gateway.folder, `${name}.new`), content);
  await rename(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
}

/** Asks over new sessions until that is the answer. */
async function becomes(wanted: string, host: string, shown: Made | null): Promise<void> {
  let said = '';
  const deadline = performance.now() + 20_000;
  while (said !== wanted && performance.now() < deadline) said = await ask(host, shown);
  assert.equal(said, wanted);
}

test('a new list of what is revoked ends sessions that were begun before it', async () => {
  const old = new Client('any.test', late);
  const kept = new Client('open.test', null);
  assert.deepEqual([await old.ask('any.test'), await kept.ask('open.test')], [REACHED, REACHED]);
  await replace('ca.crl', await makeList(ca, [late], { fromHours: 0 }));
  await becomes(REFUSED, 'any.test', late);
  await until(() => old.ended, 'the end of the old session');
  assert.equal(await ask('any.test', good), REACHED);
  assert.equal(await kept.ask('open.test'), REACHED, 'sessions that nobody judges go on');
  kept.socket.destroy();
});

test('a list or a CA that can not be used leaves what is in force', async () => {
  await replace('ca.crl', 'nothing');
  await until(() => gateway.said().includes('holds no revocation list'), 'the complaint');
  assert.equal(await ask('any.test', late), REFUSED);
  await rm(join(gateway.folder, 'other.pem'));
  await until(() => /other\.pem/.test(gateway.said()), 'the complaint');
  assert.equal(await ask('other.test', null), REQUIRED);
  assert.equal(await ask('other.test', foreign), REACHED);
  await replace('other.pem', other.certPem);
  await replace('ca.crl', await makeList(ca, [late], { fromHours: 0 }));
});

test('without one of its files the gateway does not start', async () => {
  const { port } = upstream;
  for (const missing of ['ca.pem', 'ca.crl', 'other.pem']) {
    const files = { 'ca.pem': ca.certPem, 'other.pem': other.certPem, 'ca.crl': await makeList(ca, []) };
    const beside = Object.fromEntries(Object.entries(files).filter(([name]) => name !== missing));
    await assert.rejects(startGateway(configuration(port), { beside }), new RegExp(missing.replace('.', '\\.')));
  }
});

test('a host that is opened by a reload is open, and one that is closed is closed', async () => {
  const { port } = upstream;
  const open = configuration(port).replace('other.test: { clientCa: ./other.pem }', 'other.test: { clientCa: off }');
  await replace('portcullis.yaml', open);
  await becomes(REACHED, 'other.test', null);
  await replace('portcullis.yaml', configuration(port));
  await becomes(REQUIRED, 'other.test', null);
});
