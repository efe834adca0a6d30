import { z } from 'zod';
import { AddressSet, errorIssue, isEverything, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { Config, TrustedProxiesConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** More blocks than any provider of proxies names. */
const BLOCK_LIMIT = 1_000;

const block = parsed(readBlock).meta({ title: 'block', description: 'An address, or a block such as 10.0.0.0/8.' });

function readBlock(text: string): Result<string, string> {
  const read = AddressSet.parse([text]);
  return read.ok ? ok(text) : read;
}

/** A list of addresses and of blocks of them. */
export function addressBlocks() {
  return uniqueList(block, { least: 1, most: BLOCK_LIMIT, what: 'block' });
}

/** The key `trustedProxies`. */
export const trustedProxiesSchema = z
  .union(
    [
      addressBlocks(),
      z.strictObject({
        addresses: addressBlocks().meta({ description: 'Where the proxies are.' }),
        field: z.enum(['x-forwarded-for', 'forwarded']).prefault('x-forwarded-for').meta({
          description: 'The field in which they name the client. The other one is not looked at.',
        }),
      }),
    ],
    {
      error: words('expected a list of addresses, or addresses and a field', 'such as [10.0.0.0/8]'),
    },
  )
  .optional()
  .meta({ description: 'HTTP proxies whose word on the client’s address is taken.' });

/** A list alone means X-Forwarded-For. Null where nobody is trusted. */
export function toTrustedProxies(raw: z.output<typeof trustedProxiesSchema>): TrustedProxiesConfig | null {
  if (raw === undefined) return null;
  return Array.isArray(raw) ? { addresses: raw, field: 'x-forwarded-for' } : raw;
}

/** Lists of believed proxies in which everybody stands: whoever comes may then say that it is another. */
export function proxyWarnings(config: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const { server, trustedProxies } = config;
  const lists = [
    { path: 'trustedProxies', addresses: trustedProxies?.addresses ?? [] },
    { path: 'server.proxyProtocol', addresses: server.proxyProtocol },
  ];
  return lists.flatMap(({ path, addresses }) => {
    const open = addresses.find(isEverything);
    if (open === undefined) return [];
    const message = `${open} is everybody: any client can say that it has another address`;
    const place = placeAt(places, path);
    return [{ ...errorIssue(path, message, { place, fix: 'name the proxies themselves' }), severity: 'warning' }];
  });
}
