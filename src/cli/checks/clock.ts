import { posix } from 'node:path';
import type { Clock, Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine } from './diagnosis.ts';

const TOLERATED_MS = 60_000;
/** Files of a data folder that are looked at. */
const FILE_LIMIT = 1000;

/**
 * Whether the clock can be right, with nothing but this machine to ask: it runs behind if files have been written in
 * what it takes for the future. Certificates, and later tokens, are judged by it.
 */
export async function checkClock(
  { clock, files }: { readonly clock: Clock; readonly files: Files },
  { configFile, dataFolder }: { readonly configFile: string; readonly dataFolder: string },
): Promise<Diagnosis> {
  const listed = await files.list(dataFolder);
  const inside = listed.ok ? listed.value.slice(0, FILE_LIMIT).map((name) => posix.join(dataFolder, name)) : [];
  let newest = { path: '', modifiedMs: 0 };
  for (const path of [configFile, ...inside]) {
    const facts = await files.facts(path);
    if (facts.ok && facts.value.modifiedMs > newest.modifiedMs) newest = { path, modifiedMs: facts.value.modifiedMs };
  }
  const nowMs = clock.now();
  const now = new Date(nowMs).toISOString();
  if (newest.modifiedMs <= nowMs + TOLERATED_MS) return fine('clock', `it is ${now}, and no file here is from later`);
  const written = new Date(newest.modifiedMs).toISOString();
  return fail(
    'clock',
    `it is ${now}, but ${newest.path} was written at ${written}: the clock runs behind, or ran ahead then`,
    'set the clock, and keep it right with NTP',
  );
}
