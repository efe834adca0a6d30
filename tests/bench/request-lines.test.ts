import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { skipOrFail } from '../system/skip.ts';
import { findProgram, runToEnd } from './child.ts';
import { readRequests, writeRequests } from './request-lines.ts';

const BYTES = Buffer.from('--x\r\n\tone\0two\n\xff', 'latin1');

let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-lines-'));
  file = join(folder, 'all.requests');
  await writeFile(join(folder, 'form.body'), BYTES);
  await writeRequests(file, [
    { path: '/plain' },
    { path: '/orders?limit=1', token: 'abc' },
    { path: '/orders', body: '{"a":"b"}' },
    { path: '/', client: '192.0.2.7' },
    { path: '/photos', body: join(folder, 'form.body'), type: 'multipart/form-data; boundary=x' },
  ]);
});

after(() => rm(folder, { recursive: true, force: true }));

const WANTED = [
  ['GET', '/plain', undefined, undefined, undefined, ''],
  ['GET', '/orders?limit=1', 'Bearer abc', undefined, undefined, ''],
  ['POST', '/orders', undefined, undefined, 'application/json', Buffer.from('{"a":"b"}').toString('latin1')],
  ['GET', '/', undefined, '192.0.2.7', undefined, ''],
  ['POST', '/photos', undefined, undefined, 'multipart/form-data; boundary=x', BYTES.toString('latin1')],
];

test('requests are read as they were written, those with other bodies than JSON too', () => {
  const read = readRequests(file).map(({ path, headers, body }) =>
    seenOf(body === undefined ? 'GET' : 'POST', path, headers, body),
  );
  assert.deepEqual(read, WANTED);
});

test('the load generator sends them in turn, byte by byte', async () => {
  const script = join(import.meta.dirname, 'load-generator.ts');
  await sendsAll((url) => [process.execPath, script, url, '1', '0.5', file]);
});

test('and so does wrk', async (t) => {
  if (findProgram('wrk') === null) return skipOrFail(t, 'wrk is not installed (Debian package wrk)');
  const script = join(import.meta.dirname, 'requests.lua');
  await sendsAll((url) => ['wrk', '-t', '1', '-c', '1', '-d', '1s', '-s', script, url, '--', file]);
});

/** Lets a load generator send for a while, and looks at the first of each request. */
async function sendsAll(commandFor: (url: string) => readonly string[]): Promise<void> {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (seen.length < WANTED.length)
        seen.push(seenOf(request.method, request.url, request.headers, Buffer.concat(pieces)));
      response.writeHead(200, { 'content-length': '2' }).end('ok');
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  try {
    await runToEnd(commandFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), 'any', 20_000);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  // wrk begins with the second.
  assert.deepEqual(sorted(seen), sorted(WANTED));
}

const sorted = (requests: readonly unknown[]): readonly string[] =>
  requests.map((request) => JSON.stringify(request)).toSorted();

function seenOf(method: unknown, path: unknown, headers: IncomingHttpHeaders, body: Buffer = Buffer.alloc(0)) {
  const { authorization, 'x-forwarded-for': client, 'content-type': type } = headers;
  return [method, path, authorization, client, type, body.toString('latin1')];
}
