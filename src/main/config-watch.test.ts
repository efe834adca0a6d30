import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { err, ok } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Alert, FileFacts } from '../ports/index.ts';
import { openConfigWatch } from './config-watch.ts';

const FACTS: FileFacts = { bytes: 1, modifiedMs: 0, mode: 0o600, directory: false };

function watched() {
  const clock = createVirtualClock();
  const told = new Map<string, () => void>();
  const gone = new Set<string>();
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const counts = { reloads: 0 };
  const alerts: Alert[] = [];
  const watch = openConfigWatch({
    files: {
      watch: (path, changed) => {
        told.set(path, changed);
        return () => void told.delete(path);
      },
      facts: (path) => Promise.resolve(gone.has(path) ? err({ reason: 'missing', detail: path } as const) : ok(FACTS)),
    },
    clock,
    alerts: { raise: (alert) => alerts.push(alert) },
    file: '/etc/p/portcullis.yaml',
    reload: () => {
      counts.reloads++;
      most = Math.max(most, ++running);
      return new Promise<void>((resolve, reject) => {
        ends.push(() => {
          running--;
          if (counts.reloads % 2 === 0) reject(new Error('refused'));
          else resolve();
        });
      });
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    watch,
    clock,
    told,
    gone,
    counts,
    alerts,
    most: () => most,
    settle,
    change: async (path = '/etc/p/portcullis.yaml') => {
      told.get(path)?.();
      await settle();
    },
    end: async () => {
      ends.shift()?.();
      await settle();
    },
  };
}

const gathered = (locations: readonly string[], files: readonly string[], secrets: readonly string[]) =>
  ({
    config: { apis: locations.map((location) => ({ source: { kind: 'openapi', location } })) },
    files: Object.fromEntries(files.map((path) => [path, new Uint8Array()])),
    secrets: Object.fromEntries(secrets.map((path) => [path, new Uint8Array()])),
  }) as unknown as Gathered;

test('a change reloads; changes during a reload cause one more, and never two at once', async () => {
  const { change, end, counts, most } = watched();
  await change();
  assert.equal(counts.reloads, 1);
  for (let turn = 0; turn < 5; turn++) await change();
  assert.equal(counts.reloads, 1);
  await end();
  assert.equal(counts.reloads, 2);
  // That one is refused, and nothing is tried again until something changes.
  await end();
  assert.deepEqual([counts.reloads, most()], [2, 1]);
  await change();
  assert.equal(counts.reloads, 3);
});

test('a file that is gone for a moment is waited for, and after a second its absence is what is read', async () => {
  const { change, end, counts, gone, clock, settle } = watched();
  const file = '/etc/p/portcullis.yaml';
  gone.add(file);
  await change();
  clock.advance(900);
  assert.equal(counts.reloads, 0);
  gone.delete(file);
  await change();
  assert.equal(counts.reloads, 1);
  await end();
  clock.advance(5_000);
  await settle();
  assert.equal(counts.reloads, 1, 'the wait was over');
  gone.add(file);
  await change();
  clock.advance(1_000);
  await settle();
  assert.equal(counts.reloads, 2);
});

test('the files that a configuration names are watched too: documents, files, and those of secrets, but no URLs', async () => {
  const { watch, told, change, counts } = watched();
  watch.follow(
    gathered(['/docs/o.yaml', 'https://a.example/o.json'], ['/tls/ca.pem', 'keys.json'], ['${file:/s/k}', '${env:A}']),
  );
  const paths = ['/docs/o.yaml', '/etc/p/keys.json', '/etc/p/portcullis.yaml', '/s/k', '/tls/ca.pem'];
  assert.deepEqual([...told.keys()].toSorted(), paths);
  await change('/docs/o.yaml');
  assert.equal(counts.reloads, 1);
  watch.follow(gathered([], [], []));
  assert.deepEqual([...told.keys()], ['/etc/p/portcullis.yaml']);
});

test('no more than a thousand files are watched, the configuration is one, and it is told that others are not', () => {
  const { watch, told, alerts } = watched();
  const files = (count: number): Gathered =>
    gathered(
      Array.from({ length: count }, (_, at) => `/d/${at}`),
      [],
      [],
    );
  watch.follow(files(999));
  assert.deepEqual(alerts, []);
  watch.follow(files(3_000));
  assert.deepEqual([told.size, told.has('/etc/p/portcullis.yaml')], [1_000, true]);
  const [{ kind, fields } = { kind: '', fields: {} }] = alerts;
  assert.deepEqual([kind, fields], ['configuration.unwatched', { files: 2_001, first: '/d/999' }]);
  // A reload that changes nothing in this is no news.
  watch.follow(files(3_000));
  assert.equal(alerts.length, 1);
  watch.follow(files(1_000));
  assert.equal(alerts.length, 2);
  watch.follow(files(10));
  watch.follow(files(1_000));
  assert.equal(alerts.length, 3);
});

test('nothing happens after the end', async () => {
  const { watch, told, change, counts, end, gone, clock } = watched();
  await change();
  await change();
  const changed = told.get('/etc/p/portcullis.yaml');
  gone.add('/etc/p/portcullis.yaml');
  watch.close();
  changed?.();
  await end();
  clock.advance(5_000);
  watch.follow(gathered(['/docs/o.yaml'], [], []));
  assert.deepEqual([counts.reloads, told.size], [1, 0]);
});
