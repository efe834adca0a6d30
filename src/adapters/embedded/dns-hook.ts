import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { err, ok, type Result } from '../../base/index.ts';
import type { Clock, DnsHook, DnsHookAction, DnsRecord, Log } from '../../ports/index.ts';

/** The program, an absolute path, and where its output goes. */
export interface DnsHookOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** APIs of name servers answer in seconds. */
const RUN_LIMIT_MS = 60_000;
/** What it started may hold its output open for longer than it lives. */
const OUTPUT_GRACE_MS = 1_000;
const OUTPUT_LIMIT_BYTES = 4_096;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs `PROGRAM present|cleanup NAME VALUE`, without a shell, in the program's folder, with `PATH` for its whole
 * environment: what the gateway was given in secret is not its business. It has a process group of its own, which is
 * killed after a minute. The first 4 KiB of its output go into the log. It does not keep this process alive.
 */
export function createDnsHook({ path, clock, log }: DnsHookOptions): DnsHook {
  return {
    run: async (action, record) => {
      const output = new Output();
      const ended = await runOnce({ path, action, record, clock, output });
      const fields = { action, name: record.name, output: output.text() };
      const words = ended.ok ? 'the hook for DNS has run' : `the hook for DNS ${ended.error}`;
      log.write(ended.ok ? 'info' : 'warn', 'acme.hook', words, fields);
      return ended;
    },
  };
}

interface Run {
  readonly path: string;
  readonly action: DnsHookAction;
  readonly record: DnsRecord;
  readonly clock: Clock;
  readonly output: Output;
}

async function runOnce({ path, action, record, clock, output }: Run): Promise<Result<void, string>> {
  const child = spawn(path, [action, record.name, record.value], {
    cwd: dirname(path),
    env: { PATH: process.env['PATH'] ?? PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    detached: true,
  });
  child.unref();
  const { promise, resolve } = Promise.withResolvers<Result<void, string>>();
  const limit = clock.after(RUN_LIMIT_MS, () => {
    killGroup(child);
    resolve(err(`was killed after ${RUN_LIMIT_MS / 1_000} s`));
  });
  output.read(child);
  child.on('error', (error) => resolve(err(`could not be started: ${codeOf(error)}`)));
  child.on('exit', (code, signal) => {
    const outcome = code === 0 ? ok(undefined) : err(code === null ? `ended by ${signal}` : `exited with ${code}`);
    child.on('close', () => resolve(outcome));
    clock.after(OUTPUT_GRACE_MS, () => resolve(outcome));
  });
  try {
    return await promise;
  } finally {
    limit.cancel();
    output.end(child);
  }
}

/** What a program prints, as far as it is kept. */
class Output {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  read(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      // Its type does not say that it is a socket, which may let the process end.
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
      stream?.on('error', () => {});
      stream?.on('data', (chunk: Uint8Array) => this.#take(chunk));
    }
  }

  end(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  }

  /** In one line, without anything that means something to a terminal. */
  text(): string {
    return Buffer.concat(this.#chunks)
      .toString('utf8')
      .replace(/\s+/g, ' ')
      .replace(/[^\x20-\x7e]/g, '?')
      .trim();
  }

  #take(chunk: Uint8Array): void {
    const kept = chunk.subarray(0, OUTPUT_LIMIT_BYTES - this.#bytes);
    this.#bytes += kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
