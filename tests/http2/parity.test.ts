import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { makeCallers } from '../bench/callers.ts';
import { configureEverything, EVERYTHING_DESCRIPTION, withBodies } from '../bench/everything-on.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask, type Reply } from '../system/https-client.ts';
import { openSession, sendNode } from './node-session.ts';
import { Http2Origin } from './origin.ts';

let folder: string;
let origin: Http2Origin;
let gateway: GatewayProcess;
let session: ClientHttp2Session;
let path: string;
let token: string;
let order: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-parity-'));
  origin = await Http2Origin.start();
  const callers = await withBodies(folder, await makeCallers(folder, 'ES256', 2));
  const [, line = ''] = (await readFile(callers.requestsFile, 'utf8')).split('\n');
  [path = '', token = '', order = ''] = line.split('\t');
  gateway = await startGateway(configureEverything(origin.port, callers), {
    beside: { 'bench.openapi.yaml': EVERYTHING_DESCRIPTION },
  });
  session = await openSession({ port: gateway.https, ca: gateway.ca });
});

after(async () => {
  session?.close();
  await gateway?.stop();
  await origin?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Case {
  readonly name: string;
  readonly status: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const JSON_TYPE = { 'content-type': 'application/json' };

const cases = (): readonly Case[] => {
  const signedIn = { authorization: `Bearer ${token}` };
  const json = { ...signedIn, ...JSON_TYPE };
  return [
    { name: 'what is allowed', status: 200, headers: json, body: order },
    { name: 'nobody', status: 401, headers: JSON_TYPE, body: order },
    {
      name: 'a token with a wrong signature',
      status: 401,
      headers: { ...JSON_TYPE, authorization: `Bearer ${token.slice(0, -4)}AAAA` },
      body: order,
    },
    {
      name: 'two credentials in one field',
      status: 401,
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}, Bearer x` },
      body: order,
    },
    { name: 'a body that is no JSON', status: 400, headers: json, body: '{' },
    { name: 'a body with a property too many', status: 400, headers: json, body: order.replace('{', '{"admin":true,') },
    {
      name: 'a body of another type',
      status: 415,
      headers: { ...signedIn, 'content-type': 'text/plain' },
      body: order,
    },
    ...codedCases(json),
    { name: 'no body', status: 400, headers: json, body: '' },
    { name: 'a parameter of another type', status: 400, path: '/orders?notify=maybe', headers: json, body: order },
    { name: 'a parameter that nobody described', status: 400, path: '/orders?debug=1', headers: json, body: order },
    { name: 'a path that nobody described', status: 404, method: 'GET', path: '/nothing', headers: signedIn },
    { name: 'a method that nobody described', status: 405, method: 'DELETE', headers: signedIn },
    { name: 'a path with dots', status: 400, method: 'GET', path: '/x/..%2forders', headers: signedIn },
    { name: 'HEAD of a path that nobody described', status: 404, method: 'HEAD', path: '/nothing', headers: signedIn },
    { name: 'a host that is none', status: 400, method: 'GET', headers: { ...signedIn, host: 'user@localhost' } },
    { name: 'an expectation that nobody knows', status: 417, headers: { ...json, expect: 'more' }, body: order },
  ];
};

/** Bodies in content codings, which somebody reads. */
function codedCases(json: Readonly<Record<string, string>>): readonly Case[] {
  const coded = (coding: string) => ({ ...json, 'content-encoding': coding });
  const zeros = Buffer.alloc(50 * 1024 * 1024);
  return [
    { name: 'gzip', status: 200, headers: coded('gzip'), body: gzipSync(order) },
    { name: 'deflate', status: 200, headers: coded('deflate'), body: deflateSync(order) },
    { name: 'brotli', status: 200, headers: coded('br'), body: brotliCompressSync(order) },
    { name: 'zstd', status: 200, headers: coded('zstd'), body: zstdCompressSync(order) },
    { name: 'a bomb of gzip', status: 413, headers: coded('gzip'), body: gzipSync(zeros) },
    { name: 'a bomb of zstd', status: 413, headers: coded('zstd'), body: zstdCompressSync(zeros) },
    { name: 'gzip that is none', status: 400, headers: coded('gzip'), body: order },
    {
      name: 'gzip with more behind it',
      status: 400,
      headers: coded('gzip'),
      body: Buffer.concat([gzipSync(order), Buffer.from('{}')]),
    },
    { name: 'an unknown coding', status: 415, headers: coded('compress'), body: order },
    { name: 'two codings', status: 415, headers: coded('gzip, gzip'), body: gzipSync(order) },
    {
      name: 'a property too many in gzip',
      status: 400,
      headers: coded('gzip'),
      body: gzipSync(order.replace('{', '{"admin":true,')),
    },
  ];
}

test('every verdict is the same over both protocols, and so are its fields', async () => {
  for (const subject of cases()) {
    const { method = 'POST', headers = {}, body } = subject;
    const asked = { method, path: subject.path ?? path, ...(body === undefined ? {} : { body }) };
    const { port, ca } = { port: gateway.https, ca: gateway.ca };
    const first = await ask({ port, ca, ...asked, headers });
    const { host = 'localhost', ...rest } = headers;
    const fields = { ':method': method, ':path': asked.path, ':authority': host, ...rest };
    const second = await sendNode(session, fields, body === undefined ? undefined : Buffer.from(body));
    assert.equal(first.status, subject.status, `${subject.name}: ${first.body}`);
    assert.equal(second.status, subject.status, `${subject.name}: ${second.body.toString()}`);
    assert.deepEqual(
      comparable({ status: 0, headers: second.headers as Reply['headers'], body: second.body.toString() }),
      comparable(first),
      subject.name,
    );
  }
});

// What is of the connection, or of one request only.
const APART = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'x-request-id', ':status']);

function comparable({ headers, body }: Reply): unknown {
  const fields = Object.entries(headers).filter(([name]) => !APART.has(name) && !name.startsWith('ratelimit'));
  return { fields: Object.fromEntries(fields), body: body.replaceAll(/urn:uuid:[0-9a-f-]+/g, 'urn:uuid') };
}
