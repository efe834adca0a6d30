import { isIP } from 'node:net';
import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { tellOfStrays, toClients, trustKeys } from './client-trust.ts';
import type { ClientTrustConfig, Config, FileCertificateConfig, HttpsHostConfig } from './config.ts';
import { readHost } from './host-name.ts';
import { formatKeyPath } from './key-path.ts';
import { stands } from './own-certificate.ts';
import { absolute } from './path.ts';
import { placeAt } from './place-at.ts';
import { keyReference, privateKey } from './private-key.ts';
import { parsed, path } from './scalars.ts';
import { words } from './words.ts';

/** Each costs TLS contexts in every thread: one for its certificate, and one for each trust that it is used with. */
const HOST_LIMIT = 500;

/** A certificate in files. */
export const filePair = z.strictObject({
  cert: path('The certificate and those above it up to the root, PEM.'),
  key: privateKey('Its private key, PEM: a file, or `${file:PATH}` or `${env:NAME}`.', 'host'),
});

const host = z
  .strictObject({
    certificate: filePair.optional().meta({
      description: 'The certificate that clients of this host see, instead of that of the https port.',
    }),
    ...trustKeys,
  })
  .superRefine((value, context) => tellOfStrays(value, context));

/** The key `server.https.hosts`. */
export const httpsHosts = z
  .record(parsed(readNamedHost), host)
  .refine((hosts) => Object.keys(hosts).length <= HOST_LIMIT, { error: `at most ${HOST_LIMIT} hosts can be named` })
  .superRefine((hosts, context) => {
    for (const [name, said] of Object.entries(hosts)) tellOfPatterns(name, said, context);
  })
  .optional()
  .meta({
    description:
      'What single hosts have of their own, by the name that clients ask for; `*.acme.example` for a certificate of all hosts with one label more.',
  });

/** Clients name no address in the handshake (RFC 6066 §3): what is said of one would be asked of nobody. */
function readNamedHost(value: string): Result<string, string> {
  const isPattern = value.startsWith('*.') && value.indexOf('.', 2) > 0;
  const read = readHost(isPattern ? value.slice(2) : value);
  if (!read.ok) return read;
  if (isIP(read.value) === 0 && !read.value.startsWith('[')) return ok(value);
  return err(words('clients name no address in the handshake', 'name a host, or say it of all at `server.https`'));
}

/** Who may come in is said of whole names only: what a pattern means must not be guessed where it decides that. */
function tellOfPatterns(name: string, said: z.output<typeof host>, context: z.RefinementCtx): void {
  if (!name.startsWith('*.')) return;
  for (const key of ['clientCa', 'clientCrl', 'clientNames'] as const) {
    if (said[key] === undefined) continue;
    const message = words('what clients must show is said of one full name', 'name each host by itself');
    context.addIssue({ code: 'custom', path: [name, key], message });
  }
}

/** The hosts; where one says nothing of clients, it is as for all. */
export function toHosts(
  raw: NonNullable<z.output<typeof httpsHosts>>,
  standard: ClientTrustConfig | null,
  file: string,
): readonly HttpsHostConfig[] {
  return Object.entries(raw).map(([name, said]) => {
    const at = formatKeyPath(['server', 'https', 'hosts', name]);
    return {
      name,
      clients: said.clientCa === undefined ? standard : toClients(said, at, file),
      certificate: said.certificate === undefined ? null : toFileCertificate(said.certificate, file),
      path: at,
    };
  });
}

/** Fills in what depends on where the configuration file lies. */
export function toFileCertificate(raw: z.output<typeof filePair>, file: string): FileCertificateConfig {
  return { kind: 'files', certificate: absolute(raw.cert, file), key: keyReference(raw.key, file) };
}

/**
 * A host that no API names is mostly a slip, and its clients are judged as those of all others. An API without a host
 * answers for all: what one host asks of clients, nobody needs to show who asks for another.
 */
export function hostWarnings({ server, apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const { clients, hosts } = server.https;
  const warn = (path: string, message: string, fix: string): Issue => {
    const place = placeAt(places, path);
    return { ...errorIssue(path, message, { place, fix }), severity: 'warning' };
  };
  const open = apis.filter((api) => api.host === null);
  if (open.length === 0) {
    const known = apis.flatMap((api) => api.host ?? []);
    return hosts
      .filter(({ name }) => !known.some((one) => stands(name, one)))
      .map((unknown) => warn(unknown.path, 'no API answers for this host', 'name a `host` of an API'));
  }
  const all = [clients, ...hosts.filter(({ name }) => !name.startsWith('*.')).map((one) => one.clients)];
  if (all.every((trust) => trust === null) || all.every((trust) => trust !== null)) return [];
  const fix = 'give the API its `host`';
  return open.map((api) =>
    warn(api.path, 'answers for every host, so also where clients are asked for no certificate', fix),
  );
}
