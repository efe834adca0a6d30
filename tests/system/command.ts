import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** How a program ended, and what it said. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program under test. */
export interface Running {
  readonly child: ChildProcess;
  /** There when the program has ended and the last holder of its outputs, however distant, has closed them. */
  readonly outcome: Promise<Outcome>;
  /** There when standard output matches; fails when the program ends without. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** Starts a program without standard input. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
  }
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(said.stdout);
        if (match !== null) resolve(match);
      };
      look();
      child.stdout?.on('data', look);
      child.once('close', () => reject(new Error(`ended without ${pattern}: ${said.stdout}${said.stderr}`)));
    });
  return { child, outcome, printed };
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
  return await start(command, args, options).outcome;
}
