import { createServer, isIP } from 'node:net';

const TRIES = 1_000;

/** The preferred port if nobody listens there on this address, else the next such one above it; 0 where there is none. */
export async function freePort(preferred: number, host: string): Promise<number> {
  const end = Math.min(65_536, preferred + TRIES);
  for (let port = preferred; port < end; port++) if (await portIsFree(port, host)) return port;
  return 0;
}

/**
 * Whether nobody listens there, not even one that would share the port. That it can't be opened for any other reason is
 * told by whoever opens it.
 */
export function portIsFree(port: number, host: string): Promise<boolean> {
  // The address is of a command line that nobody has judged yet: a name would be looked up.
  const address = isIP(host) === 0 ? '127.0.0.1' : host;
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code !== 'EADDRINUSE'));
    probe.listen({ port, host: address }, () => probe.close(() => resolve(true)));
  });
}
