import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopChild } from '../framing/stop-child.ts';

const READY_MS = 20_000;
const STOP_MS = 5000;
const POLL_MS = 25;

/** A process of the bench. */
export interface Child {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Where a process runs: load and upstream share the first core, whoever is measured has the second one alone. */
export type Core = 'load' | 'contestant' | 'any';

/** The words before a command that keep it on its core; none where cores cannot be chosen. */
export function pinnedTo(core: Core): readonly string[] {
  if (core === 'any' || availableParallelism() < 2 || findProgram('taskset') === null) return [];
  return ['taskset', '--cpu-list', core === 'load' ? '0' : '1'];
}

/** The path of a program, looked for where Debian puts servers too, or null. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** What a program prints about its version, in one line; some use stderr and some end with an error. */
export function versionOf(program: string, argument: string): string {
  try {
    return (
      execFileSync('/bin/sh', ['-c', '"$0" "$1" 2>&1 || true', program, argument], { encoding: 'utf8' }).split(
        '\n',
      )[0] ?? ''
    );
  } catch {
    return 'unknown';
  }
}

const running = new Set<ChildProcess>();

/** A bench that is broken off, or fails, takes its servers with it. */
function keepTrack(child: ChildProcess): void {
  if (running.size === 0 && process.listenerCount('exit', endAll) === 0) {
    process.on('exit', endAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  }
  running.add(child);
  child.once('exit', () => running.delete(child));
}

function endAll(): void {
  for (const child of running) child.kill('SIGTERM');
}

interface StartOptions {
  readonly core: Core;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a server and waits until it takes connections on the port. */
export async function startServer(
  command: readonly string[],
  port: number,
  { core, environment }: StartOptions,
): Promise<Child> {
  const [program = '', ...args] = [...pinnedTo(core), ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } });
  keepTrack(child);
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-2000);
  });
  child.on('error', (error) => {
    said += error.message;
  });
  const deadline = performance.now() + READY_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() > deadline) {
      await stopChild(child, STOP_MS);
      throw new Error(`${command[0]} did not start: ${said}`);
    }
    await delay(POLL_MS);
  }
  return { pid: child.pid as number, stop: () => stopChild(child, STOP_MS) };
}

/** Runs a program to its end and gives what it printed. */
export async function runToEnd(command: readonly string[], core: Core, timeoutMs: number): Promise<string> {
  const [program = '', ...args] = [...pinnedTo(core), ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  keepTrack(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (printed += data.toString()));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await promise;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${printed.slice(-1000)}`);
  return printed;
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}

/** Which cores are whose, in words. */
export function placement(): string {
  return pinnedTo('load').length > 0
    ? 'load and upstream on core 0, the contestant on core 1'
    : 'cores not chosen: figures are rough';
}
