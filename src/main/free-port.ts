import { type AddressInfo, createServer, isIP } from 'node:net';

const TRIES = 1_000;

/**
 * The preferred port if nobody listens there on this address, else the next such one above it; 0 where there is none.
 * Where 0 is preferred it is any, as the system has it.
 */
export async function freePort(preferred: number, host: string): Promise<number> {
  if (preferred === 0) return (await probe(0, host)).port;
  const end = Math.min(65_536, preferred + TRIES);
  for (let port = preferred; port < end; port++) if (await portIsFree(port, host)) return port;
  return 0;
}

/**
 * Whether nobody listens there, not even one that would share the port. That it can't be opened for any other reason is
 * told by whoever opens it.
 */
export async function portIsFree(port: number, host: string): Promise<boolean> {
  return (await probe(port, host)).code !== 'EADDRINUSE';
}

/** Opens a port and closes it again: which it was, 0 where it could not be opened, and then the system's reason. */
function probe(port: number, host: string): Promise<{ readonly port: number; readonly code: string | null }> {
  // The address is of a command line that nobody has judged yet: a name would be looked up.
  const address = isIP(host) === 0 ? '127.0.0.1' : host;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = null }: { readonly code?: string | null }) => resolve({ port: 0, code }));
    server.listen({ port, host: address }, () => {
      const opened = server.address() as AddressInfo;
      server.close(() => resolve({ port: opened.port, code: null }));
    });
  });
}
