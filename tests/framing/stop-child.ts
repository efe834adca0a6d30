import type { ChildProcess } from 'node:child_process';

/** Ends a process that was started here: by SIGTERM, and by force when it has not gone after `graceMs`. */
export async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  // One that could not be started has no process id, and never ends.
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await promise;
  clearTimeout(timer);
}
