import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Alert, Clock, Collection, Egress, Files, Secrets } from '../ports/index.ts';
import { gather, parseConfig } from '../config/index.ts';
import { Conductor } from './conductor.ts';
import type { ConductorOptions, RecordedChange } from './conductor-options.ts';
import { memoryCollection } from './memory-collection.test.ts';
import type { Revision } from './revisions.ts';

const FILE = '/etc/portcullis.yaml';
const unused = (): never => {
  throw new Error('not used here');
};
const files = new Proxy({}, { get: () => unused }) as Files;
const io = { files, secrets: { resolve: unused } as Secrets, egress: { call: unused } as Egress };

function textOf(path: string, more = ''): string {
  return `version: 1\n${more}apis:\n  a: { routes: ['GET ${path}'], upstream: http://127.0.0.1:9, auth: public }\n`;
}

/** A conductor over threads, a verifier and a history that only note what they are asked. */
function orchestra(more: Partial<ConductorOptions> = {}) {
  const said = {
    installed: [] as number[],
    prepared: [] as number[],
    alerts: [] as Alert[],
    changes: [] as RecordedChange[],
    followed: [] as number[],
    text: textOf('/first'),
  };
  const history = new Map<string, Revision>();
  const revisions = memoryCollection(history);
  const conductor = new Conductor({
    file: FILE,
    readText: () => Promise.resolve(ok(Buffer.from(said.text))),
    store: null,
    kinds: [],
    io,
    threads: {
      prepare: (gathered) => Promise.resolve((said.prepared.push(gathered.revision), [])),
      install: (revision) => Promise.resolve(said.installed.push(revision) > 0),
    },
    verifier: { verify: () => Promise.resolve([]) },
    revisions,
    clock: { now: () => 1_000 } as Clock,
    log: { write() {} },
    alerts: { raise: (alert) => said.alerts.push(alert), list: () => Promise.resolve([]) },
    record: (change) => said.changes.push(change) > 0,
    adapt: () => Promise.resolve([]),
    follow: ({ revision }) => Promise.resolve(void said.followed.push(revision)),
    ...more,
  });
  return { conductor, said, history };
}

async function gathered(conductor: Conductor, text = textOf('/first')): Promise<Gathered> {
  const parsed = parseConfig(text, { file: FILE, kinds: [] });
  assert.ok(parsed.ok);
  const got = await gather(parsed.value, { ...io, revision: await conductor.nextRevision() });
  assert.ok(got.ok);
  return got.value;
}

const values = <T>(result: Result<T, readonly Issue[]>): T | readonly string[] =>
  result.ok ? result.value : result.error.map((issue) => issue.message);

test('the first configuration is verifying once the ports are open, and ready when the verifier is done', async () => {
  const { conductor, said } = orchestra();
  assert.equal(conductor.readiness.state, 'starting');
  assert.ok((await conductor.begin(await gathered(conductor), 'start')).ok);
  assert.equal(conductor.readiness.state, 'starting');
  conductor.opened();
  assert.equal(conductor.readiness.state, 'verifying');
  await conductor.settled();
  assert.equal(conductor.readiness.state, 'ready');
  assert.deepEqual(said.installed, [1]);
});

test('a first configuration that can not be built whole is faulty, and somebody is told', async () => {
  const { conductor, said } = orchestra({ verifier: { verify: () => Promise.resolve([errorIssue('apis.a', 'no')]) } });
  await conductor.begin(await gathered(conductor), 'start');
  conductor.opened();
  await conductor.settled();
  assert.equal(conductor.readiness.state, 'faulty');
  assert.deepEqual(
    said.alerts.map((alert) => alert.kind),
    ['snapshot.refused'],
  );
});

const TESTED = `${textOf('/first')}tests: [{ do: GET /first, expect: 404 }]\n`;

test('a first configuration with tests is in force only when they have passed, and says meanwhile that it is verifying', async () => {
  const passed = Promise.withResolvers<readonly Issue[]>();
  const { conductor, said } = orchestra({ verifier: { verify: () => passed.promise } });
  const begun = conductor.begin(await gathered(conductor, TESTED), 'start');
  await setImmediate();
  assert.deepEqual([conductor.readiness.state, said.installed], ['verifying', []]);
  passed.resolve([]);
  assert.ok((await begun).ok);
  assert.deepEqual(said.installed, [1]);
  conductor.opened();
  assert.equal(conductor.readiness.state, 'ready');
});

test('a first configuration of which a test fails is not put in force, nor one whose tests nobody could run', async () => {
  for (const verify of [
    () => Promise.resolve([errorIssue('tests[0]', 'failed')]),
    () => Promise.reject(new Error('no thread')),
  ]) {
    const { conductor, said } = orchestra({ verifier: { verify } });
    const begun = await conductor.begin(await gathered(conductor, TESTED), 'start');
    assert.match(JSON.stringify(values(begun)), /failed|could not be verified: no thread/);
    assert.deepEqual([said.installed, conductor.current], [[], null]);
  }
});

test('a verifier that breaks leaves the first configuration faulty, and what comes after it goes on', async () => {
  let broken = true;
  const verify = (): Promise<readonly Issue[]> =>
    broken ? Promise.reject(new Error('no thread')) : Promise.resolve([]);
  const { conductor, said } = orchestra({ verifier: { verify } });
  await conductor.begin(await gathered(conductor), 'start');
  conductor.opened();
  await conductor.settled();
  assert.equal(conductor.readiness.state, 'faulty');
  assert.match(JSON.stringify(said.alerts), /could not be verified: no thread/);
  said.text = textOf('/second');
  assert.match(JSON.stringify(values(await conductor.reload('ada'))), /could not be verified/);
  assert.deepEqual(said.installed, [1]);
  broken = false;
  assert.deepEqual(values(await conductor.reload('ada')), { revision: 3 });
  assert.equal(conductor.readiness.state, 'ready');
});

test('a revision is in the history before it is in force, so that no crash gives its number to another', async () => {
  const kept: (string | undefined)[] = [];
  const { conductor, said, history } = orchestra({
    threads: {
      prepare: () => Promise.resolve([]),
      install: (revision) => {
        kept.push([...history.values()].find((one) => one.revision === revision)?.outcome);
        return Promise.resolve(revision !== 2);
      },
    },
  });
  await conductor.begin(await gathered(conductor), 'start');
  said.text = textOf('/second');
  assert.equal((await conductor.reload('ada')).ok, false);
  assert.deepEqual(kept, ['installed', 'installed']);
  // One that no thread took was never in force.
  assert.deepEqual(
    [...history.values()].map(({ revision, outcome }) => [revision, outcome]),
    [
      [1, 'installed'],
      [2, 'refused'],
    ],
  );
});

test('a reload puts the new text in force under the next number', async () => {
  const { conductor, said, history } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  said.text = textOf('/second');
  assert.deepEqual(values(await conductor.reload('ada')), { revision: 2 });
  assert.deepEqual(said.installed, [1, 2]);
  assert.deepEqual(
    [...history.values()].map(({ revision, author, outcome }) => [revision, author, outcome]),
    [
      [1, 'start', 'installed'],
      [2, 'ada', 'installed'],
    ],
  );
});

test('a reload of the same configuration changes nothing', async () => {
  const { conductor, said, history } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  for (let turn = 0; turn < 3; turn++) assert.deepEqual(values(await conductor.reload('ada')), { revision: 1 });
  assert.deepEqual(said.installed, [1]);
  assert.equal(history.size, 1);
  // Nor has it used up a number.
  said.text = textOf('/second');
  assert.deepEqual(values(await conductor.reload('ada')), { revision: 2 });
  assert.deepEqual(said.prepared, [1, 2]);
});

test('a reload that was refused is known with its first issue, until one is not refused', async () => {
  const { conductor, said } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  const refused = () => conductor.refusedReload;
  assert.equal(refused(), null);
  said.text = 'version: 1\nnonsense: true\n';
  assert.ok(!(await conductor.reload('ada')).ok);
  const { at, issues, first } = refused() ?? { at: 0, issues: 0, first: '' };
  assert.deepEqual([at, issues > 0, first.startsWith(`${FILE}:`)], [1_000, true, true], first);
  said.text = textOf('/first');
  assert.ok((await conductor.reload('ada')).ok);
  assert.equal(refused(), null);
});

test('every revision is kept', async () => {
  const { conductor, said, history } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  for (let revision = 2; revision <= 210; revision++) {
    said.text = textOf(`/${revision}`);
    assert.deepEqual(values(await conductor.reload('ada')), { revision });
  }
  assert.deepEqual(
    [...history.values()].map(({ revision }) => revision),
    Array.from({ length: 210 }, (_, at) => at + 1),
  );
});

test('a text that can not be read, parsed, verified or prepared leaves the configuration before in force', async () => {
  const issue = errorIssue('apis.a', 'can not be built');
  let stage: 'read' | 'parse' | 'verify' | 'adapt' | 'prepare' = 'read';
  const { conductor, said } = orchestra({
    readText: () =>
      Promise.resolve(
        stage === 'read' ? err('gone') : ok(Buffer.from(stage === 'parse' ? 'version: 2\n' : textOf('/x'))),
      ),
    verifier: { verify: () => Promise.resolve(stage === 'verify' ? [issue] : []) },
    adapt: () => Promise.resolve(stage === 'adapt' ? [issue] : []),
    threads: {
      prepare: () => Promise.resolve(stage === 'prepare' ? [issue] : []),
      install: () => Promise.resolve(true),
    },
  });
  stage = 'verify';
  const first = await gathered(conductor);
  assert.deepEqual(values(await conductor.begin(first, 'start')), undefined);
  for (stage of ['read', 'parse', 'verify', 'adapt', 'prepare'] as const) {
    assert.equal((await conductor.reload('ada')).ok, false, stage);
    assert.equal(conductor.current, first, stage);
  }
  assert.equal(said.alerts.length, 5);
});

test('the rest of the node follows what is in force, also after another one was refused', async () => {
  let willing = true;
  const { conductor, said } = orchestra({
    threads: { prepare: () => Promise.resolve([]), install: () => Promise.resolve(willing) },
  });
  await conductor.begin(await gathered(conductor), 'start');
  said.text = textOf('/second');
  await conductor.reload('ada');
  willing = false;
  said.text = textOf('/third');
  await conductor.reload('ada');
  assert.deepEqual(said.followed, [1, 2, 2]);
});

test('threads that would not install leave the configuration before in force', async () => {
  let willing = true;
  const { conductor, said } = orchestra({
    threads: { prepare: () => Promise.resolve([]), install: () => Promise.resolve(willing) },
  });
  const first = await gathered(conductor);
  await conductor.begin(first, 'start');
  willing = false;
  said.text = textOf('/second');
  assert.equal((await conductor.reload('ada')).ok, false);
  assert.equal(conductor.current, first);
});

test('what a running node can not change about itself is refused with its line', async () => {
  const { conductor, said } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  said.text = textOf('/first', 'server: { https: { port: 9999 } }\n');
  const refused = await conductor.reload('ada');
  assert.ok(!refused.ok);
  assert.deepEqual(
    refused.error.map(({ path, place }) => [path, place?.line]),
    [['server', 2]],
  );
});

test('a refused revision keeps its number, and the next one gets another', async () => {
  let issues: readonly Issue[] = [];
  const { conductor, said, history } = orchestra({ verifier: { verify: () => Promise.resolve(issues) } });
  await conductor.begin(await gathered(conductor), 'start');
  issues = [errorIssue('apis.a', 'no')];
  said.text = textOf('/second');
  await conductor.reload('ada');
  issues = [];
  await conductor.reload('ada');
  assert.deepEqual(
    [...history.values()].map(({ revision, outcome }) => [revision, outcome]),
    [
      [1, 'installed'],
      [2, 'refused'],
      [3, 'installed'],
    ],
  );
});

test('reloads that are asked for at once happen one after the other', async () => {
  let running = 0;
  let most = 0;
  const { conductor, said } = orchestra({
    verifier: {
      verify: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return [];
      },
    },
  });
  await conductor.begin(await gathered(conductor), 'start');
  const reloads = ['/b', '/c', '/d'].map((path) => {
    said.text = textOf(path);
    return conductor.reload('ada');
  });
  await Promise.all(reloads);
  assert.equal(most, 1);
});

test('a history that can not be written does not stop the configuration, and is an alert', async () => {
  const failing = {
    put: () => Promise.reject(new Error('disk full')),
    query: () => Promise.resolve([]),
    get: () => Promise.resolve(null),
  } as unknown as Collection<Revision>;
  const { conductor, said } = orchestra({ revisions: failing });
  assert.ok((await conductor.begin(await gathered(conductor), 'start')).ok);
  assert.deepEqual(
    said.alerts.map((alert) => alert.kind),
    ['data-folder.fault'],
  );
});

test('every change is recorded before it is made: whose it was, what was in force and what came', async () => {
  const { conductor, said } = orchestra();
  const first = await gathered(conductor);
  await conductor.begin(first, 'start');
  said.text = textOf('/second');
  await conductor.reload('ada');
  said.text = 'nonsense';
  await conductor.reload('eve');
  const second = said.changes[1]?.after;
  assert.match(String(second), /^[0-9a-f]{64}$/);
  assert.deepEqual(said.changes, [
    { author: 'start', action: 'configuration.install', target: 'portcullis.yaml', before: null, after: first.hash },
    { author: 'ada', action: 'configuration.install', target: 'portcullis.yaml', before: first.hash, after: second },
    { author: 'eve', action: 'configuration.refuse', target: 'portcullis.yaml', before: second, after: null },
  ]);
});

test('what can not be recorded is not put in force', async () => {
  let full = true;
  const { conductor, said } = orchestra({ record: () => !full });
  const begun = await conductor.begin(await gathered(conductor), 'start');
  assert.match(String(values(begun)), /the ledger could not record it/);
  assert.deepEqual([said.installed, conductor.current], [[], null]);
  full = false;
  assert.ok((await conductor.begin(await gathered(conductor), 'start')).ok);
  full = true;
  said.text = textOf('/second');
  assert.match(JSON.stringify(values(await conductor.reload('ada'))), /the ledger could not record it/);
  assert.equal(said.installed.length, 1);
});

test('whether requests are recorded can not change while the gateway runs', async () => {
  const { conductor, said } = orchestra();
  await conductor.begin(await gathered(conductor), 'start');
  said.text = textOf('/second', 'audit: off\n');
  const issues = values(await conductor.reload('ada'));
  assert.deepEqual([issues, said.installed], [['can not change while the gateway runs'], [1]]);
  assert.equal(said.changes.at(-1)?.action, 'configuration.refuse');
});
