import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { err, ok, type Result } from '../base/index.ts';
import type { LocalIssuer, LocalIssuerOptions } from '../cli/index.ts';
import type { Clock, Log, Random } from '../ports/index.ts';
import type { FromIssuer, ToIssuer } from './issuer-process.ts';
import { workerFile } from './worker-file.ts';

/** What starting it takes of this machine. */
export interface LocalIssuerPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

const START_LIMIT_MS = 20_000;
// 192 bits: no limit on guesses is needed to keep it from being found.
const SECRET_BYTES = 24;
// Of the gateway's own flags, all but the one that its framework can't be loaded under.
const FLAGS = ['--disable-proto=throw', '--disable-sigusr1'];

/**
 * Starts an authorization server for trying out in a process of its own, which ends with this one, with a new secret
 * for each client. The error says why it did not come up.
 */
export async function startLocalIssuer(
  { clock, log, random }: LocalIssuerPorts,
  { issuer, audience, scopes, clients }: LocalIssuerOptions,
): Promise<Result<LocalIssuer, string>> {
  const withSecrets = clients.map((client) => ({ ...client, secret: newSecret(random) }));
  // It gets nothing of the environment, and speaks through its channel alone.
  const child = fork(workerFile('issuer-process'), [], {
    execArgv: FLAGS,
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.send({ issuer, audience, scopes, clients: withSecrets } satisfies ToIssuer);
  const listens = await listening(child, clock);
  if (!listens.ok) return listens;
  child.on('message', (message: FromIssuer) => {
    if (message.kind === 'fault') log.write('error', 'issuer.fault', message.message);
  });
  const lost = (): void => log.write('error', 'issuer.lost', 'the local authorization server has ended: no new tokens');
  child.once('exit', lost);
  const url = `http://127.0.0.1:${listens.value}`;
  return ok({
    url,
    jwksUrl: `${url}${new URL(issuer).pathname}/jwks`,
    clients: withSecrets,
    close: async () => {
      child.off('exit', lost);
      await end(child);
    },
  });
}

function newSecret(random: Random): string {
  const bytes = new Uint8Array(SECRET_BYTES);
  random.fill(bytes);
  return Buffer.from(bytes).toString('base64url');
}

/** The port it listens on; it is ended where it says none. */
async function listening(child: ChildProcess, clock: Clock): Promise<Result<number, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<number, string>>();
  const fail = (reason: string): void => resolve(err(`the local authorization server ${reason}`));
  const timer = clock.after(START_LIMIT_MS, () => fail('did not start in time'));
  child.once('error', (fault) => fail(`could not be started: ${fault.message}`));
  child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
  child.on('message', (message: FromIssuer) => {
    if (message.kind === 'listening') resolve(ok(message.port));
    if (message.kind === 'failed') fail(`could not be started: ${message.reason}`);
  });
  const listens = await promise;
  timer.cancel();
  if (!listens.ok) child.kill('SIGKILL');
  return listens;
}

/** Its requests are short and its tokens live without it: there is nothing to wait for. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
