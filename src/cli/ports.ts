import { err, ok, type Result } from '../base/index.ts';
import { EXIT } from './command.ts';
import type { CommandServices } from './context.ts';

/** The ports of a gateway that a command starts by itself. */
export interface GatewayPortNumbers {
  readonly https: number;
  readonly http: number;
  readonly admin: number;
}

/** Where a gateway listens if nobody says otherwise. */
export const STANDARD_PORTS: GatewayPortNumbers = { https: 8443, http: 8080, admin: 9443 };

/** Where a gateway listens if nobody says otherwise, and where its admin port always does. */
export const LOOPBACK = '127.0.0.1';

/** How often ports are chosen, the last time where nobody else looks for one. */
export const CHOICE_LIMIT = 3;

/** Reads the value of `--port`; 0 is any free one. */
export function parsePort(text: string): Result<number, string> {
  const port = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? ok(port) : err('--port takes a whole number from 0 to 65535');
}

/** The ports that are asked for, and the address where clients come in. */
export interface WantedPorts extends Partial<GatewayPortNumbers> {
  readonly host?: string;
}

/** Where the ports are looked for: near the standard ones, or wherever the system has one. */
export type PortPlace = 'near' | 'anywhere';

/**
 * Three different ports that are free, and not among `avoided`: an API that has not been started yet must still find its
 * port free. A port that was asked for is taken as it is, and one is 0 where none is free. Anywhere, only https is named
 * beforehand, for whoever has to know it; the others are 0, which whoever opens them takes from the system.
 */
export async function choosePorts(
  services: Pick<CommandServices, 'freePort'>,
  asked: WantedPorts,
  { avoided = [], place = 'near' }: { readonly avoided?: readonly number[]; readonly place?: PortPlace } = {},
): Promise<GatewayPortNumbers> {
  const taken = new Set([...avoided, ...[asked.https, asked.http, asked.admin].filter((port) => port !== undefined)]);
  const choose = async (preferred: number, host = LOOPBACK): Promise<number> => {
    let port = await services.freePort(preferred, host);
    while (port !== 0 && taken.has(port)) port = await services.freePort(port + 1, host);
    taken.add(port);
    return port;
  };
  if (place === 'anywhere') {
    const { http = 0, admin = 0 } = asked;
    return { https: asked.https ?? (await choose(0, asked.host)), http, admin };
  }
  const https = asked.https ?? (await choose(STANDARD_PORTS.https, asked.host));
  const http = asked.http ?? (await choose(STANDARD_PORTS.http, asked.host));
  return { https, http, admin: asked.admin ?? (await choose(STANDARD_PORTS.admin)) };
}

/**
 * Runs on ports that were free a moment ago. Another program may have taken one since: then they are chosen anew, at
 * most `limit` times in all, and the last time anywhere: whoever takes the same ports near the standard ones at the same
 * time, as a second command does that is started with the first, is not after those. `run` is told whether it would be
 * tried again.
 */
export async function runOnFreePorts(
  choose: (place: PortPlace) => Promise<GatewayPortNumbers>,
  run: (ports: GatewayPortNumbers, canChooseAnew: boolean) => Promise<number | 'port-in-use'>,
  limit: number = CHOICE_LIMIT,
): Promise<number> {
  for (let left = limit - 1; left >= 0; left--) {
    const place = left === 0 && limit > 1 ? 'anywhere' : 'near';
    const ended = await run(await choose(place), left > 0);
    if (ended !== 'port-in-use') return ended;
  }
  return EXIT.unusable;
}
