import { join } from 'node:path';
import { type RequestLine, writeRequests } from './request-lines.ts';

const NETWORKS = 100_000;
/** Several times as many as a gateway remembers the verdicts of, so that each is looked for in the lists. */
const CLIENTS = 20_000;
/** Has no factor in common with the number of networks. */
const STRIDE = 7_919;

/** 100,000 blocks of IPv4, of 24 to 32 bits, none of them twice. */
export function manyNetworks(): string {
  return Array.from({ length: NETWORKS }, (_, at) => `${networkAt(at)}.0/${bitsAt(at)}\n`).join('');
}

/**
 * Writes a file of requests that are forwarded for 20,000 clients, in turn. Each is beside a block of `manyNetworks` and in
 * none, so that only the last step of a search tells it from those that are kept out. Gives the file.
 */
export async function makeClients(folder: string): Promise<string> {
  const lines: RequestLine[] = [];
  for (let step = 1; lines.length < CLIENTS; step++) {
    const at = (step * STRIDE) % NETWORKS;
    if (bitsAt(at) > 24) lines.push({ path: '/', client: `${networkAt(at)}.255` });
  }
  const file = join(folder, 'clients.requests');
  await writeRequests(file, lines);
  return file;
}

function bitsAt(at: number): number {
  return 24 + (at % 9);
}

/** The three bytes that all its addresses have in common. */
function networkAt(at: number): string {
  const low = at % 65_536;
  return `${130 + Math.floor(at / 65_536)}.${low >>> 8}.${low & 255}`;
}
