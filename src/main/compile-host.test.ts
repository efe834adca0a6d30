import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { type Gathered, gather, parseConfig } from '../config/index.ts';
import { createCompileWorker } from './compile-host.ts';
import { createOfflineKinds, listKinds } from './kinds.ts';

const TEXT = `version: 1
server: { https: { port: 8443, certificate: local } }
apis:
  one: { routes: ['GET /one/{id}'], upstream: 'http://127.0.0.1:9', auth: public }
`;

async function gathered(text = TEXT): Promise<Gathered> {
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: listKinds(createOfflineKinds()) });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const never = (): never => assert.fail('nothing outside is named');
  const outside = { files: { read: never }, secrets: { resolve: never }, egress: { call: never } };
  const made = await gather(parsed.value, { ...outside, revision: 1 } as never);
  assert.ok(made.ok, JSON.stringify(made));
  return made.value;
}

/** A worker's code, as a thread's entry. */
function entryOf(code: string): URL {
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';${code}`)}`,
  );
}

const ANSWERING = entryOf(`parentPort.once('message', ({ hash }) => parentPort.postMessage([{ message: hash }]));`);
const SILENT = entryOf(`parentPort.once('message', () => {}); setInterval(() => {}, 1_000);`);
const FAILING = entryOf(`throw new Error('no room');`);

async function wordsOf(answer: Promise<readonly { readonly message: string }[]>): Promise<string> {
  return (await answer).map(({ message }) => message).join();
}

test('a sound configuration has no issues, in the worker as it is shipped', async () => {
  const worker = createCompileWorker(createVirtualClock());
  assert.deepEqual(await worker.verify(await gathered()), []);
});

test('a test of the configuration that fails is an issue at its line, in the worker as it is shipped', async () => {
  const worker = createCompileWorker(createVirtualClock());
  const tests = `tests:
  - { do: GET /one/7, expect: pass }
  - { do: GET /one/7, expect: 403 }
  - { do: GET /two, expect: 404 }
`;
  const issues = await worker.verify(await gathered(TEXT + tests));
  assert.deepEqual(
    issues.map(({ path, place, message }) => [path, place?.line, message]),
    [
      [
        'tests[1]',
        7,
        'the test GET /one/7 failed: expected 403, came pass: Passes: somebody unknown may call one/GET /one/{id}.',
      ],
    ],
  );
});

test('of many tests that fail the first are told, and how many more', async () => {
  const worker = createCompileWorker(createVirtualClock());
  const tests = `tests:\n${'  - { do: GET /one/7, expect: 403 }\n'.repeat(25)}`;
  const issues = await worker.verify(await gathered(TEXT + tests));
  assert.deepEqual([issues.length, issues.at(-1)?.message], [21, '5 more tests failed']);
});

test('a worker that was started ahead takes the next configuration, and the one after it gets a new one', async () => {
  const clock = createVirtualClock();
  const worker = createCompileWorker(clock, ANSWERING);
  worker.warm();
  worker.warm();
  const first = await gathered();
  assert.equal(await wordsOf(worker.verify(first)), first.hash);
  assert.equal(await wordsOf(worker.verify(first)), first.hash);
  worker.close();
});

test('what was begun with is not built twice, and another configuration is not taken for it', async () => {
  const worker = createCompileWorker(createVirtualClock(), ANSWERING);
  const [one, other] = [await gathered(), await gathered(TEXT.replace('/one', '/other'))];
  worker.begin(one);
  assert.equal(await wordsOf(worker.verify(other)), other.hash);
  worker.begin(one);
  assert.equal(await wordsOf(worker.verify(one)), one.hash);
});

test('a worker that does not answer in time has failed', async () => {
  const clock = createVirtualClock();
  const worker = createCompileWorker(clock, SILENT);
  const answer = worker.verify(await gathered());
  clock.advance(120_000);
  assert.match(await wordsOf(answer), /within 120 s/);
});

test('a worker that can not start says so, and does not stand for the next', async () => {
  const clock = createVirtualClock();
  const worker = createCompileWorker(clock, FAILING);
  const configuration = await gathered();
  assert.match(await wordsOf(worker.verify(configuration)), /the compile worker failed: no room/);
  worker.warm();
  assert.match(await wordsOf(worker.verify(configuration)), /the compile worker failed/);
});

test('a worker that nobody wants is ended, and one that is under way at the end says so', async () => {
  const clock = createVirtualClock();
  const worker = createCompileWorker(clock, SILENT);
  worker.warm();
  clock.advance(30_000);
  const answer = worker.verify(await gathered());
  worker.close();
  assert.match(await wordsOf(answer), /the gateway ends/);
});
