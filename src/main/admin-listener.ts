import { randomBytes } from 'node:crypto';
import type { CertificateService } from '../certificates/index.ts';
import { type AdminServerOptions, createAdminServer } from '../control/index.ts';
import type { Clock } from '../ports/index.ts';
import { createServerContext, listen, type ListenFault, SERVER_BOUNDS, type ServerContext } from '../wire/index.ts';

/** Few programs ask the admin API, and they must not crowd out each other. */
const MAX_CONNECTIONS = 256;

/** The open admin port. */
export interface AdminListener {
  readonly port: number;
  close(): Promise<void>;
}

/** What it takes to open it. */
export interface AdminListenOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly certificates: CertificateService;
  readonly server: AdminServerOptions;
}

/** Opens the admin port with the local certificate, on the main thread: it answers also when the gateway threads are busy. */
export async function listenAdmin(options: AdminListenOptions): Promise<AdminListener | ListenFault> {
  const ticketKeys = randomBytes(48);
  const contextOf = (): ServerContext => {
    const [material] = options.certificates.current();
    if (material === undefined) throw new Error('there is no local certificate');
    return createServerContext({ ...material, ticketKeys });
  };
  let context = contextOf();
  const stop = options.certificates.onChange(() => {
    context = contextOf();
  });
  const { host, port, clock } = options;
  const listener = await listen({
    host,
    port,
    reusePort: false,
    maxConnections: MAX_CONNECTIONS,
    handler: createAdminServer(options.server),
    bounds: SERVER_BOUNDS,
    clock,
    context: () => context,
    http2: null,
    turnedAway() {},
  });
  if ('code' in listener) {
    stop();
    return listener;
  }
  return {
    port: listener.port,
    close: async () => {
      stop();
      await listener.drain(500);
    },
  };
}
