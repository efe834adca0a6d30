import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runSeed, type SeedReport } from './run.ts';

const FIXED_SEEDS = 999;
const SHOWN = 5;
/** The node gives up where no thread can be started time and again; a schedule of many deaths may come to that. */
const LOST_PERCENT = 10;

const again = (seed: number): string => `node bin/run.js tests/sim/seed.ts ${seed}`;

test('the same seed is the same run', async () => {
  for (const seed of [1, 2, 3]) assert.deepEqual(await runSeed(seed), await runSeed(seed));
});

test('over a thousand schedules each request has one configuration, limits hold, and nothing waits for ever', async (t) => {
  const drawn = FIXED_SEEDS + 1 + randomInt(2 ** 31);
  t.diagnostic(`one seed at random: ${drawn}; to run it again: ${again(drawn)}`);
  const reports: SeedReport[] = [];
  for (let seed = 1; seed <= FIXED_SEEDS; seed++) reports.push(await runSeed(seed));
  reports.push(await runSeed(drawn));
  const violated = reports.filter(({ violation }) => violation !== null);
  const words = violated.slice(0, SHOWN).map(({ seed, violation }) => `${again(seed)}\n${violation}`);
  assert.equal(violated.length, 0, `${violated.length} seeds were violated\n${words.join('\n')}`);
  // What never happens is not tested.
  const total = (name: keyof SeedReport['counts']): number =>
    reports.reduce((sum, { counts }) => sum + counts[name], 0);
  const names = ['passed', 'limited', 'slotless', 'keyless', 'reloads', 'refused', 'deaths', 'cut'] as const;
  t.diagnostic(names.map((name) => `${name} ${total(name)}`).join(', '));
  for (const name of names) assert.ok(total(name) >= 10, `${name}: ${total(name)}`);
  const lost = reports.filter((report) => report.lost).length;
  assert.ok(lost <= (reports.length * LOST_PERCENT) / 100, `in ${lost} schedules the node gave up`);
});
