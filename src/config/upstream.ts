import { z } from 'zod';
import { balanceSchema } from './balance.ts';
import { besideTargetsKeys, tellOfOthers, toBesideTargets } from './beside-targets.ts';
import type { UpstreamConfig } from './config.ts';
import { failingKeys, tellOfDeadline, toFailing } from './failing.ts';
import { duration, parsed } from './scalars.ts';
import { targetsSchema } from './targets.ts';
import { tellOfHalves, toUpstreamTls, upstreamTlsKeys } from './upstream-tls.ts';
import { parseUpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';

const target = parsed(parseUpstreamUrl).meta({ title: 'URL' });

const settings = z.strictObject({
  targets: targetsSchema,
  balance: balanceSchema,
  ...besideTargetsKeys,
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
  const { targets, ...rest } = 'targets' in raw ? raw : { ...defaults(), targets: [{ ...raw, weight: 1 }] };
  const [first] = targets;
  if (first === undefined) throw new Error('an upstream passed the schema without a target');
  return {
    scheme: first.scheme,
    pathPrefix: first.pathPrefix,
    targets: targets.map(({ host, port, weight }) => ({ host, port, weight })),
    balance: rest.balance,
    ...toBesideTargets(rest),
    protocol: rest.protocol ?? protocol,
    connectTimeoutMs: rest.connectTimeout,
    responseTimeoutMs: rest.timeout,
    idleTimeoutMs: rest.idleTimeout,
    streamTimeoutMs: rest.streamTimeout,
    ...toFailing(rest, targets.length > 1),
    ...toUpstreamTls(rest, file),
    forwarded: rest.forwarded,
  };
}

function defaults(): Omit<z.output<typeof settings>, 'targets'> {
  return settings.omit({ targets: true }).parse({});
}
