import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { ROOT } from './tidy/repository.ts';

// `npm test` has run these: they need nothing but Node and npm.
const ALREADY_RUN = /^tests\/(tidy|docs|system|framing)\//;
const TIMEOUT_MS = 300_000;

/**
 * Runs every other suite below tests: those that need other servers to compare with, or more time. Arguments name the
 * suites to run, by their folders. A peer that is missing is a skipped test that says so, and on CI a failed one.
 */
function runSuites(only: readonly string[]): void {
  const files = globSync('tests/*/**/*.test.ts', { cwd: ROOT })
    .filter((file) => !ALREADY_RUN.test(file))
    .filter((file) => only.length === 0 || only.includes(file.split('/')[1] ?? ''))
    .toSorted();
  if (files.length === 0) {
    console.log('There is no such test.');
    process.exitCode = only.length === 0 ? 0 : 2;
    return;
  }
  // One file after the other: the gateway and its peers share the machine's cores, and a starved server looks slow.
  const results = run({ files, cwd: ROOT, concurrency: 1, timeout: TIMEOUT_MS });
  results.on('test:fail', () => {
    process.exitCode = 1;
  });
  results.compose(new spec()).pipe(process.stdout);
}

runSuites(process.argv.slice(2));
