import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { TrustedProxies } from '../../src/gateway/client-address.ts';
import { fieldsOf } from '../../src/gateway/fixture.test.ts';
import { readProxyHeader } from '../../src/wire/proxy-header.ts';
import { binary, checked, OVER_IPV4, OVER_IPV6, setting } from '../../src/wire/proxy-fixture.test.ts';
import { findProgram } from '../bench/child.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { type ClientServer, startFieldReader, startHeaderReader, startSender } from './client-servers.ts';

const RUNS = 150;

function lacks(t: TestContext, program: string): boolean {
  if (findProgram(program) !== null) return false;
  skipOrFail(t, `${program} is not installed (Debian package ${program})`);
  return true;
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-clients-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An upstream that replies with what it was told of the client. */
async function startUpstream(t: TestContext): Promise<number> {
  const server = await startLocalServer(({ headers }, reply) => reply.end(String(headers['x-forwarded-for'])));
  t.after(server.stop);
  return server.port;
}

function textOf(options: {
  readonly port: number;
  readonly ca?: string;
  readonly from?: string;
  readonly said?: string;
}): Promise<string> {
  const { port, ca, from, said } = options;
  const headers = said === undefined ? {} : { 'x-forwarded-for': said };
  const common = { host: '127.0.0.1', port, headers, agent: false, localAddress: from ?? '127.0.0.1' };
  return new Promise((resolve, reject) => {
    const asked = ca === undefined ? requestHttp(common) : requestHttps({ ...common, ca, servername: 'localhost' });
    asked.on('error', reject);
    asked.on('response', (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => resolve(reply.statusCode === 200 ? text : String(reply.statusCode)));
    });
    asked.end();
  });
}

/** What a raw server replies to these bytes, whole, up to its closing. */
function replyTo(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

describe('what HAProxy and we tell each other of clients', { concurrency: false }, () => {
  for (const how of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl']) {
    test(`HAProxy with ${how} is understood`, async (t) => {
      if (lacks(t, 'haproxy')) return;
      const folder = await folderFor(t);
      const upstream = await startUpstream(t);
      const gateway = await startGateway(configurationFor(upstream));
      t.after(() => gateway.stop());
      const sender = await startSender(folder, gateway.https, how);
      t.after(() => sender.stop());
      // The second client is trusted to speak of another; the first is nobody.
      const ask = (from: string, said: string) => textOf({ port: sender.port, ca: gateway.ca, from, said });
      assert.equal(await ask('127.0.0.9', '203.0.113.9'), '127.0.0.9');
      assert.equal(await ask('127.0.0.8', '203.0.113.9, 127.0.0.8'), '203.0.113.9, 127.0.0.8, 127.0.0.8');
      await assert.rejects(textOf({ port: gateway.https, ca: gateway.ca }), 'without a header there is no session');
    });
  }

  test('HAProxy takes no PROXY header in another way than we do', async (t) => {
    if (lacks(t, 'haproxy')) return;
    const folder = await folderFor(t);
    const reader = await startHeaderReader(folder);
    t.after(() => reader.stop());
    for (const header of SOUND) assert.equal(await difference(reader, header), null);
    const change = fc.tuple(fc.nat(80), fc.nat(255));
    const changed = fc.tuple(fc.constantFrom(...SOUND), fc.array(change, { minLength: 1, maxLength: 2 }));
    await fc.assert(
      fc.asyncProperty(changed, async ([header, changes]) => {
        const copy = Buffer.from(header);
        for (const [at, byte] of changes) copy.writeUInt8(byte, at % copy.length);
        assert.equal(await difference(reader, copy), null);
      }),
      { numRuns: RUNS },
    );
  });
});

test('nginx finds the same client in X-Forwarded-For, or we refuse', async (t) => {
  if (lacks(t, 'nginx')) return;
  const trusted = ['10.0.0.0/8', '2001:db8:17::/48'];
  const reader = await startFieldReader(await folderFor(t), trusted);
  t.after(() => reader.stop());
  const ours = new TrustedProxies({ addresses: ['127.0.0.1', ...trusted], field: 'x-forwarded-for' });
  const compare = async (said: string): Promise<boolean> => {
    const client = clientOf(ours, said);
    if (client === null) return false;
    assert.equal(client, await textOf({ port: reader.port, said }), said);
    return true;
  };
  let found = 0;
  for (const said of FIELDS) if (await compare(said)) found++;
  assert.equal(found, FIELDS.length);
  const part = fc.constantFrom(
    '203.0.113.9',
    '10.0.0.2',
    '2001:db8::9',
    '[2001:db8::9]:4',
    '198.51.100.1:80',
    'x',
    ' ',
    ',',
    ':',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(', ', ',', ''),
      async (parts, by) => {
        const said = parts.join(by).trim();
        // nginx takes a comma at the very beginning for a part of what follows, and then reads no address there.
        if (!said.startsWith(',')) await compare(said);
      },
    ),
    { numRuns: RUNS },
  );
});

const SOUND: readonly Buffer[] = [
  Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n'),
  Buffer.from('PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n'),
  binary(0x21, 0x11, OVER_IPV4),
  binary(0x21, 0x21, OVER_IPV6),
  binary(0x21, 0x11, Buffer.concat([OVER_IPV4, setting(0x04, Buffer.alloc(9))])),
  checked(0x11, OVER_IPV4),
];

const FIELDS = [
  '203.0.113.9',
  '203.0.113.9, 10.0.0.2',
  '198.51.100.1, 203.0.113.9, 10.0.0.3, 10.0.0.2',
  '10.0.0.9, 10.0.0.8',
  '2001:db8::9, 2001:db8:17::1',
  '203.0.113.9:4711, 10.0.0.2',
  'junk, 203.0.113.9',
];

/** A trusted client at 127.0.0.8, behind balancers at 127.0.0.1. */
function configurationFor(upstream: number): string {
  return `version: 1
server: { https: { port: 0 }, http: off, threads: 1, proxyProtocol: [127.0.0.1] }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.8]
apis: { a: { routes: ['GET /'], upstream: 'http://127.0.0.1:${upstream}', auth: public } }
`;
}

/** The client that we find in the field, from a peer that is trusted; null where we refuse. */
function clientOf(trusted: TrustedProxies, said: string): string | null {
  const peer = { address: '127.0.0.1', port: 1, tls: null, via: [] };
  const headers = fieldsOf(['x-forwarded-for', said]);
  const request = { method: 'GET', host: 'x', port: null, path: '/', query: null, headers, peer };
  return trusted.clientOf(request)?.address ?? null;
}

const ASKED = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');

/** In what HAProxy and we read a header differently, where we take it; null in nothing. */
async function difference(reader: ClientServer, header: Buffer): Promise<string | null> {
  const ours = readProxyHeader(Buffer.concat([header, ASKED]));
  if (ours.kind !== 'header') return null;
  const theirs = await replyTo(reader.port, Buffer.concat([header, ASKED]));
  const found = /\r\n\r\n(\S+) (\d+)$/.exec(theirs);
  const rest = Buffer.concat([header, ASKED]).subarray(ours.bytes);
  // What we would go on with is no request any more, and theirs said so too.
  if (!rest.equals(ASKED)) return found === null ? null : `${header.toString('hex')}: ${theirs}`;
  if (found === null) return `${header.toString('hex')}: only we take it (${theirs.slice(0, 80)})`;
  const { source } = ours;
  const same =
    source === null ? found[1] === '127.0.0.1' : found[1] === source.address && Number(found[2]) === source.port;
  return same ? null : `${header.toString('hex')}: ${found[1]} ${found[2]}`;
}
