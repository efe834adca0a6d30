import { isIP } from 'node:net';
import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { TargetSource } from '../ports/index.ts';
import type { DiscoverConfig } from './config.ts';
import { authorityOf } from './authority.ts';
import { absolute } from './path.ts';
import { parsed, path } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { isPlainPath, parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';
import { isClear } from './web-url.ts';
import { words } from './words.ts';

/** Where Kubernetes puts what a program needs to ask it. */
const ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const KINDS = ['dns', 'srv', 'file', 'consul', 'kubernetes'] as const;

const consul = z.strictObject({
  url: parsed(readApi).meta({
    title: 'URL',
    description: 'Where an agent of Consul answers, such as http://127.0.0.1:8500.',
  }),
  service: parsed(readService).meta({ title: 'name', description: 'The service whose instances are the targets.' }),
  tag: parsed(readService).optional().meta({ title: 'name', description: 'Only instances with this tag.' }),
  datacenter: parsed(readService)
    .optional()
    .meta({ title: 'name', description: 'The datacenter, where it is not the agent’s own.' }),
  token: z.string().transform(readSecretText).optional().meta({
    title: 'reference',
    description: 'The token that is sent with each question: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
  }),
  ca: path('The CAs that vouch for the agent’s certificate, PEM, instead of those of the system.').optional(),
});

const kubernetesPort = z.union(
  [
    z.int({ error: 'a port is a whole number from 1 to 65535' }).min(1).max(65_535),
    parsed(readLabel).meta({ title: 'name' }),
  ],
  { error: words('a port is a whole number from 1 to 65535, or its name', 'such as 8080 or http') },
);

const kubernetes = z.strictObject({
  service: parsed(readLabel).meta({ title: 'name', description: 'The service whose endpoints are the targets.' }),
  namespace: parsed(readLabel).meta({ title: 'name', description: 'Its namespace.' }),
  port: kubernetesPort.meta({
    description: 'The port of the endpoints: a number, or the name that the service gives it.',
  }),
  api: parsed(readApi).optional().meta({
    title: 'URL',
    description: 'Where the API answers; if nothing is said, the one of the cluster that the gateway runs in.',
  }),
  token: path(
    'A file with the token that is sent; read anew each time. If nothing is said, that of the service account, unless `api` is given.',
  ).optional(),
  ca: path(
    'The CAs that vouch for the API, PEM; read anew each time. If nothing is said, those of the service account, unless `api` is given.',
  ).optional(),
});

const keys = {
  dns: parsed(readNameUrl).optional().meta({
    title: 'URL',
    description: 'All addresses (A and AAAA) of the host of this URL are targets, each with the port of the URL.',
  }),
  srv: parsed(readServiceUrl).optional().meta({
    title: 'URL',
    description:
      'The hosts and ports that the SRV records of this name say are targets (RFC 2782), such as http://_http._tcp.orders.internal.',
  }),
  file: path('A YAML or JSON file with a list `targets`, read again at once when it changes.').optional(),
  consul: consul.optional().meta({ description: 'The instances of a service in Consul that pass their checks.' }),
  kubernetes: kubernetes.optional().meta({ description: 'The ready endpoints of a service in Kubernetes.' }),
  family: z.enum(['any', 'ipv4', 'ipv6']).optional().meta({
    description: 'Which addresses of names are targets, with `dns` and `srv`; `any` if nothing is said.',
  }),
  resolver: parsed(readResolver).optional().meta({
    title: 'ADDRESS:PORT',
    description: 'The server that names are asked of, with `dns` and `srv`, instead of those in /etc/resolv.conf.',
  }),
  scheme: z.enum(['http', 'https']).optional().meta({
    description:
      'What the targets are spoken to over, with `file`, `consul` and `kubernetes`; `http` if nothing is said.',
  }),
  path: parsed(readPath).optional().meta({
    title: 'path',
    description: 'A path that is put before every request’s, with `file`, `consul` and `kubernetes`.',
  }),
};

/** Which keys go with which kinds; those that are not here go with all. */
const ONLY_WITH = {
  family: ['dns', 'srv'],
  resolver: ['dns', 'srv'],
  scheme: ['file', 'consul', 'kubernetes'],
  path: ['file', 'consul', 'kubernetes'],
} as const;

/** Where the targets of an upstream are found while it runs: one source. */
export const discoverSchema = z
  .strictObject(keys)
  .superRefine((raw, context) => {
    const said = KINDS.filter((kind) => raw[kind] !== undefined);
    const [kind, second] = said;
    if (kind === undefined) {
      context.addIssue({
        code: 'custom',
        message: words('this does not say where targets are found', `give one of ${KINDS.join(', ')}`),
      });
      return;
    }
    if (second !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [second],
        message: words(`targets are found by \`${kind}\` already`, 'keep one of the two'),
      });
      return;
    }
    const asked = { consul: raw.consul?.url, kubernetes: raw.kubernetes?.api };
    for (const api of ['consul', 'kubernetes'] as const) {
      if (raw[api]?.token === undefined || !isClear(asked[api] ?? '')) continue;
      const message = words('a token is sent over plain http on loopback only: others could read it', 'use https');
      context.addIssue({ code: 'custom', path: [api, 'token'], message });
    }
    for (const [key, kinds] of Object.entries(ONLY_WITH)) {
      const isSaid = raw[key as keyof typeof ONLY_WITH] !== undefined;
      const fits = (kinds as readonly string[]).includes(kind);
      if (isSaid && !fits)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: words(`this says nothing of \`${kind}\``, 'take it away'),
        });
    }
  })
  .meta({ description: 'Where targets are found while the gateway runs, instead of `targets`.' });

type Raw = z.output<typeof discoverSchema>;

/** What a source of targets says of all of them. */
export interface DiscoveredUpstream {
  readonly scheme: 'http' | 'https';
  readonly pathPrefix: string;
  readonly discover: DiscoverConfig;
}

/** How all targets are spoken to that are found so. */
export function kindOfFound({
  dns,
  srv,
  scheme = 'http',
  path: pathPrefix = '',
}: Raw): Pick<UpstreamUrl, 'scheme' | 'pathPrefix'> {
  return dns ?? srv ?? { scheme, pathPrefix };
}

/** Makes a source of what was written. `allowed`: blocks of addresses that may be connected to although nobody wrote them down. */
export function toDiscover(raw: Raw, file: string, allowed: readonly string[]): DiscoveredUpstream {
  const { dns, srv } = raw;
  const { scheme, pathPrefix } = kindOfFound(raw);
  const asked = { family: raw.family ?? 'any', resolver: raw.resolver ?? null, allowed };
  if (dns !== undefined) {
    const source = { kind: 'dns', name: dns.host, port: dns.port, ...asked } as const;
    return { scheme, pathPrefix, discover: { source, name: dns.host, authority: authorityOf(scheme, dns) } };
  }
  if (srv !== undefined) {
    const source = { kind: 'srv', name: srv.host, ...asked } as const;
    // The domain that the service is of is what its hosts prove to be (RFC 6125 §1.8).
    const name = srv.host.replace(/^(_[^.]*\.)+/, '');
    return { scheme, pathPrefix, discover: { source, name, authority: name } };
  }
  return { scheme, pathPrefix, discover: { source: sourceOf(raw, file, allowed), name: null, authority: null } };
}

function sourceOf(
  { file: list, consul: agent, kubernetes: cluster }: Raw,
  file: string,
  allowed: readonly string[],
): TargetSource {
  if (list !== undefined) return { kind: 'file', path: absolute(list, file) };
  if (agent !== undefined) {
    const { url, service, tag = null, datacenter = null, token = null, ca } = agent;
    const caFile = ca === undefined ? null : absolute(ca, file);
    return { kind: 'consul', url, service, tag, datacenter, token, caFile, allowed };
  }
  if (cluster === undefined) throw new Error('a source passed the schema that is of no kind');
  const { service, namespace, port, api = null, token, ca } = cluster;
  const ofAccount = (name: string): string | null => (api === null ? `${ACCOUNT_FOLDER}/${name}` : null);
  const tokenFile = token === undefined ? ofAccount('token') : absolute(token, file);
  const caFile = ca === undefined ? ofAccount('ca.crt') : absolute(ca, file);
  return { kind: 'kubernetes', api, service, namespace, port, tokenFile, caFile, allowed };
}

function readNameUrl(text: string): Result<UpstreamUrl, string> {
  const url = parseUpstreamUrl(text);
  if (!url.ok) return url;
  if (isIP(url.value.host) !== 0) return err(words('this is an address already', 'write it into `targets`'));
  if (/(^|\.)localhost$/.test(url.value.host)) {
    return err(words('this machine is not asked for by name', 'write http://127.0.0.1:PORT into `targets`'));
  }
  return url;
}

function readServiceUrl(text: string): Result<UpstreamUrl, string> {
  const url = readNameUrl(text);
  if (!url.ok) return url;
  return /^https?:\/\/[^/]*:/.test(text) ? err(words('the SRV records say the port', 'take it away')) : url;
}

/** The API of Consul or Kubernetes; a path is kept, for both may stand behind a proxy. */
function readApi(text: string): Result<string, string> {
  const url = parseUpstreamUrl(text);
  if (!url.ok) return url;
  return ok(`${url.value.scheme}://${authorityOf(url.value.scheme, url.value)}${url.value.pathPrefix}`);
}

/** Names of Consul: bounded, and without what could be read in two ways. */
function readService(text: string): Result<string, string> {
  return /^[A-Za-z0-9_.:-]{1,128}$/.test(text)
    ? ok(text)
    : err(words('a name here is of letters, digits, `-`, `_`, `.` and `:`', '128 characters at most'));
}

/** Names of Kubernetes are labels of the DNS (RFC 1123). */
function readLabel(text: string): Result<string, string> {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
    ? ok(text)
    : err(words('a name here is of a-z, 0-9 and `-`', '63 characters at most'));
}

/** Reads the address of a server of names: `127.0.0.1:53` or `[::1]:53`. The error is in `words`. */
export function readResolver(text: string): Result<string, string> {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const isAddress =
    bracketed === undefined ? isIP(plain ?? '') === 4 : isIP(bracketed) === 6 && !bracketed.includes('%');
  const isPort = Number(port) > 0 && Number(port) < 65_536;
  return isAddress && isPort
    ? ok(text)
    : err(words('a server of names is an address with its port', 'such as 127.0.0.1:53 or [::1]:53'));
}

function readPath(text: string): Result<string, string> {
  return isPlainPath(text)
    ? ok(text)
    : err(words('a path here must be in its plainest form', 'write it like /internal/v1, nothing encoded'));
}
