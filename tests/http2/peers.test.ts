import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { type Outcome, run } from '../system/command.ts';
import { skipOrFail } from '../system/skip.ts';
import { openSession, sendNode } from './node-session.ts';
import { BIG_BYTES } from './origin.ts';
import { type Http2Subject, startSubject } from './subject.ts';

const RUN_MS = 60_000;

let subject: Http2Subject;
let ca: string;

before(async () => {
  subject = await startSubject();
  ca = join(subject.gateway.folder, 'ca.pem');
  await writeFile(ca, subject.gateway.ca);
});

after(async () => {
  await subject.stop();
});

const url = (path: string): string => `https://localhost:${subject.gateway.https}${path}`;
const runProgram = (program: string, args: readonly string[]): Promise<Outcome> =>
  run(program, args, { timeout: RUN_MS });
const curl = (...args: string[]): Promise<Outcome> =>
  runProgram('curl', ['--http2', '--silent', '--show-error', '--max-time', '30', '--cacert', ca, ...args]);

test('curl speaks HTTP/2 where it is offered, and HTTP/1.1 where it asks for that', async (t) => {
  if (findProgram('curl') === null) return skipOrFail(t, 'curl is not installed (Debian package curl)');
  const asked = ['--output', '/dev/null', '--write-out', '%{http_version} %{http_code}'];
  assert.equal((await curl(...asked, url('/c'))).stdout, '2 200');
  assert.equal((await curl(...asked, '--http1.1', url('/c'))).stdout, '1.1 200');
  assert.equal((await curl(...asked, '--tls-max', '1.2', url('/c'))).stdout, '2 200');
});

test('curl gets bodies as they are, and HEAD none', async (t) => {
  if (findProgram('curl') === null) return skipOrFail(t, 'curl is not installed (Debian package curl)');
  const text = 'sent and sent back '.repeat(20_000);
  const file = join(subject.gateway.folder, 'body.txt');
  await writeFile(file, text);
  const echoed = await curl('--data-binary', `@${file}`, url('/echo'));
  assert.equal(echoed.stdout, text, echoed.stderr);
  const streamed = await curl('--header', 'expect:', '--upload-file', file, '--request', 'POST', url('/echo'));
  assert.equal(streamed.stdout, text, streamed.stderr);
  const big = await curl('--output', '/dev/null', '--write-out', '%{size_download}', url('/big'));
  assert.equal(big.stdout, String(BIG_BYTES), big.stderr);
  const head = await curl('--head', url('/fast'));
  assert.match(head.stdout, /^HTTP\/2 200 \r\n/);
  assert.match(head.stdout, /\r\nx-request-id: [0-9a-f-]{36}\r\n/);
  const refused = await curl('--head', '--path-as-is', url('/a/../b'));
  assert.match(refused.stdout, /^HTTP\/2 400 \r\n/, refused.stderr);
});

test('curl uses one connection for many requests at once', async (t) => {
  if (findProgram('curl') === null) return skipOrFail(t, 'curl is not installed (Debian package curl)');
  const outputs = Array.from({ length: 50 }, (_, at) => ['--output', '/dev/null', url(`/late/${at}`)]).flat();
  const { stdout, stderr } = await curl(
    '--parallel',
    '--parallel-max',
    '50',
    '--write-out',
    '%{http_code} %{num_connects}\n',
    ...outputs,
  );
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 50, stderr);
  assert.ok(
    lines.every((line) => line.startsWith('200 ')),
    stdout,
  );
  const connections = lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
  assert.equal(connections, 1);
});

test('nghttp reads all frames, and finds nothing to complain of', async (t) => {
  const program = findProgram('nghttp');
  if (program === null) return skipOrFail(t, 'nghttp is not installed (Debian package nghttp2-client)');
  const { stdout, code } = await runProgram(program, ['--no-dep', '-nv', url('/c'), url('/big'), url('/fast')]);
  assert.equal(code, 0, stdout.slice(-2_000));
  assert.match(stdout, /The negotiated protocol: h2/);
  assert.equal(stdout.match(/:status: 200/g)?.length, 3, stdout.slice(-2_000));
  assert.match(stdout, /SETTINGS_MAX_CONCURRENT_STREAMS\(0x03\):100/);
  assert.doesNotMatch(stdout, /recv RST_STREAM|\[ERROR\]|Some requests were not processed/);
});

test('h2load has two thousand requests answered, a hundred at once on each of four connections', async (t) => {
  const program = findProgram('h2load');
  if (program === null) return skipOrFail(t, 'h2load is not installed (Debian package nghttp2-client)');
  for (const path of ['/fast', '/c']) {
    const { stdout } = await runProgram(program, ['-n', '2000', '-c', '4', '-m', '100', url(path)]);
    assert.match(stdout, /2000 succeeded, 0 failed, 0 errored, 0 timeout/, path);
    assert.match(stdout, /2000 2xx, 0 3xx, 0 4xx, 0 5xx/, path);
  }
});

test('h2load uploads over small windows', async (t) => {
  const program = findProgram('h2load');
  if (program === null) return skipOrFail(t, 'h2load is not installed (Debian package nghttp2-client)');
  const file = join(subject.gateway.folder, 'upload.bin');
  await writeFile(file, Buffer.alloc(200_000, 'u'));
  const windows = ['-w', '14', '-W', '15'];
  const { stdout } = await runProgram(program, [
    '-n',
    '200',
    '-c',
    '2',
    '-m',
    '20',
    ...windows,
    '-d',
    file,
    url('/echo'),
  ]);
  assert.match(stdout, /200 succeeded, 0 failed, 0 errored, 0 timeout/);
});

test('a connection is asked ten thousand times, and the requests behind them go over another', async () => {
  const session = await openSession(subject.address);
  let refused = 0;
  for (let sent = 0; sent < 10_000; sent += 100) {
    const replies = Array.from({ length: 100 }, () => sendNode(session, { ':path': '/fast' }).catch(() => null));
    for (const reply of await Promise.all(replies)) if (reply?.status !== 200) refused++;
  }
  assert.equal(refused, 0);
  await closed(session);
  const next = await openSession(subject.address);
  assert.equal((await sendNode(next, { ':path': '/fast' })).status, 200);
  next.close();
});

test("Node's client has a hundred requests with bodies answered at once over one connection", async () => {
  const session = await openSession(subject.address);
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      sendNode(session, { ':path': '/echo', ':method': 'POST', 'x-number': String(at) }, Buffer.alloc(20_000 + at, at)),
    ),
  );
  for (const [at, { status, body }] of replies.entries()) {
    assert.equal(status, 200);
    assert.ok(body.equals(Buffer.alloc(20_000 + at, at)), `reply ${at}`);
  }
  session.close();
});

test("Node's client finds the same fields over both protocols, but for those of a connection", async () => {
  const session = await openSession(subject.address);
  const { headers } = await sendNode(session, { ':path': '/fast' });
  const names = Object.keys(headers).filter((name) => !name.startsWith(':'));
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) assert.ok(!names.includes(name), name);
  for (const name of ['date', 'x-request-id', 'content-length', 'x-content-type-options']) {
    assert.ok(names.includes(name), name);
  }
  session.close();
});

test("Node's client is told of problems as over HTTP/1.1", async () => {
  const session = await openSession(subject.address);
  const { status, headers, body } = await sendNode(session, { ':path': '/a/../b' });
  assert.equal(status, 400);
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.equal((JSON.parse(body.toString()) as { code: string }).code, 'dot-segment');
  assert.equal((await sendNode(session, { ':path': '/fast' })).status, 200, 'the connection goes on');
  session.close();
});

test('a reply of a mebibyte comes whole through windows of any size', async () => {
  for (const initialWindowSize of [1_000, 16_384, 1_000_000]) {
    const session = await openSession(subject.address, { initialWindowSize });
    const { body } = await sendNode(session, { ':path': '/big' });
    assert.equal(body.length, BIG_BYTES);
    session.close();
  }
});

async function closed(session: ClientHttp2Session): Promise<void> {
  if (session.closed || session.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  session.once('close', () => resolve());
  await promise;
}
