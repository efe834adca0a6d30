import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { run, start } from '../system/command.ts';
import { skipOrFail } from '../system/skip.ts';
import { INTEROP_CASES } from './cases.ts';
import { buildGrpcGo, type GrpcGo, GRPC_GO_CASES, GRPC_GO_OWN_CASE } from './grpc-go.ts';
import { startInteropServer } from './interop-server.ts';
import { type InteropSubject, startInterop } from './subject.ts';

const CASE_MS = 60_000;
/** How slow a machine is says nothing of a gateway. */
const PATIENCE = ['-soak_per_iteration_max_acceptable_latency_ms', '30000', '-soak_overall_timeout_seconds', '50'];

test('grpc-go finds nothing missing, as client, as server and as both', async (t) => {
  const go = findProgram('go');
  if (go === null) return skipOrFail(t, 'Go is not installed (Debian package golang-go)');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-grpc-go-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const programs = await buildGrpcGo(go, folder).catch((error: unknown) => String(error));
  if (typeof programs === 'string') return skipOrFail(t, programs);
  const own = await startInteropServer();
  t.after(() => own.stop());
  const beforeGo = await startSubject(t, await startServer(t, programs));
  const beforeOwn = await startSubject(t, own.port);
  for (const name of GRPC_GO_CASES)
    await t.test(`grpc-go to grpc-go: ${name}`, () => runCase(programs, beforeGo, [name]));
  await t.test(`grpc-go to grpc-go: ${GRPC_GO_OWN_CASE[0]}`, () => runCase(programs, beforeGo, GRPC_GO_OWN_CASE));
  for (const name of GRPC_GO_CASES)
    await t.test(`grpc-go to grpc-js: ${name}`, () => runCase(programs, beforeOwn, [name]));
  for (const [name, check] of Object.entries(INTEROP_CASES))
    await t.test(`grpc-js to grpc-go: ${name}`, () => check(beforeGo.client));
});

/** The port of grpc-go's server, which ends with the test. */
async function startServer(t: TestContext, { server }: GrpcGo): Promise<number> {
  const running = start(server, []);
  t.after(() => running.child.kill('SIGKILL'));
  const [, port] = await running.printed(/^listening on ([0-9]+)$/m);
  return Number(port);
}

async function startSubject(t: TestContext, port: number): Promise<InteropSubject> {
  const subject = await startInterop(port);
  t.after(() => subject.stop());
  return subject;
}

/** Runs a case of grpc-go's client with words behind it; it ends by an error where something is wrong. */
async function runCase({ client }: GrpcGo, { gateway }: InteropSubject, words: readonly string[]): Promise<void> {
  const ca = join(gateway.folder, 'ca.pem');
  await writeFile(ca, gateway.ca);
  const server = ['-server_host', '127.0.0.1', '-server_port', String(gateway.https)];
  const tls = ['-use_tls', '-use_test_ca', '-ca_file', ca, '-server_host_override', 'localhost'];
  const { code, stderr } = await run(client, [...server, ...tls, ...PATIENCE, '-test_case', ...words], {
    timeout: CASE_MS,
  });
  assert.equal(code, 0, stderr.slice(-2_000));
}
