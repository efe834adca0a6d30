import { dirname } from 'node:path';
import { createDnsHook } from '../adapters/index.ts';
import { err, ok, type Result, type Secret } from '../base/index.ts';
import {
  type CertificatePorts,
  type CertificateService,
  type HostCertificate,
  type HostCertificates,
  joinCertificates,
  openAcmeService,
  openCertificates,
} from '../certificates/index.ts';
import {
  type AcmeConfig,
  type Config,
  type FileCertificateConfig,
  hasOwnCertificate,
  parseSecretReference,
} from '../config/index.ts';
import type { Alerts, Certificates, Keyring, Store } from '../ports/index.ts';
import { acmeSettings } from './acme-settings.ts';
import type { ControlMetrics } from './control-metrics.ts';
import type { HostPorts } from './host-ports.ts';
import { createNodeChallenges, type TableThreads } from './node-challenges.ts';
import { certificateFolder } from './running-file.ts';
import { openSharedCertificates } from './shared-certificates.ts';

/** The certificates of a node: `local` is always there, for the admin API; `served` is what clients of the APIs see. */
export interface NodeCertificates {
  readonly local: CertificateService;
  readonly served: Certificates;
  /** Who answers CAs that look whether a name is ours. */
  serveBy(threads: TableThreads): void;
  /** Clients and CAs can reach the ports from now on. */
  begin(): void;
  /**
   * The hosts of a configuration that may soon be in force: the local certificate names them too from now on, and those
   * before still; the files of those that have a certificate of their own are read. Nothing is asked of a CA: the
   * configuration may yet be refused.
   */
  prepare(config: Config): Promise<Result<void, CertificateFault>>;
  /** This configuration is in force: its hosts and no others are named. Never waits for a CA. */
  follow(config: Config): Promise<void>;
  close(): Promise<void>;
}

/** Why there is nothing to serve with: a key path of the configuration, and words for the operator. */
export interface CertificateFault {
  readonly path: string;
  readonly words: string;
}

/** What opening them takes. `file` is the configuration file, where relative paths start. */
export interface NodeCertificateOptions {
  readonly config: Config;
  readonly file: string;
  readonly host: HostPorts;
  readonly keyring: Keyring;
  readonly alerts: Alerts;
  readonly store: Store;
  /** What the keys of a folder that nodes share are protected by. */
  readonly passphrase: Secret | null;
  readonly metrics: Pick<ControlMetrics, 'certificateOrdered'>;
}

/** What the APIs are served with, beside the local certificate. */
interface Served extends Pick<NodeCertificates, 'serveBy' | 'begin'> {
  readonly service: CertificateService;
  /** Behind the closing of the service. */
  readonly closeStore: () => Promise<void>;
}

/**
 * Opens the local certificate, beside it those from files or from a CA where the configuration names some, and those of
 * single hosts.
 */
export async function openNodeCertificates(
  options: NodeCertificateOptions,
): Promise<Result<NodeCertificates, CertificateFault>> {
  const { config } = options;
  const ports = portsOf(options);
  const folder = certificateFolder(config.dataFolder);
  const local = await openCertificates({ source: { kind: 'local', folder, names: namesOf(config) }, ports });
  if (!local.ok) return faulty(local.error);
  const served = await openServed(options, local.value);
  if (!served.ok) {
    local.value.close();
    return faulty(served.error);
  }
  const { service, serveBy, begin, closeStore } = served.value;
  const own = joinCertificates(service, ports);
  const close = async (): Promise<void> => {
    own.close();
    service.close();
    local.value.close();
    await closeStore();
  };
  const parts = { local: local.value, standard: service, own };
  const prepared = await prepareOwn(options, own, config);
  if (!prepared.ok) {
    await close();
    return prepared;
  }
  own.follow(ownOf(config).map(idOf));
  return ok({ local: local.value, served: own, serveBy, begin, ...followingNames(options, parts), close });
}

function faulty(words: string): Result<never, CertificateFault> {
  return err({ path: STANDARD_PATH, words });
}

/** The certificates by whom they are for: the admin API and localhost, all hosts, and single hosts. */
interface Parts {
  readonly local: CertificateService;
  readonly standard: CertificateService;
  readonly own: HostCertificates;
}

function followingNames(
  options: NodeCertificateOptions,
  { local, standard, own }: Parts,
): Pick<NodeCertificates, 'prepare' | 'follow'> {
  const { log } = options.host;
  let current = options.config;
  return {
    prepare: async (next) => {
      const files = await prepareOwn(options, own, next);
      if (!files.ok) return files;
      const both = await local.setNames([...new Set([...namesOf(current), ...namesOf(next)])]);
      // Together they may be more than one certificate has room for.
      const named = both.ok ? both : await local.setNames(namesOf(next));
      return named.ok ? named : faulty(named.error);
    },
    follow: async (config) => {
      const isNew = !sameTexts(hostsOf(config), hostsOf(current));
      current = config;
      // The local one has said so itself where it can't be made; it is tried again.
      await local.setNames(namesOf(config));
      const named = !isNew || standard === local ? ok(undefined) : await standard.setNames(hostsOf(config));
      if (!named.ok) log.write('error', 'certificate.names-refused', named.error);
      own.follow(ownOf(config).map(idOf));
    },
  };
}

/** Reads the files of the hosts that have a certificate of their own. */
async function prepareOwn(
  { file, host }: NodeCertificateOptions,
  own: HostCertificates,
  config: Config,
): Promise<Result<void, CertificateFault>> {
  const wanted: HostCertificate[] = [];
  for (const one of ownOf(config)) {
    const key = await keySource(one.certificate.key, dirname(file), host.secrets);
    if (!key.ok) return err({ path: `${one.path}.certificate.key`, words: key.error });
    const { name, certificate } = one;
    wanted.push({ id: idOf(one), name, certificatePath: certificate.certificate, key: key.value });
  }
  const prepared = await own.prepare(wanted);
  if (prepared.ok) return prepared;
  const at = ownOf(config).find(({ name }) => name === prepared.error.name)?.path ?? 'server.https.hosts';
  return err({ path: `${at}.certificate`, words: prepared.error.words });
}

interface OwnCertificate {
  readonly name: string;
  readonly certificate: FileCertificateConfig;
  readonly path: string;
}

function ownOf({ server }: Config): readonly OwnCertificate[] {
  return server.https.hosts.flatMap(({ name, certificate, path }) =>
    certificate === null ? [] : [{ name, certificate, path }],
  );
}

function idOf({ name, certificate }: OwnCertificate): string {
  return JSON.stringify([name, certificate.certificate, certificate.key]);
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}

async function openServed(options: NodeCertificateOptions, local: CertificateService): Promise<Result<Served, string>> {
  const { certificate } = options.config.server.https;
  switch (certificate.kind) {
    case 'local':
      return ok({ service: local, ...ALONE });
    case 'files': {
      const key = await keySource(certificate.key, dirname(options.file), options.host.secrets);
      if (!key.ok) return key;
      const source = { kind: 'file', certificatePath: certificate.certificate, key: key.value } as const;
      const service = await openCertificates({ source, ports: portsOf(options) });
      return service.ok ? ok({ service: service.value, ...ALONE }) : service;
    }
    case 'acme':
      return await openAcme(options, certificate, local);
  }
}

/** Nobody else is needed for them. */
const ALONE = { serveBy: (): void => {}, begin: (): void => {}, closeStore: (): Promise<void> => Promise.resolve() };

async function openAcme(
  options: NodeCertificateOptions,
  config: AcmeConfig,
  local: CertificateService,
): Promise<Result<Served, string>> {
  const { host, alerts, passphrase, metrics } = options;
  const settings = await acmeSettings(config, { file: options.file, secrets: options.config.secrets }, host);
  if (!settings.ok) return settings;
  const { folder } = config;
  const shared = folder === null ? null : await openSharedCertificates({ folder, passphrase, host });
  if (shared !== null && !shared.ok) return shared;
  const closeStore = async (): Promise<void> => await shared?.value.close();
  const { clock, log, egress } = host;
  const challenges = createNodeChallenges({ clock, log, alerts });
  const opened = await openAcmeService({
    settings: settings.value,
    names: hostsOf(options.config),
    fallback: local,
    ports: {
      ...portsOf(options),
      egress,
      store: shared?.value ?? options.store,
      isShared: shared !== null,
      publish: (answers) => challenges.publish(answers),
      hook: config.dnsHook === null ? null : createDnsHook({ path: config.dnsHook.path, clock, log }),
      ordered: (directory, result) => metrics.certificateOrdered(new URL(directory).host, result),
    },
  });
  if (!opened.ok) {
    await closeStore();
    return opened;
  }
  const service = opened.value;
  return ok({
    service,
    closeStore,
    serveBy: (threads) => challenges.serveBy(threads),
    begin: () => service.begin(),
  });
}

function portsOf({ host, keyring, alerts }: NodeCertificateOptions): CertificatePorts {
  const { clock, files, log, random } = host;
  return { files, clock, random, keyring, alerts, log };
}

/** The hosts that the certificate of the https port is for: those that have none of their own. */
function hostsOf({ apis, server }: Config): readonly string[] {
  const hosts = new Set(apis.flatMap(({ host }) => host ?? []));
  return [...hosts].filter((host) => !hasOwnCertificate(server.https, host));
}

/** The hosts that the local certificate must cover besides localhost. */
function namesOf(config: Config): readonly string[] {
  const own = [config.server.host, config.admin.host].filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set([...own, ...config.apis.flatMap(({ host }) => host ?? [])])];
}

const STANDARD_PATH = 'server.https.certificate';

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
