import { randomUUID } from 'node:crypto';
import { lstat, opendir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

// A write takes milliseconds; what is older than this is no longer being written.
const STALE_MS = 60_000;
// Each replacement pays for the look, so that it must end soon also in a crowded folder.
const LOOK_LIMIT = 4096;
// A program that crashes in a loop leaves many; a few replacements take them all away.
const SWEEP_LIMIT = 64;

const AFTER_NAME = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** A new name for the temporary file that is to become `name`: `.NAME.UUID.tmp`. */
export function temporaryName(name: string): string {
  return `.${name}.${randomUUID()}.tmp`;
}

/**
 * Removes temporary files of `path` that a crash has left: those more than a minute older than `nowMs`, which is a time
 * of the same disk, since its clock may be another than ours. 64 at most, among the first 4,096 names of the folder.
 * Never fails: what cannot be removed stays.
 */
export async function sweepTemporaries(path: string, nowMs: number): Promise<void> {
  const [folder, start] = [dirname(path), `.${basename(path)}`];
  try {
    let [looked, swept] = [0, 0];
    for await (const entry of await opendir(folder)) {
      if (++looked > LOOK_LIMIT || swept >= SWEEP_LIMIT) return;
      const ours = entry.isFile() && entry.name.startsWith(start) && AFTER_NAME.test(entry.name.slice(start.length));
      if (ours && (await removeStale(join(folder, entry.name), nowMs))) swept++;
    }
  } catch {
    // The file itself is in its place; leftovers are found again by the next replacement.
  }
}

async function removeStale(path: string, nowMs: number): Promise<boolean> {
  if (nowMs - (await lstat(path)).mtimeMs <= STALE_MS) return false;
  await unlink(path);
  return true;
}
