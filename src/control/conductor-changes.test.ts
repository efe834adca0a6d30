import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { gather, parseConfig } from '../config/index.ts';
import type { Alert, Clock, Egress, Files, Secrets } from '../ports/index.ts';
import { Conductor } from './conductor.ts';
import type { ConductorOptions, RecordedChange } from './conductor-options.ts';
import { memoryCollection } from './memory-collection.test.ts';
import type { Revision } from './revisions.ts';

const FILE = '/etc/portcullis.yaml';
const unused = (): never => {
  throw new Error('not used here');
};
const io = {
  files: new Proxy({}, { get: () => unused }) as Files,
  secrets: { resolve: unused } as Secrets,
  egress: { call: unused } as Egress,
};
const textOf = (path: string): string =>
  `version: 1\napis:\n  a: { routes: ['GET ${path}'], upstream: http://127.0.0.1:9, auth: public }\n`;

/** A conductor in force with `/first`, over a file and threads whose every step can fail. */
async function conducted(more: Partial<ConductorOptions> = {}) {
  const steps: string[] = [];
  const failing = new Set<string>();
  const disk = { text: textOf('/first'), aside: null as string | null };
  const alerts: Alert[] = [];
  const changes: RecordedChange[] = [];
  const history = new Map<string, Revision>();
  const step = (name: string): boolean => {
    steps.push(name);
    return !failing.has(name);
  };
  const conductor = new Conductor({
    file: FILE,
    readText: () => Promise.resolve(ok(Buffer.from(disk.text))),
    store: {
      stage: (text) => {
        if (!step('stage')) return Promise.resolve(err('no room'));
        return Promise.resolve(
          ok({
            place: () => {
              if (!step('place')) return Promise.resolve(err('busy'));
              disk.text = Buffer.from(text).toString();
              return Promise.resolve(ok(undefined));
            },
            discard: () => Promise.resolve(void step('discard')),
          }),
        );
      },
      setAside: (text) => {
        if (!step('aside')) return Promise.resolve(err('no room'));
        disk.aside = Buffer.from(text).toString();
        return Promise.resolve(ok(undefined));
      },
    },
    kinds: [],
    io,
    threads: {
      prepare: ({ revision }) => Promise.resolve(step(`prepare ${revision}`) ? [] : [errorIssue('', 'no')]),
      install: (revision) => Promise.resolve(step(`install ${revision}`)),
    },
    verifier: { verify: () => Promise.resolve(step('verify') ? [] : [errorIssue('apis.a', 'no')]) },
    revisions: memoryCollection(history),
    clock: { now: () => 1_000 } as Clock,
    log: { write() {} },
    alerts: { raise: (alert) => void alerts.push(alert), list: () => Promise.resolve([]) },
    record: (change) => (changes.push(change), step(`record ${change.action}`)),
    adapt: () => Promise.resolve([]),
    follow: () => Promise.resolve(),
    ...more,
  });
  const parsed = parseConfig(disk.text, { file: FILE, kinds: [] });
  assert.ok(parsed.ok);
  const first = await gather(parsed.value, { ...io, revision: await conductor.nextRevision() });
  assert.ok(first.ok && (await conductor.begin(first.value, 'start')).ok);
  steps.length = 0;
  return { conductor, steps, failing, disk, alerts, changes, history };
}

const apply = (conductor: Conductor, path: string) => conductor.apply(Buffer.from(textOf(path)), 'ada');
const said = <T>(result: Result<T, readonly Issue[]>): unknown =>
  result.ok ? result.value : result.error.map(({ message }) => message).join('; ');

test('apply builds, stages, installs and places, in this order, and keeps nothing beside the file', async () => {
  const { conductor, steps, disk, changes, history } = await conducted();
  assert.deepEqual(said(await apply(conductor, '/second')), { revision: 2 });
  assert.deepEqual(steps, ['verify', 'prepare 2', 'stage', 'record configuration.install', 'install 2', 'place']);
  assert.deepEqual([disk.text, disk.aside, conductor.current?.revision], [textOf('/second'), null, 2]);
  assert.deepEqual([changes.at(-1)?.author, [...history.values()].at(-1)?.author], ['ada', 'ada']);
  // The file holds what was applied, so that the watch finds nothing new.
  steps.length = 0;
  assert.deepEqual([said(await conductor.reload('file')), steps], [{ revision: 2 }, []]);
});

for (const [step, what] of [
  ['verify', 'it can not be built'],
  ['prepare 2', 'a thread can not build it'],
  ['stage', 'it can not be written'],
  ['record configuration.install', 'it can not be recorded'],
  ['install 2', 'a thread does not take it'],
] as const) {
  test(`apply changes neither file nor force where ${what}`, async () => {
    const { conductor, failing, disk, steps } = await conducted();
    failing.add(step);
    assert.equal((await apply(conductor, '/second')).ok, false);
    assert.deepEqual([disk.text, conductor.current?.revision, steps.includes('place')], [textOf('/first'), 1, false]);
    const staged = steps.includes('stage') && step !== 'stage';
    assert.equal(steps.includes('discard'), staged, 'nothing is left beside the file');
    failing.clear();
    assert.deepEqual([(await apply(conductor, '/second')).ok, disk.text], [true, textOf('/second')]);
  });
}

test('a file that can not be replaced after all brings the configuration before back in force', async () => {
  const { conductor, failing, disk, steps, history } = await conducted();
  failing.add('place');
  assert.match(String(said(await apply(conductor, '/second'))), /could not be written: busy/);
  assert.deepEqual(steps.slice(-5, -1), ['place', 'prepare 3', 'record configuration.install', 'install 3']);
  assert.deepEqual([conductor.current?.text, conductor.current?.revision], [disk.text, 3]);
  assert.deepEqual(
    [...history.values()].map(({ revision, outcome }) => [revision, outcome]),
    [
      [1, 'installed'],
      [2, 'refused'],
      [3, 'installed'],
    ],
  );
});

test('where even that fails, what is in force is known, and the alert is critical', async () => {
  const { conductor, failing, alerts } = await conducted();
  for (const step of ['place', 'install 3']) failing.add(step);
  assert.match(String(said(await apply(conductor, '/second'))), /in force is not the one in the file/);
  assert.deepEqual([conductor.current?.revision, alerts.at(-1)?.severity], [2, 'critical']);
});

test('apply is refused where the file was changed and not read yet, also while it is being built', async () => {
  const { conductor, disk, failing, steps } = await conducted({});
  disk.text = textOf('/edited');
  assert.match(String(said(await apply(conductor, '/second'))), /has changed meanwhile/);
  assert.deepEqual([steps, disk.text], [[], textOf('/edited')]);
  failing.clear();
  const racing = await conducted({
    verifier: {
      verify: () => {
        racing.disk.text = textOf('/edited');
        return Promise.resolve([]);
      },
    },
  });
  assert.match(String(said(await apply(racing.conductor, '/second'))), /has changed meanwhile/);
  assert.deepEqual([racing.disk.text, racing.conductor.current?.revision], [textOf('/edited'), 1]);
});

test('an edit that was refused is kept beside the file when another text is applied over it', async () => {
  const { conductor, disk } = await conducted();
  disk.text = 'half an edit';
  assert.equal((await conductor.reload('file')).ok, false);
  assert.ok((await apply(conductor, '/second')).ok);
  assert.deepEqual([disk.text, disk.aside], [textOf('/second'), 'half an edit']);
});

test('applying what is in force already writes it over another text in the file, and is no new revision', async () => {
  const { conductor, disk, history } = await conducted();
  disk.text = 'half an edit';
  await conductor.reload('file');
  assert.deepEqual(said(await apply(conductor, '/first')), { revision: 1 });
  assert.deepEqual([disk.text, disk.aside, history.size], [textOf('/first'), 'half an edit', 1]);
});

test('rollback takes the newest other text that was in force, and again the one that was left', async () => {
  const { conductor, disk } = await conducted();
  await apply(conductor, '/second');
  await apply(conductor, '/third');
  assert.deepEqual(said(await conductor.rollback(null, 'ada')), { revision: 4 });
  assert.deepEqual([disk.text, disk.aside], [textOf('/second'), textOf('/third')]);
  assert.deepEqual(said(await conductor.rollback(null, 'ada')), { revision: 5 });
  assert.equal(disk.text, textOf('/third'));
  assert.deepEqual(said(await conductor.rollback(1, 'ada')), { revision: 6 });
  assert.equal(disk.text, textOf('/first'));
});

test('rollback mends a file that was broken, whatever was read of it', async () => {
  const { conductor, disk } = await conducted();
  await apply(conductor, '/second');
  disk.text = 'broken, and not read yet';
  assert.deepEqual(said(await conductor.rollback(2, 'ada')), { revision: 2 });
  assert.deepEqual([disk.text, disk.aside], [textOf('/second'), 'broken, and not read yet']);
});

test('there is no way back to a refused revision, an unknown one, or before the first', async () => {
  const { conductor, failing, steps } = await conducted();
  assert.match(String(said(await conductor.rollback(null, 'ada'))), /no earlier configuration/);
  failing.add('verify');
  await apply(conductor, '/second');
  failing.clear();
  steps.length = 0;
  assert.match(String(said(await conductor.rollback(2, 'ada'))), /was refused, and was never in force/);
  assert.match(String(said(await conductor.rollback(7, 'ada'))), /there is no revision 7/);
  assert.deepEqual(steps, []);
});

test('a gateway without a file of its own takes no other configuration', async () => {
  const { conductor, steps } = await conducted({ store: null });
  assert.match(String(said(await apply(conductor, '/second'))), /not started from a configuration file/);
  assert.match(String(said(await conductor.rollback(1, 'ada'))), /not started from a configuration file/);
  assert.deepEqual(steps, []);
});

test('changes that are asked for at once happen one after the other', async () => {
  const { conductor, disk, steps } = await conducted();
  const replies = await Promise.all(['/b', '/c', '/d'].map((path) => apply(conductor, path)));
  assert.deepEqual(replies.map(said), [{ revision: 2 }, { revision: 3 }, { revision: 4 }]);
  assert.equal(disk.text, textOf('/d'));
  assert.deepEqual(
    steps.filter((step) => /install \d|place/.test(step)),
    ['install 2', 'place', 'install 3', 'place', 'install 4', 'place'],
  );
});

test('a preview tells what would change, and changes nothing', async () => {
  const { conductor, steps } = await conducted();
  const changes = await conductor.preview(Buffer.from(textOf('/second')));
  assert.deepEqual(changes.ok && changes.value.map(({ operation }) => operation), ['GET /second', 'GET /first']);
  assert.deepEqual(await conductor.preview(1), ok([]));
  assert.match(String(said(await conductor.preview(9))), /there is no revision 9/);
  assert.equal((await conductor.preview(Buffer.from('nonsense'))).ok, false);
  assert.deepEqual([steps, conductor.current?.revision], [[], 1]);
});

test('what was lacking at the start is looked for until it is had, and readiness says which it is', async () => {
  let text: Result<Uint8Array, string> = err('still down');
  const { conductor, alerts, history } = await conducted({ readText: () => Promise.resolve(text) });
  const { current } = conductor;
  assert.ok(current !== null);
  assert.ok((await conductor.begin(current, 'start', ['the document x'])).ok);
  conductor.opened();
  await conductor.settled();
  assert.deepEqual(conductor.readiness, { state: 'last-good', lacking: ['the document x'] });
  assert.deepEqual([await conductor.renew(), conductor.readiness.state], [false, 'last-good']);
  // What goes wrong in the background was told at the start, and is not told each time.
  assert.deepEqual([alerts, conductor.refusedReload], [[], null]);
  text = ok(Buffer.from(textOf('/first')));
  assert.deepEqual([await conductor.renew(), conductor.readiness.state], [true, 'ready']);
  assert.equal(history.size, 1);
});
