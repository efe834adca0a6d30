import { err, ok, type Result } from '../base/index.ts';
import type { CommandServices } from './context.ts';

/** The ports of a gateway that a command starts by itself. */
export interface GatewayPortNumbers {
  readonly https: number;
  readonly http: number;
  readonly admin: number;
}

/** Where a gateway listens if nobody says otherwise. */
export const STANDARD_PORTS: GatewayPortNumbers = { https: 8443, http: 8080, admin: 9443 };

/** Reads the value of `--port`; 0 is any free one. */
export function parsePort(text: string): Result<number, string> {
  const port = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? ok(port) : err('--port takes a whole number from 0 to 65535');
}

/**
 * Three different ports near the standard ones that are free, and not among `avoided`: an API that has not been started
 * yet must still find its port free. A port that was asked for is taken as it is.
 */
export async function choosePorts(
  services: Pick<CommandServices, 'freePort'>,
  asked: { readonly https?: number },
  avoided: readonly number[],
): Promise<GatewayPortNumbers> {
  const taken = new Set(avoided);
  const choose = async (preferred: number): Promise<number> => {
    let port = await services.freePort(preferred);
    while (port !== 0 && taken.has(port)) port = await services.freePort(port + 1);
    taken.add(port);
    return port;
  };
  const https = asked.https ?? (await choose(STANDARD_PORTS.https));
  taken.add(https);
  return { https, http: await choose(STANDARD_PORTS.http), admin: await choose(STANDARD_PORTS.admin) };
}
