import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stopChild } from './stop-child.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COMMAND = [process.execPath, join(ROOT, 'bin', 'portcullis')];
const READY_MS = 60_000;
const STOP_MS = 10_000;

/** A running gateway. */
export interface GatewayProcess {
  readonly https: number;
  readonly http: number;
  readonly admin: number;
  /** Where third parties are called; 0 where they are not. */
  readonly egress: number;
  /** PEM of its local certificate authority. */
  readonly ca: string;
  readonly pid: number;
  /** Holds the configuration file, `portcullis.yaml`, and what stands beside it; removed by `stop`. */
  readonly folder: string;
  /** The end of its log, some thousand characters. */
  readonly said: () => string;
  /** Ends it and removes its folder; ends it by force when it does not go. */
  stop(): Promise<void>;
}

/**
 * `before`: words before the command, such as those that choose a core. `beside`: files in the configuration's folder, by
 * name. `command`: in place of the product's launcher, with the same arguments; `environment`: variables besides.
 */
export interface GatewayExtras {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly before?: readonly string[];
  readonly beside?: Readonly<Record<string, string | Uint8Array>>;
}

interface Ready {
  readonly event: 'ready';
  readonly https: number;
  readonly http: number;
  readonly admin: number;
  readonly egress?: number;
  readonly ca: string;
}

/**
 * Starts the gateway with this configuration, in a folder of its own, and waits until it is ready. `before` are words
 * before the command, such as those that choose a core.
 */
export async function startGateway(
  configuration: string,
  { before = [], beside = {}, command = COMMAND, environment = {} }: GatewayExtras = {},
): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-framing-'));
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, configuration);
  for (const [name, text] of Object.entries(beside)) await writeFile(join(folder, name), text);
  const [program, ...args] = [...before, ...command, 'start', '--json', '--config', file];
  const child = spawn(program as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const said = collectText(child);
  try {
    const ready = await readyLine(child, said);
    const ca = await readFile(ready.ca, 'utf8');
    const { https, http, admin, egress = 0 } = ready;
    return {
      https,
      http,
      admin,
      egress,
      ca,
      pid: child.pid as number,
      folder,
      said,
      stop: () => stopProcess(child, folder),
    };
  } catch (error) {
    await stopProcess(child, folder);
    throw error;
  }
}

function collectText(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (data: Buffer) => {
    text = (text + data.toString()).slice(-4000);
  });
  return () => text;
}

async function readyLine(child: ChildProcess, said: () => string): Promise<Ready> {
  const { promise, resolve, reject } = Promise.withResolvers<Ready>();
  const fail = (reason: string): void => reject(new Error(`the gateway ${reason}\n${said()}`));
  const timer = setTimeout(() => fail(`was not ready after ${READY_MS} ms`), READY_MS);
  child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
  child.once('error', (error) => fail(`could not be started: ${error.message}`));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    const ready = parseReady(line);
    if (ready !== null) resolve(ready);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function parseReady(line: string): Ready | null {
  try {
    const value = JSON.parse(line) as Partial<Ready>;
    return value.event === 'ready' ? (value as Ready) : null;
  } catch {
    return null;
  }
}

async function stopProcess(child: ChildProcess, folder: string): Promise<void> {
  await stopChild(child, STOP_MS);
  await rm(folder, { recursive: true, force: true });
}
