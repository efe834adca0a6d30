import { dirname } from 'node:path';
import { ok, type Result, type Secret } from '../base/index.ts';
import { type CertificateService, openCertificates } from '../certificates/index.ts';
import { type Config, parseSecretReference } from '../config/index.ts';
import type { Alerts, Keyring } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';
import { certificateFolder } from './running-file.ts';

/** The certificates of a node: `local` is always there, for the admin API; `served` is what clients of the APIs see. */
export interface NodeCertificates {
  readonly local: CertificateService;
  readonly served: CertificateService;
  close(): void;
}

/** What opening them takes. `file` is the configuration file, where relative paths start. */
export interface NodeCertificateOptions {
  readonly config: Config;
  readonly file: string;
  readonly host: HostPorts;
  readonly keyring: Keyring;
  readonly alerts: Alerts;
}

/** Opens the local certificate, and beside it the one from files where the configuration names some. */
export async function openNodeCertificates(options: NodeCertificateOptions): Promise<Result<NodeCertificates, string>> {
  const { config, keyring, alerts } = options;
  const { clock, files, log, random, secrets } = options.host;
  const ports = { files, clock, random, keyring, alerts, log };
  const folder = certificateFolder(config.dataFolder);
  const local = await openCertificates({ source: { kind: 'local', folder, names: namesOf(config) }, ports });
  if (!local.ok) return local;
  const { certificate } = config.server.https;
  if (certificate.kind === 'local')
    return ok({ local: local.value, served: local.value, close: () => local.value.close() });
  const key = await keySource(certificate.key, dirname(options.file), secrets);
  const served = key.ok
    ? await openCertificates({
        source: { kind: 'file', certificatePath: certificate.certificate, key: key.value },
        ports,
      })
    : key;
  if (!served.ok) {
    local.value.close();
    return served;
  }
  const close = (): void => {
    served.value.close();
    local.value.close();
  };
  return ok({ local: local.value, served: served.value, close });
}

/** The hosts that the local certificate must cover besides localhost. */
export function namesOf(config: Config): readonly string[] {
  const own = [config.server.host, config.admin.host].filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set([...own, ...config.apis.flatMap((api) => (api.host === null ? [] : [api.host]))])];
}

type KeySource = { readonly path: string } | { readonly secret: Secret };

/** A key in a file is watched and read again when it changes; one from the environment is what it was at the start. */
async function keySource(
  reference: string,
  folder: string,
  secrets: HostPorts['secrets'],
): Promise<Result<KeySource, string>> {
  const parsed = parseSecretReference(reference, folder);
  if (!parsed.ok) return parsed;
  if (parsed.value.scheme === 'file') return ok({ path: parsed.value.path });
  const secret = await secrets.resolve(parsed.value);
  return secret.ok ? ok({ secret: secret.value }) : secret;
}
