import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { findProgram } from '../bench/child.ts';
import { counted } from '../system/admin.ts';
import { type Outcome, run } from '../system/command.ts';
import { skipOrFail } from '../system/skip.ts';
import { INTEROP_CASES } from './cases.ts';
import { startInteropServer } from './interop-server.ts';
import { type GrpcTarget, startGrpcNginx } from './nginx.ts';
import { type InteropSubject, startInterop } from './subject.ts';
import { codecOf, type SimpleRequest, TEST_SERVICE } from './test-service.ts';

const RUN_MS = 60_000;
const CALLS = 1_000;
const CALL = ['content-type: application/grpc', 'te: trailers'] as const;

let folder: string;
let server: Awaited<ReturnType<typeof startInteropServer>>;
let subject: InteropSubject;
/** Files: a call of a kilobyte each way, and the authority behind the gateway's certificate. */
let body: string;
let ca: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-grpc-peers-'));
  server = await startInteropServer();
  subject = await startInterop(server.port);
  const message = codecOf<SimpleRequest>('SimpleRequest').write({
    responseSize: 1_000,
    payload: { body: new Uint8Array(1_000) },
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  body = join(folder, 'body.bin');
  await writeFile(body, Buffer.concat([prefix, message]));
  ca = join(folder, 'ca.pem');
  await writeFile(ca, subject.gateway.ca);
});

after(async () => {
  await subject?.stop();
  server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const urlOf = (path: string): string => `https://localhost:${subject.gateway.https}${path}`;
const UNARY = TEST_SERVICE.UnaryCall.path;

function runProgram(program: string, args: readonly string[]): Promise<Outcome> {
  return run(program, args, { timeout: RUN_MS });
}

/** Calls that ended with this status. */
async function ended(code: string): Promise<number> {
  return await counted(subject.gateway, `portcullis_grpc_statuses_total{api="interop",code="${code}"}`);
}

async function startNginx(t: TestContext, target: GrpcTarget): Promise<number> {
  const own = await mkdtemp(join(folder, 'nginx-'));
  const { port, nginx } = await startGrpcNginx(own, target);
  t.after(() => nginx.stop());
  return port;
}

test('nginx as the upstream, which passes calls on by grpc_pass', async (t) => {
  if (findProgram('nginx') === null) return skipOrFail(t, 'nginx is not installed (Debian package nginx)');
  const behind = await startInterop(await startNginx(t, { port: server.port }));
  t.after(() => behind.stop());
  for (const [name, check] of Object.entries(INTEROP_CASES)) await t.test(name, () => check(behind.client));
});

test('nginx as the client, which calls the gateway by grpc_pass over TLS', async (t) => {
  if (findProgram('nginx') === null) return skipOrFail(t, 'nginx is not installed (Debian package nginx)');
  const port = await startNginx(t, { port: subject.gateway.https, ca });
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  t.after(() => client.close());
  for (const [name, check] of Object.entries(INTEROP_CASES)) await t.test(name, () => check(client));
});

test('h2load has a thousand unary calls answered, and each is OK', async (t) => {
  const program = findProgram('h2load');
  if (program === null) return skipOrFail(t, 'h2load is not installed (Debian package nghttp2-client)');
  const before = await ended('OK');
  const headers = CALL.flatMap((line) => ['-H', line]);
  const words = ['-n', String(CALLS), '-c', '2', '-m', '20', '-d', body, ...headers, urlOf(UNARY)];
  const { stdout } = await runProgram(program, words);
  assert.match(stdout, new RegExp(`${CALLS} succeeded, 0 failed, 0 errored, 0 timeout`), stdout);
  assert.equal((await ended('OK')) - before, CALLS);
});

test('nghttp reads messages and trailers, and finds nothing to complain of', async (t) => {
  const program = findProgram('nghttp');
  if (program === null) return skipOrFail(t, 'nghttp is not installed (Debian package nghttp2-client)');
  const headers = CALL.flatMap((line) => ['-H', line]);
  const { stdout } = await runProgram(program, ['--no-dep', '-nv', '-d', body, ...headers, urlOf(UNARY)]);
  assert.match(stdout, /:status: 200[^]*grpc-status: 0/, stdout);
  assert.doesNotMatch(stdout, /recv RST_STREAM|\[ERROR\]|Some requests were not processed/);
});

test('curl is given a status behind its messages, and a refusal in the head alone', async (t) => {
  if (findProgram('curl') === null) return skipOrFail(t, 'curl is not installed (Debian package curl)');
  const headers = CALL.flatMap((line) => ['--header', line]);
  const words = ['--http2', '--silent', '--show-error', '--max-time', '30', '--cacert', ca, ...headers];
  const told = ['--dump-header', '-', '--output', join(folder, 'reply.bin'), '--data-binary'];
  const fine = await runProgram('curl', [...words, ...told, `@${body}`, urlOf(UNARY)]);
  assert.match(fine.stdout, /^HTTP\/2 200[^]*content-type: application\/grpc[^]*\r\n\r\ngrpc-status: 0/, fine.stderr);
  const reply = await readFile(join(folder, 'reply.bin'));
  assert.equal(reply.readUInt32BE(1), reply.length - 5);
  const refused = await runProgram('curl', [...words, ...told, 'no message', urlOf(UNARY)]);
  assert.match(refused.stdout, /^HTTP\/2 200[^]*grpc-status: (?:8|13)\r\n/, refused.stderr);
});
