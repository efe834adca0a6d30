import { globSync } from 'node:fs';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { ROOT } from './tidy/repository.ts';

// `npm test` has run these: they need nothing but Node and npm.
const ALREADY_RUN = /^tests\/(tidy|docs|system|framing)\//;
// They measure what is left for others: one file after the other, since beside something else a starved server looks slow.
const ALONE = /^tests\/attack\//;
// These wait for leases and time limits most of the time. They begin first, and leave the cores to the others.
const WAITING = ['tests/peers/acme-nodes.test.ts', 'tests/http2/slow-clients.test.ts'];
/** Two that work, as in `npm test`, and one that waits. */
const BESIDE_EACH_OTHER = 3;
const TIMEOUT_MS = 300_000;

/** What a run says of itself at its end. */
const SUM = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([0-9.]+)$/;

/** Files, and how many of them run at a time. */
interface Group {
  readonly files: readonly string[];
  readonly concurrency: number;
}

/**
 * Runs every other suite below tests: those that need other servers to compare with, or more time. Arguments name the
 * suites to run, by their folders. A peer that is missing is a skipped test that says so, and on CI a failed one.
 */
function runSuites(only: readonly string[]): void {
  const files = globSync('tests/*/**/*.test.ts', { cwd: ROOT })
    .filter((file) => !ALREADY_RUN.test(file))
    .filter((file) => only.length === 0 || only.includes(file.split('/')[1] ?? ''))
    .toSorted((one, other) => rankOf(one) - rankOf(other) || (one < other ? -1 : 1));
  if (files.length === 0) {
    console.log('There is no such test.');
    process.exitCode = only.length === 0 ? 0 : 2;
    return;
  }
  const groups = [
    { files: files.filter((file) => ALONE.test(file)), concurrency: 1 },
    { files: files.filter((file) => !ALONE.test(file)), concurrency: BESIDE_EACH_OTHER },
  ];
  Readable.from(eventsOf(groups)).compose(new spec()).pipe(process.stdout);
}

function rankOf(file: string): number {
  const at = WAITING.indexOf(file);
  return at < 0 ? WAITING.length : at;
}

/** What the groups tell, one after the other, with one summary of all. */
async function* eventsOf(groups: readonly Group[]): AsyncGenerator<TestEvent> {
  const sums = new Map<string, number>();
  for (const { files, concurrency } of groups) {
    if (files.length === 0) continue;
    const results = run({ files: [...files], cwd: ROOT, concurrency, timeout: TIMEOUT_MS });
    results.on('test:fail', () => {
      process.exitCode = 1;
    });
    for await (const event of results as AsyncIterable<TestEvent>) {
      const [, name, sum] = event.type === 'test:diagnostic' ? (SUM.exec(event.data.message) ?? []) : [];
      if (name === undefined) yield event;
      else sums.set(name, (sums.get(name) ?? 0) + Number(sum));
    }
  }
  for (const [name, sum] of sums)
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${sum}`, level: 'info' } };
}

runSuites(process.argv.slice(2));
