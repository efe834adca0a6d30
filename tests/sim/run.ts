import { createChance } from './chance.ts';
import { type Judge, Violation } from './judge.ts';
import { World } from './world.ts';

const STEPS = 32;
/** Longer than older requests may keep a new configuration out. */
const LONG_MS = 12_000;

/** What a seed came to: its counts, and what was violated, or null. */
export interface SeedReport {
  readonly seed: number;
  readonly violation: string | null;
  /** All threads were lost again and again, and the node ended. */
  readonly lost: boolean;
  readonly counts: Judge['counts'];
}

/** Runs one schedule of requests, reloads, new tables and dying threads. The same seed always gives the same one. */
export async function runSeed(seed: number): Promise<SeedReport> {
  const chance = createChance(`schedule ${seed}`);
  const world = new World(seed, 1 + chance.below(4));
  let violation: string | null = null;
  try {
    await world.begin();
    for (let step = 0; step < STEPS && !world.lost; step++) {
      await act(world, chance.below(100), chance.below(100));
      await world.pass(chance.percent(75) ? chance.below(60) + 1 : chance.below(4_000) + 1);
    }
    await world.end();
  } catch (fault) {
    violation = fault instanceof Violation ? fault.message : String(fault instanceof Error ? fault.stack : fault);
  }
  return { seed, violation, lost: world.lost, counts: world.judge.counts };
}

async function act(world: World, what: number, how: number): Promise<void> {
  if (what < 60) world.requests(1 + (how % 4));
  else if (what < 76) world.reload(reloadOf(how));
  else if (what < 80) await hurry(world);
  else if (what < 88) world.changeTable();
  else if (what < 93) world.kill();
  else if (what < 96) world.block();
  else if (what < 97) world.fill();
  else world.failStarts(1 + (how % 3));
}

function reloadOf(how: number): Parameters<World['reload']>[0] {
  if (how < 60) return 'good';
  if (how < 70) return 'unreadable';
  if (how < 80) return 'unbuildable';
  return how < 92 ? 'one thread' : 'same';
}

/** Reloads faster than requests end, so that there would be more Snapshots than may live. */
async function hurry(world: World): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    world.requests(2, LONG_MS);
    world.reload('good');
    await world.pass(120);
  }
}
