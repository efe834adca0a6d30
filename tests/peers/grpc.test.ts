import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { describeServices } from '../../src/openapi/services.ts';
import { findProgram } from '../bench/child.ts';
import { descriptorSet } from '../system/grpc-fixture.ts';
import { skipOrFail } from '../system/skip.ts';

const ECHO = `syntax = "proto3";
package port.test.v1;
import "time.proto";
message Bytes { bytes data = 1; Time at = 2; }
service Echo {
  rpc Unary(Bytes) returns (Bytes) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Gather(stream Bytes) returns (Bytes);
  rpc Spread(Bytes) returns (stream Bytes);
  rpc Talk(stream Bytes) returns (stream Bytes);
  rpc Secret(Bytes) returns (Bytes);
}
`;

const TIME = 'syntax = "proto3"; package port.test.v1; message Time { int64 seconds = 1; }';

const OLD = `syntax = "proto2";
message Empty {}
service Bare {
  option deprecated = true;
  rpc Do(Empty) returns (Empty);
}
service WithoutMethods {}
`;

/** What protoc makes of these files. */
async function compiled(t: TestContext, protoc: string, files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-grpc-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'time.proto'), TIME);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const out = join(folder, 'out.binpb');
  const words = [`-I${folder}`, '--include_imports', `--descriptor_set_out=${out}`, ...Object.keys(files)];
  await promisify(execFile)(protoc, words);
  return await readFile(out);
}

async function operationsOf(set: Uint8Array): Promise<readonly unknown[]> {
  const described = await describeServices(set);
  assert.ok(described.ok, described.ok ? '' : described.error);
  return described.value.description.operations.map(({ id, template, grpc, deprecated }) => [
    id,
    template,
    grpc,
    deprecated,
  ]);
}

test('a set that protoc makes has the same methods as one of the library', async (t) => {
  const protoc = findProgram('protoc');
  if (protoc === null) return skipOrFail(t, 'protoc is not installed (Debian package protobuf-compiler)');
  const echo = await compiled(t, protoc, { 'echo.proto': ECHO });
  assert.deepEqual(await operationsOf(echo), await operationsOf(descriptorSet()));
  const both = await compiled(t, protoc, { 'echo.proto': ECHO, 'old.proto': OLD });
  assert.deepEqual(
    (await operationsOf(both)).find((operation) => String(operation).startsWith('Bare')),
    ['Bare/Do', '/Bare/Do', 'neither', true],
  );
});
