import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Outcome, run, type Running, start } from './command.ts';
import { PROGRAM } from './plain-configuration.ts';
import { skipOrFail } from './skip.ts';

/** Runs a command that stays, in a new folder of its own, until `use` is done with it. */
export async function staying(
  args: readonly string[],
  use: (running: Running, home: string) => Promise<void>,
): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), 'portcullis-home-'));
  const running = start(process.execPath, [PROGRAM, ...args], { cwd: home });
  try {
    await use(running, home);
  } finally {
    running.child.kill('SIGTERM');
    await running.outcome;
    await rm(home, { recursive: true, force: true });
  }
  return await running.outcome;
}

/** Skips the test where there is no curl. */
export async function curlIsMissing(t: TestContext): Promise<boolean> {
  const found = await run('curl', ['--version']).catch(() => null);
  if (found !== null) return false;
  skipOrFail(t, 'there is no curl on this machine');
  return true;
}

/** What came of a line that ends in a reply of HTTP. */
export interface Tried {
  /** Of the last reply. */
  readonly status: number;
  /** All that was printed. */
  readonly reply: string;
}

/** Runs a line as a person would who copies it into a shell in this folder, with these variables set before. */
export async function tryLine(line: string, home: string, variables: Record<string, string> = {}): Promise<Tried> {
  const env = { ...process.env, ...variables };
  const { stdout, stderr } = await run('sh', ['-c', line], { cwd: home, env });
  const status = [...stdout.matchAll(/^HTTP\/[\d.]+ (\d{3})/gm)].at(-1)?.[1];
  assert.ok(status !== undefined, `${line}\n${stderr}`);
  return { status: Number(status), reply: stdout };
}

/** Runs the lines of a banner that set a variable of the shell (`NAME=$(…)`), and gives what each was set to. */
export async function variablesOf(banner: string, home: string): Promise<Record<string, string>> {
  const lines = [...banner.matchAll(/^ {2}(([A-Z]+)=\$\(.+\))$/gm)];
  const found = await Promise.all(
    lines.map(async ([, line = '', name = '']) => {
      const { stdout } = await run('sh', ['-c', `${line}; printf %s "$${name}"`], { cwd: home });
      return [name, stdout] as const;
    }),
  );
  return Object.fromEntries(found);
}
