import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mock, test } from 'node:test';
import { clockContract } from '../../ports/clock-contract.ts';
import { createSystemClock } from './system-clock.ts';

clockContract('the system clock', () => {
  let passedMs = 0;
  // Each subject of a test begins anew: a property makes many in one test.
  mock.timers.reset();
  mock.restoreAll();
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1) });
  mock.method(performance, 'now', () => passedMs);
  const advance = (ms: number): void => {
    passedMs += ms;
    mock.timers.tick(ms);
  };
  return { clock: createSystemClock(), advance };
});

test('timers do not keep the process alive', () => {
  const module = new URL('./system-clock.ts', import.meta.url).href;
  const source = `
    import { createSystemClock } from ${JSON.stringify(module)};
    createSystemClock().after(3600000, () => {});
    createSystemClock().every(3600000, () => {});`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', source], { timeout: 30_000 });
  assert.equal(ended.status, 0, String(ended.stderr));
});
