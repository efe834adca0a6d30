import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '../adapters/index.ts';
import { type DiskSpace, err, ok, type Result } from '../base/index.ts';
import type { Alert, FileFault } from '../ports/index.ts';
import { watchSpace } from './space-watch.ts';

const MIB = 2 ** 20;

function bench() {
  const clock = createVirtualClock();
  const alerts: Alert[] = [];
  const disk = {
    space: ok({ totalBytes: 40_000 * MIB, freeBytes: 5_000 * MIB }) as Result<DiskSpace, FileFault>,
    asked: [] as string[],
    hangs: false,
  };
  const files = {
    space: (path: string) => {
      disk.asked.push(path);
      return disk.hangs ? new Promise<never>(() => {}) : Promise.resolve(disk.space);
    },
  };
  const stop = watchSpace({ folder: '/data', files, clock, alerts: { raise: (alert) => void alerts.push(alert) } });
  const free = (mib: number): void => {
    disk.space = ok({ totalBytes: 40_000 * MIB, freeBytes: mib * MIB });
  };
  const minute = async (): Promise<readonly string[]> => {
    clock.advance(60_000);
    await setImmediate();
    return alerts.splice(0).map(({ kind, key, severity }) => `${kind} ${key} ${severity}`);
  };
  return { clock, alerts, disk, stop, free, minute };
}

test('the space of the data folder is looked at at once and each minute, and enough of it is no alert', async () => {
  const { disk, minute } = bench();
  assert.deepEqual(disk.asked, ['/data']);
  await setImmediate();
  assert.deepEqual(await minute(), []);
  assert.equal(disk.asked.length, 2);
});

test('little space is an alert, and next to none one of its own that no earlier one hushes', async () => {
  const { alerts, free, minute } = bench();
  await setImmediate();
  free(3_999);
  assert.deepEqual(await minute(), ['data-folder.fault space high']);
  free(255);
  assert.deepEqual(await minute(), ['data-folder.fault space-critical critical']);
  free(300);
  await minute();
  free(5_000);
  assert.deepEqual(await minute(), []);
  assert.deepEqual(alerts, []);
});

test('the alert tells the numbers', async () => {
  const { alerts, clock, free } = bench();
  await setImmediate();
  free(812);
  clock.advance(60_000);
  await setImmediate();
  assert.match(alerts[0]?.message ?? '', /812 MiB of 39\.1 GiB are free/);
  assert.deepEqual(alerts[0]?.fields, { freeBytes: 812 * MIB, totalBytes: 40_000 * MIB });
});

test('space that can not be read is an alert too', async () => {
  const { disk, minute } = bench();
  await setImmediate();
  disk.space = err({ reason: 'missing', detail: '/data: it is gone' });
  assert.deepEqual(await minute(), ['data-folder.fault space-unknown medium']);
});

test('a disk that hangs is asked once, and a stopped watch raises nothing more', async () => {
  const { disk, free, minute, stop } = bench();
  await setImmediate();
  disk.hangs = true;
  await minute();
  await minute();
  assert.equal(disk.asked.length, 2);
  const other = bench();
  other.free(1);
  other.stop();
  assert.deepEqual(await other.minute(), []);
  free(1);
  stop();
});
