import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { until } from './eventually.ts';
import { type Handlers, type Method, OCTETS, SERVICE, startGrpc } from './grpc-fixture.ts';
import { PROGRAM } from './plain-configuration.ts';

const run = promisify(execFile);

type Unary = grpc.ServerUnaryCall<Buffer, Buffer>;
type Reader = grpc.ServerReadableStream<Buffer, Buffer>;
type Writer = grpc.ServerWritableStream<Buffer, Buffer>;
type Duplex = grpc.ServerDuplexStream<Buffer, Buffer>;
type Callback = grpc.sendUnaryData<Buffer>;

/** Octets in the one field that is described, and in one that is not. */
const GOOD = Buffer.of(0x0a, 2, 0x68, 0x69);
const UNKNOWN = Buffer.of(0x18, 7);
const BROKEN = Buffer.of(0x0a, 9, 0x68);
const { INVALID_ARGUMENT, INTERNAL, OK, RESOURCE_EXHAUSTED } = grpc.status;

/** What came of a call. */
interface Seen {
  readonly code: number;
  readonly replies: readonly string[];
}

/** Makes a call of any shape: sends these messages, and ends. */
function call(client: grpc.Client, method: Method, messages: readonly Buffer[]): Promise<Seen> {
  const { path, requestSerialize, responseDeserialize } = OCTETS[method];
  const made = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const replies: string[] = [];
  return new Promise((resolve) => {
    made.on('data', (reply: Buffer) => replies.push(reply.toString('hex')));
    made.on('error', () => {});
    made.on('status', ({ code }: grpc.StatusObject) => resolve({ code, replies }));
    for (const message of messages) made.write(message);
    made.end();
  });
}

/** An upstream whose replies are what each method is asked to reply, and all that it heard. */
async function start(t: TestContext, validate: string, replies: readonly Buffer[] = [GOOD]) {
  const heard: string[] = [];
  const hear = (message: Buffer): void => void heard.push(message.toString('hex'));
  const handlers: Handlers = {
    Unary({ request }: Unary, callback: Callback) {
      hear(request);
      callback(null, replies[0]);
    },
    Gather(given: Reader, callback: Callback) {
      given.on('data', hear);
      given.on('end', () => callback(null, replies[0]));
    },
    Spread(given: Writer) {
      hear(given.request);
      for (const reply of replies) given.write(reply);
      given.end();
    },
    Talk(given: Duplex) {
      given.on('data', (message: Buffer) => {
        hear(message);
        for (const reply of replies) given.write(reply);
      });
      given.on('end', () => given.end());
      given.on('error', () => {});
    },
  };
  const started = await startGrpc(t, handlers, { api: `, validate: ${validate}`, methods: OCTETS });
  return { ...started, heard };
}

test('a message that is not as described is INVALID_ARGUMENT, and never reaches the upstream', async (t) => {
  const { client, heard, gateway } = await start(t, 'requests');
  for (const bad of [UNKNOWN, BROKEN, Buffer.concat([GOOD, GOOD]), Buffer.of(0x08, 1)]) {
    assert.deepEqual(await call(client, 'Unary', [bad]), { code: INVALID_ARGUMENT, replies: [] });
    assert.deepEqual(await call(client, 'Spread', [bad]), { code: INVALID_ARGUMENT, replies: [] });
    assert.deepEqual(await call(client, 'Gather', [bad]), { code: INVALID_ARGUMENT, replies: [] });
    assert.equal((await call(client, 'Talk', [bad])).code, INVALID_ARGUMENT);
  }
  assert.deepEqual(heard, []);
  const fine = { code: OK, replies: [GOOD.toString('hex')] };
  for (const method of ['Unary', 'Spread', 'Gather', 'Talk'] as const)
    assert.deepEqual(await call(client, method, [GOOD]), fine, method);
  const ends = await recordedEnds(gateway, 20);
  const refusals = ends.filter(({ problem }) => problem === 'invalid-message');
  assert.equal(refusals.length, 16);
  for (const { policy, rule, grpcStatus } of refusals) {
    assert.deepEqual([policy, grpcStatus], ['echo/grpc-messages', 'INVALID_ARGUMENT']);
    assert.match(String(rule), /^message\.(?:unknown|malformed|twice|wire-type) port\.test\.v1\.Bytes(?:\.data)?$/);
  }
});

test('a message meets the conditions of its method, or never reaches the upstream; nor does a call without one', async (t) => {
  const rules = 'rules: [\'request.body.data == "aGk="\']';
  const { client, heard, gateway } = await start(t, `requests, operations: { ${SERVICE}/Unary: { ${rules} } }`);
  const other = Buffer.of(0x0a, 2, 0x68, 0x6f);
  assert.deepEqual(await call(client, 'Unary', [GOOD]), { code: OK, replies: [GOOD.toString('hex')] });
  assert.deepEqual(await call(client, 'Unary', [other]), { code: INVALID_ARGUMENT, replies: [] });
  assert.deepEqual(await call(client, 'Unary', []), { code: INTERNAL, replies: [] });
  assert.deepEqual(heard, [GOOD.toString('hex')]);
  const ends = await recordedEnds(gateway, 3);
  assert.deepEqual(
    ends.map(({ problem, policy, rule }) => [problem, policy, rule]),
    [
      ['malformed-message', null, null],
      ['rule-not-met', 'echo/conditions', 'rules[0]'],
      [null, null, null],
    ],
  );
});

test('a stream ends at the first message that is not as described; what went before has gone', async (t) => {
  const { client, heard } = await start(t, 'requests');
  const { path, requestSerialize, responseDeserialize } = OCTETS.Talk;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const seen = { replies: 0, code: -1 };
  stream.on('data', () => seen.replies++);
  stream.on('error', () => {});
  stream.on('status', ({ code }: grpc.StatusObject) => (seen.code = code));
  stream.write(GOOD);
  await until('an echo', () => seen.replies === 1);
  stream.write(UNKNOWN);
  stream.write(GOOD);
  await until('the end', () => seen.code !== -1);
  assert.deepEqual([seen.code, heard.length], [INVALID_ARGUMENT, 1]);
});

test('a reply with more than is described leaves without it; one that is not as described is INTERNAL', async (t) => {
  const more = await start(t, 'strict', [Buffer.concat([UNKNOWN, GOOD]), GOOD, UNKNOWN]);
  const cut = [GOOD, GOOD, Buffer.alloc(0)].map((reply) => reply.toString('hex'));
  assert.deepEqual(await call(more.client, 'Spread', [GOOD]), { code: OK, replies: cut });
  assert.deepEqual(await call(more.client, 'Unary', [GOOD]), { code: OK, replies: cut.slice(0, 1) });
  const broken = await start(t, 'strict', [GOOD, BROKEN, GOOD]);
  const { code, replies } = await call(broken.client, 'Spread', [GOOD]);
  // What came together with a broken message goes with it.
  assert.equal(code, INTERNAL);
  assert.ok(replies.length <= 1, String(replies));
  const refused = await start(t, 'strict, undescribed: refuse', [UNKNOWN]);
  for (const method of ['Unary', 'Gather', 'Talk'] as const)
    assert.deepEqual(await call(refused.client, method, [GOOD]), { code: INTERNAL, replies: [] });
  const [end] = await recordedEnds(refused.gateway, 3);
  assert.deepEqual(
    [end?.problem, end?.policy, end?.rule],
    ['upstream-reply-undescribed', 'echo/grpc-messages', 'message.unknown port.test.v1.Bytes'],
  );
});

test('who only observes lets all pass as it came, and the record says what would have been refused', async (t) => {
  const { client, heard, gateway } = await start(t, 'observe', [UNKNOWN]);
  const odd = Buffer.concat([UNKNOWN, BROKEN]);
  const seen = await call(client, 'Talk', [odd, odd, GOOD]);
  assert.deepEqual(seen, { code: OK, replies: Array(3).fill(UNKNOWN.toString('hex')) });
  assert.deepEqual(
    heard,
    [odd, odd, GOOD].map((message) => message.toString('hex')),
  );
  const [end] = await recordedEnds(gateway, 1);
  assert.deepEqual([end?.problem, end?.grpcStatus], ['invalid-message', 'OK']);
});

test('compressed messages are judged by what they hold; and a bomb does not', async (t) => {
  const { heard, gateway } = await start(t, 'strict', [GOOD]);
  const gzip = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
  const credentials = grpc.credentials.createSsl(Buffer.from(gateway.ca));
  const packing = new grpc.Client(`localhost:${gateway.https}`, credentials, gzip);
  t.after(() => packing.close());
  assert.deepEqual(await call(packing, 'Unary', [GOOD]), { code: OK, replies: [GOOD.toString('hex')] });
  assert.deepEqual(heard, [GOOD.toString('hex')]);
  assert.equal((await call(packing, 'Unary', [UNKNOWN])).code, INVALID_ARGUMENT);
  const bomb = Buffer.concat([Buffer.of(0x0a, 0xff, 0xff, 0x7f), Buffer.alloc(0x1fffff)]);
  assert.equal((await call(packing, 'Unary', [bomb])).code, RESOURCE_EXHAUSTED);
  assert.equal(heard.length, 1);
});

test('a stream that stands is judged by another configuration from its next message on', async (t) => {
  const { client, gateway, heard } = await start(t, 'observe', []);
  const { path, requestSerialize, responseDeserialize } = OCTETS.Talk;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  let status = -1;
  stream.on('data', () => {});
  stream.on('error', () => {});
  stream.on('status', ({ code }: grpc.StatusObject) => (status = code));
  stream.write(UNKNOWN);
  await until('the first', () => heard.length === 1);
  const file = join(gateway.folder, 'portcullis.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('validate: observe', 'validate: requests'));
  await until('the end', async () => {
    stream.write(UNKNOWN);
    return status !== -1;
  });
  assert.equal(status, INVALID_ARGUMENT);
});

interface End {
  readonly problem: string | null;
  readonly policy?: string | null;
  readonly rule?: string | null;
  readonly grpcStatus?: string;
}

/** How the newest so many calls ended as the ledger has it, the last first. */
async function recordedEnds({ folder }: { readonly folder: string }, count: number): Promise<readonly End[]> {
  const words = [PROGRAM, 'audit', 'show', '--json', '--last', '100', '--data', join(folder, 'data')];
  let ends: readonly End[] = [];
  await until('the calls have ended in the ledger', async () => {
    const { stdout } = await run(process.execPath, words);
    const { rows } = JSON.parse(stdout) as {
      readonly rows: readonly (End & { readonly kind: string; readonly completion: End | null })[];
    };
    const calls = rows.filter(({ kind }) => kind === 'request');
    ends = calls.flatMap(({ policy, rule, completion }) =>
      completion === null
        ? []
        : [{ ...completion, policy: completion.policy ?? policy ?? null, rule: completion.rule ?? rule ?? null }],
    );
    return ends.length === count;
  });
  return ends.toReversed();
}
