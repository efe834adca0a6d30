import { z } from 'zod';
import { acmeSchema, toAcmeConfig } from './acme.ts';
import type { CertificateConfig, Config, HttpsConfig, ServerConfig } from './config.ts';
import { tellOfStrays, toClients, trustKeys } from './client-trust.ts';
import { filePair, httpsHosts, toFileCertificate, toHosts } from './https-hosts.ts';
import { listenHost, port } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { addressBlocks } from './trusted-proxies.ts';
import { words } from './words.ts';

/** As many as the memory that threads share has places for. */
const MOST_THREADS = 64;

/** As many as there may be at all. */
const MOST_CONNECTIONS = 10_000;

const certificate = z
  .union(
    [
      z.literal('local').meta({ description: 'A certificate of this machine’s own CA.' }),
      filePair,
      z
        .strictObject({ acme: acmeSchema.meta({ description: 'The keys of ACME.' }) })
        .meta({ description: 'Certificates of a CA, obtained and renewed by ACME.' }),
    ],
    {
      error: words(
        'expected `local`, a certificate with its key, or `acme`',
        'write local, { cert: FILE, key: FILE }, or { acme: { email: ADDRESS } }',
      ),
    },
  )
  .prefault('local')
  .meta({ description: 'The certificate of the https port.' });

const http = z
  .union(
    [
      z.literal('off').meta({ description: 'No plain http at all.' }),
      z.strictObject({
        port: port(8080, 'The port; 0 is any free one.'),
        mode: z.enum(['redirect', 'refuse']).prefault('redirect').meta({
          description:
            '`redirect` sends GET and HEAD without credentials to https and refuses the rest; `refuse` refuses all.',
        }),
      }),
    ],
    { error: words('expected `off`, or a port', 'write off, or { port: 8080 }') },
  )
  .prefault({})
  .meta({ description: 'Plain http. Nothing is ever served on it.' });

/** The keys of `server`. */
export const serverSchema = z
  .strictObject({
    host: listenHost('The address that clients reach.'),
    https: z
      .strictObject({
        port: port(8443, 'The port; 0 is any free one.'),
        certificate,
        ...trustKeys,
        acceptNodeBelowFloor: z.boolean().prefault(false).meta({
          description: 'Judge certificates of clients also on a version of Node with known holes.',
        }),
        hosts: httpsHosts,
      })
      .superRefine((value, context) => tellOfStrays(value, context))
      .prefault({})
      .meta({ description: 'Where APIs are served.' }),
    http,
    connectionsPerAddress: z.int().min(1).max(MOST_CONNECTIONS).prefault(256).meta({
      description:
        'How many connections an address, or an IPv6 /64, may have. Proxies that are trusted are not bound by it.',
    }),
    proxyProtocol: addressBlocks().optional().meta({
      description:
        'Balancers that begin each connection with a PROXY header: from there one must come, from elsewhere none is read.',
    }),
    threads: z
      .union([z.literal('auto'), z.int().min(1).max(MOST_THREADS)], { error: `must be auto or 1 to ${MOST_THREADS}` })
      .prefault('auto')
      .meta({
        description: 'How many threads serve requests; `auto` is one for each core. More than one only on Linux.',
      }),
  })
  .prefault({})
  .meta({ description: 'What the gateway listens on for clients.' });

/** The keys of `admin`. */
export const adminSchema = z
  .strictObject({
    host: listenHost('The address of the admin port. Anything but loopback opens it beyond this machine.'),
    port: port(9443, 'The port; 0 is any free one.'),
    decisions: z
      .strictObject({
        key: z.string().transform(readSecretText).meta({
          title: 'reference',
          description: 'The key that they show: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
        }),
      })
      .optional()
      .meta({ description: 'Who may ask for decisions (AuthZEN) and for nothing else of the admin API.' }),
  })
  .prefault({})
  .meta({ description: 'The port for operators: health and metrics. It serves nothing of the APIs.' });

/** Fills in what depends on where the configuration file lies. */
export function toServerConfig(raw: z.output<typeof serverSchema>, file: string): ServerConfig {
  return {
    host: raw.host,
    threads: raw.threads,
    https: toHttpsConfig(raw, file),
    http: raw.http === 'off' ? null : raw.http,
    connectionsPerAddress: raw.connectionsPerAddress,
    proxyProtocol: raw.proxyProtocol ?? [],
  };
}

function toHttpsConfig(raw: z.output<typeof serverSchema>, file: string): HttpsConfig {
  const { https } = raw;
  const clients = toClients(https, 'server.https', file);
  return {
    port: https.port,
    certificate: toCertificateConfig(raw, file),
    clients,
    hosts: toHosts(https.hosts ?? {}, clients, file),
    acceptNodeBelowFloor: https.acceptNodeBelowFloor,
  };
}

function toCertificateConfig(server: z.output<typeof serverSchema>, file: string): CertificateConfig {
  const raw = server.https.certificate;
  if (raw === 'local') return { kind: 'local' };
  if ('acme' in raw) return toAcmeConfig(raw.acme, { file, http: server.http !== 'off' });
  return toFileCertificate(raw, file);
}

/** The admin port. */
export function toAdminConfig(raw: z.output<typeof adminSchema>): Config['admin'] {
  return { host: raw.host, port: raw.port, decisions: raw.decisions ?? null };
}
