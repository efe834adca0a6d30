import { z } from 'zod';
import { balanceSchema } from './balance.ts';
import { besideTargetsKeys, tellOfOthers, toBesideTargets } from './beside-targets.ts';
import type { UpstreamConfig } from './config.ts';
import { discoverSchema, toDiscover } from './discover.ts';
import { failingKeys, tellOfDeadline, toFailing } from './failing.ts';
import { healthSchema, toHealth } from './health.ts';
import { duration, parsed } from './scalars.ts';
import { targetsSchema } from './targets.ts';
import { addressBlocks } from './trusted-proxies.ts';
import { tellOfHalves, toUpstreamTls, upstreamTlsKeys } from './upstream-tls.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';

const target = parsed(parseUpstreamUrl).meta({ title: 'URL' });

const settings = z.strictObject({
  targets: targetsSchema.optional(),
  discover: discoverSchema.optional(),
  allowAddresses: addressBlocks().optional().meta({
    description:
      'Addresses and blocks that a name, or what is found, may stand for although no upstream is there as a rule: loopback, link-local and such. Addresses that stand in `targets` themselves need none.',
  }),
  balance: balanceSchema,
  ...besideTargetsKeys,
  health: healthSchema,
  protocol: z.enum(['http1', 'h2']).optional().meta({
    description:
      'What it is spoken to in: `http1`, or `h2` (HTTP/2). If nothing is said, `h2` for gRPC and else `http1`. Over https HTTP/2 must be agreed in the handshake (ALPN); over http the upstream is taken to know it (h2c).',
  }),
  timeout: duration(
    '30s',
    { from: '10ms', to: '1h' },
    'How long the upstream may take for the head of its reply, each time it is asked.',
  ),
  connectTimeout: duration('3s', { from: '10ms', to: '1m' }, 'How long connecting may take.'),
  idleTimeout: duration('30s', { from: '100ms', to: '1h' }, 'How long nothing may move between the bytes of a body.'),
  streamTimeout: duration(
    '5m',
    { from: '1s', to: '24h' },
    'The same for a reply that stays open, such as a stream of server-sent events.',
  ),
  ...failingKeys,
  ...upstreamTlsKeys,
  forwarded: z.enum(['x-forwarded', 'forwarded', 'both']).prefault('x-forwarded').meta({
    description:
      'How it hears of the client: in `X-Forwarded-For`, `-Host` and `-Proto`, in `Forwarded` (RFC 7239), or in both.',
  }),
});

function tellOfOddKeys(value: z.output<typeof settings>, context: z.RefinementCtx): void {
  tellOfHalves(value, context);
  tellOfDeadline(value, context);
  tellOfOthers(value, context);
  tellOfOne(value, context);
}

/** Where an API's requests go: a URL alone, or with settings. */
export const upstreamSchema = z
  .union([target, settings.superRefine((value, context) => tellOfOddKeys(value, context))], {
    error: ({ input }) =>
      input === undefined
        ? words('an API needs its `upstream`', 'write upstream: http://127.0.0.1:3001')
        : words('expected a URL, or an upstream with its settings', 'write a URL, or { targets: [URL] }'),
  })
  .meta({ description: 'Where the requests go.' });

/** Fills in the settings of a URL that stands alone, and makes paths absolute. `protocol`: the one where none is said. */
export function toUpstreamConfig(
  raw: z.output<typeof upstreamSchema>,
  file: string,
  protocol: UpstreamConfig['protocol'],
): UpstreamConfig {
  const rest = 'scheme' in raw ? { ...settings.parse({}), targets: [{ ...raw, weight: 1 }] } : raw;
  const allowedAddresses = rest.allowAddresses ?? [];
  const { name, ...where } = whereOf(rest, file, allowedAddresses);
  const tls = toUpstreamTls(rest, file);
  return {
    ...where,
    allowedAddresses,
    balance: rest.balance,
    ...toBesideTargets(rest),
    health: toHealth(rest.health),
    protocol: rest.protocol ?? protocol,
    connectTimeoutMs: rest.connectTimeout,
    responseTimeoutMs: rest.timeout,
    idleTimeoutMs: rest.idleTimeout,
    streamTimeoutMs: rest.streamTimeout,
    ...toFailing(rest, where.discover !== null || where.targets.length > 1),
    ...tls,
    serverName: tls.serverName ?? name,
    forwarded: rest.forwarded,
  };
}

type Settings = z.output<typeof settings>;

/** The targets themselves, or where they are found; `name`: what their certificates are to name, where they are no names themselves. */
function whereOf(
  { targets, discover }: Pick<Settings, 'targets' | 'discover'>,
  file: string,
  allowed: readonly string[],
): Pick<UpstreamConfig, 'scheme' | 'pathPrefix' | 'targets' | 'discover'> & { readonly name: string | null } {
  if (discover !== undefined) {
    const found = toDiscover(discover, file, allowed);
    return { ...found, targets: [], name: found.scheme === 'https' ? found.discover.name : null };
  }
  const [first] = targets ?? [];
  if (targets === undefined || first === undefined) throw new Error('an upstream passed the schema without a target');
  const { scheme, pathPrefix } = first;
  return {
    ...{ scheme, pathPrefix, discover: null, name: null },
    targets: targets.map(({ host, port, weight }) => ({ host, port, weight })),
  };
}

/** Targets are written down, or found. */
function tellOfOne(value: Settings, context: z.RefinementCtx): void {
  const message =
    value.targets === undefined
      ? words('an upstream needs its `targets`', 'write targets: [URL], or `discover` where they are found')
      : words('targets are written down already', 'keep `targets` or `discover`');
  const path = value.targets === undefined ? [] : ['discover'];
  if ((value.targets === undefined) === (value.discover === undefined)) {
    context.addIssue({ code: 'custom', path, message });
  }
}
