import { createServer } from 'node:net';

/**
 * Below the ports that systems give to connections and to servers that leave the choice (from 32768 on Linux, from 49152
 * elsewhere): what is free there stays so until somebody asks for this very port.
 */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 100;

const given = new Set<number>();

/** A port that is free on 127.0.0.1, and that this process has not given before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port was found in ${TRIES} tries`);
}

/** So many of them. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
