import { join } from 'node:path';
import { runToEnd } from './child.ts';
import type { LoadResult } from './load.ts';

/** WebSockets open at once; each has one message on its way. */
export const MESSAGE_CONNECTIONS = 100;

/** Sends messages that come back over WebSockets, from the load core; the `requests` of the result are messages. */
export async function sendMessages(scheme: 'ws' | 'wss', port: number, seconds: number): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'message-load.ts');
  const args = [scheme, String(port), String(MESSAGE_CONNECTIONS), String(seconds)];
  return JSON.parse(
    await runToEnd([process.execPath, script, ...args], 'load', seconds * 1_000 + 15_000),
  ) as LoadResult;
}

/** Fails unless a message comes back as it was sent. */
export async function verifyMessages(scheme: 'ws' | 'wss', port: number): Promise<void> {
  const script = join(import.meta.dirname, 'message-load.ts');
  const printed = await runToEnd([process.execPath, script, scheme, String(port), '1', '0.2'], 'load', 15_000);
  const { requests, errors } = JSON.parse(printed) as LoadResult;
  if (requests === 0 || errors > 0) throw new Error(`port ${port}: ${requests} messages came back, ${errors} errors`);
}
