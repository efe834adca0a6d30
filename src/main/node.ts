import { randomBytes } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import type { SharedMeterReader } from '../adapters/index.ts';
import { createIdSource, err, errorIssue, type Issue, judgeNode, ok, type Result, type Secret } from '../base/index.ts';
import { type CertificateService, localCaPath } from '../certificates/index.ts';
import { type Config, gather, type Gathered, type GatherOptions, parseConfig } from '../config/index.ts';
import { type AdminBackend, Conductor, type ConductorOptions, REVISIONS } from '../control/index.ts';
import type { OpenPorts } from '../gateway/index.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { type AlertWebhook, openAlertWebhook } from './alert-webhook.ts';
import { type AdminBackendOptions, createAdminBackend } from './admin-backend.ts';
import { type AdminListener, listenAdmin } from './admin-listener.ts';
import { type ControlMetrics, createControlMetrics, openMeters } from './control-metrics.ts';
import { createCompileWorker } from './compile-host.ts';
import { type DataFolder, type DataFolderOptions, openAdminKey, openDataFolder } from './data-folder.ts';
import { connectionsFor, descriptorLimit } from './descriptors.ts';
import type { HostPorts } from './host-ports.ts';
import { createOfflineKinds, listKinds } from './kinds.ts';
import { type NodeIssuers, openNodeIssuers } from './node-issuers.ts';
import { type NodeCertificates, namesOf, openNodeCertificates } from './node-certificates.ts';
import { certificateFolder, removeRunningFile, writeRunningFile } from './running-file.ts';
import { changeRecorder, ledgerFolder, pseudonymKey } from './ledger-changes.ts';
import { type LedgerHost, startLedger } from './ledger-host.ts';
import { watchSpace } from './space-watch.ts';
import { ThreadHost } from './thread-host.ts';

const DRAIN_GRACE_MS = 10_000;

/** What a node is started with. */
export interface NodeOptions {
  readonly host: HostPorts;
  /** Absolute; relative paths in the configuration start there. */
  readonly file: string;
  /** Reads the configuration's text, now and at each reload. */
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  readonly author: string;
  readonly version: string;
  readonly nodeVersion: string;
  readonly passphrase: Secret | null;
  /** The data plane has died: nothing is served any more. */
  readonly lost: (reason: string) => void;
}

/** A running node. */
export interface GatewayNode {
  readonly ports: { readonly https: number; readonly http: number | null; readonly admin: number };
  readonly config: Config;
  /** Where the CA is that clients must trust, or null where the certificate is not ours. */
  readonly caFile: string;
  readonly warnings: readonly Issue[];
  reload(author: string): Promise<Result<{ readonly revision: number }, readonly Issue[]>>;
  stop(): Promise<void>;
}

/**
 * Starts a node: configuration, data folder, certificates, gateway thread, admin API, and then the ports for clients,
 * https last. Nothing is open to them before the Snapshot is ready.
 */
export async function startNode(options: NodeOptions): Promise<Result<GatewayNode, readonly Issue[]>> {
  const { host, file, passphrase } = options;
  const text = await options.readText();
  if (!text.ok) return err([errorIssue('', text.error)]);
  const kinds = listKinds(createOfflineKinds());
  const parsed = parseConfig(text.value, { file, kinds });
  if (!parsed.ok) return parsed;
  // The number comes from the history, and that is opened only for a configuration that can be used.
  const gathered = await gather(parsed.value, { ...ioOf(host), revision: 0 });
  if (!gathered.ok) return gathered;
  const meters = openMeters();
  const metrics = createControlMetrics(meters.meter);
  const webhook = openAlertWebhook({ ...host, onLost: () => metrics.webhookAlertLost() });
  const path = gathered.value.config.dataFolder;
  const folder: DataFolderOptions = { ...host, path, passphrase, onNewAlert: (record) => webhook.send(record) };
  const data = await openDataFolder(folder);
  if (!data.ok) return err([errorIssue('data', data.error)]);
  const starting = new Starting(options, { data: data.value, folder, webhook, meters: meters.reader, metrics });
  const node = await starting.run(gathered.value);
  if (!node.ok) await starting.undo();
  return node;
}

function ioOf({ files, secrets, egress }: HostPorts): Omit<GatherOptions, 'revision'> {
  return { files, secrets, egress };
}

/** What stands before anything else of a node does. */
interface Opened {
  readonly data: DataFolder;
  readonly folder: DataFolderOptions;
  readonly webhook: AlertWebhook;
  readonly meters: SharedMeterReader;
  readonly metrics: ControlMetrics;
}

/** The parts of a node while they are being put together, so that a failure can undo what stands already. */
class Starting {
  readonly #options: NodeOptions;
  readonly #data: DataFolder;
  readonly #folder: DataFolderOptions;
  readonly #webhook: AlertWebhook;
  readonly #meters: SharedMeterReader;
  readonly #metrics: ControlMetrics;
  readonly #undo: (() => Promise<void> | void)[] = [];
  readonly #startedAt: number;

  constructor(options: NodeOptions, { data, folder, webhook, meters, metrics }: Opened) {
    this.#options = options;
    this.#data = data;
    this.#folder = folder;
    this.#webhook = webhook;
    this.#meters = meters;
    this.#metrics = metrics;
    this.#startedAt = options.host.clock.now();
    this.#undo.push(() => webhook.close());
    this.#undo.push(() => data.lock.release());
    this.#undo.push(() => data.store.close());
  }

  /** Takes down what was built, the last first; what can't be taken down keeps nothing else up. */
  async undo(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) {
      try {
        await step();
      } catch (fault) {
        const detail = fault instanceof Error ? fault.message : 'unknown fault';
        this.#options.host.log.write('error', 'stop.fault', 'a part of the gateway could not be taken down', {
          detail,
        });
      }
    }
  }

  async run(gathered: Gathered): Promise<Result<GatewayNode, readonly Issue[]>> {
    const { host, file } = this.#options;
    const { config } = gathered;
    const key = await openAdminKey(this.#data, this.#folder);
    if (!key.ok) return err([errorIssue('data', key.error)]);
    const { keyring, alerts } = this.#data;
    const ledger = await this.#startLedger(config);
    if (!ledger.ok) return err([errorIssue('data', ledger.error)]);
    const certificates = await openNodeCertificates({ config, file, host, keyring, alerts });
    if (!certificates.ok) return err([errorIssue('server.https.certificate', certificates.error)]);
    this.#undo.push(() => certificates.value.close());
    const issuers = openNodeIssuers({ host, alerts, metrics: this.#metrics });
    this.#undo.push(() => issuers.keys.close());
    const thread = this.#startThread(
      certificates.value,
      issuers,
      config.audit === 'off' ? null : ledger.value.connect(),
    );
    const record = changeRecorder(ledger.value.ledger, host);
    const conductor = this.#conductor({ thread, certificates: certificates.value, issuers, record });
    const ports: MutablePorts = { https: 0, http: null, admin: 0 };
    const backend = this.#backend(config, { conductor, thread, issuers, ledger: ledger.value, ports });
    const admin = await this.#openAdmin(config, backend, certificates.value.local);
    if (!admin.ok) return admin;
    ports.admin = admin.value.port;
    const first = { ...gathered, revision: await conductor.nextRevision() };
    // Alerts of the start itself are to be heard of too.
    this.#webhook.follow(first);
    this.#undo.push(watchSpace({ folder: config.dataFolder, files: host.files, clock: host.clock, alerts }));
    // On the first start whoever needs no issuer is served, whatever can be had of their keys.
    await issuers.fill(first);
    const begun = await conductor.begin(first, this.#options.author);
    if (!begun.ok) return begun;
    const opened = await this.#open(thread, config);
    if (!opened.ok) return opened;
    Object.assign(ports, opened.value);
    conductor.opened();
    await this.#announce(config, ports);
    const life = { author: this.#options.author, target: 'gateway', before: null, after: first.hash };
    record({ ...life, action: 'gateway.start' });
    return ok({
      ports,
      config,
      caFile: localCaPath(certificateFolder(config.dataFolder)),
      warnings: gathered.warnings,
      reload: (author) => conductor.reload(author),
      stop: async () => {
        conductor.drain();
        await thread.drain(DRAIN_GRACE_MS);
        await conductor.settled();
        record({ ...life, action: 'gateway.stop', before: conductor.current?.hash ?? null, after: null });
        await this.undo();
      },
    });
  }

  #backend({ audit }: Config, parts: BackendParts): AdminBackend {
    const { host, file, version, nodeVersion } = this.#options;
    return createAdminBackend({
      ...parts,
      meters: this.#meters,
      data: this.#data,
      clock: host.clock,
      startedAt: this.#startedAt,
      file,
      version,
      nodeVersion,
      audit,
    });
  }

  async #announce({ admin, dataFolder }: Config, ports: GatewayNode['ports']): Promise<void> {
    const { files, log } = this.#options.host;
    await writeRunningFile(files, dataFolder, { pid: process.pid, admin: { host: admin.host, port: ports.admin } });
    this.#undo.push(() => removeRunningFile(files, dataFolder));
    this.#warnOfOldNode();
    log.write('info', 'gateway.ready', 'the gateway is ready', { version: this.#options.version, ...ports });
  }

  #warnOfOldNode(): void {
    const { below, words } = judgeNode(this.#options.nodeVersion);
    if (!below) return;
    this.#data.alerts.raise({
      kind: 'node.below-security-floor',
      key: this.#options.nodeVersion,
      severity: 'medium',
      message: words,
    });
  }

  /** The ledger ends after all who write to it. */
  async #startLedger({ dataFolder }: Config): Promise<Result<LedgerHost, string>> {
    const { clock, log } = this.#options.host;
    const { alerts } = this.#data;
    const { lost } = this.#options;
    const ledger = await startLedger({ folder: ledgerFolder(dataFolder), clock, log, alerts, lost });
    if (ledger.ok) this.#undo.push(() => ledger.value.close());
    return ledger;
  }

  #startThread(certificates: NodeCertificates, issuers: NodeIssuers, ledger: MessagePort | null): ThreadHost {
    const { clock, log, logLevel } = this.#options.host;
    const { alerts } = this.#data;
    const thread = new ThreadHost({
      name: 'gateway-1',
      logLevel,
      clock,
      log,
      alerts,
      meters: this.#meters,
      keys: issuers.keys,
      ledger,
      pseudonymKey: pseudonymKey(this.#data.keyring),
      lost: (reason) => {
        alerts.raise({
          kind: 'thread.lost',
          key: 'gateway-1',
          severity: 'critical',
          message: `the gateway thread was lost: ${reason}`,
        });
        this.#options.lost(reason);
      },
    });
    issuers.serve((table) => thread.useTable(table));
    const ticketKeys = randomBytes(48);
    const give = (materials: readonly CertificateMaterial[]): void => thread.useCertificates(materials, ticketKeys);
    give(certificates.served.current());
    const stop = certificates.served.onChange(give);
    this.#undo.push(async () => {
      stop();
      await thread.drain(0);
    });
    return thread;
  }

  #conductor({ thread, certificates, issuers, record }: ConductedParts): Conductor {
    const { clock, log } = this.#options.host;
    return new Conductor({
      file: this.#options.file,
      readText: this.#options.readText,
      kinds: listKinds(createOfflineKinds()),
      io: ioOf(this.#options.host),
      threads: thread,
      verifier: createCompileWorker(clock),
      revisions: this.#data.store.collection(REVISIONS),
      clock,
      log,
      alerts: this.#data.alerts,
      record,
      adapt: async (gathered) => {
        const lacking = await issuers.fill(gathered);
        if (lacking.length > 0) return lacking;
        const named = await certificates.local.setNames(namesOf(gathered.config));
        return named.ok ? [] : [errorIssue('server.https.certificate', named.error)];
      },
      follow: async (gathered) => {
        this.#webhook.follow(gathered);
        // One that was refused has added issuers of its own, and one that is new has none of the old.
        await issuers.fill(gathered);
        issuers.retain(gathered);
      },
    });
  }

  async #open(thread: ThreadHost, config: Config): Promise<Result<OpenPorts, readonly Issue[]>> {
    const { host, https, http } = config.server;
    const opened = await thread.listen({
      host,
      httpsPort: https.port,
      http,
      reusePort: false,
      maxConnections: connectionsFor(descriptorLimit()),
    });
    if (!('code' in opened)) return ok(opened);
    const key = opened.port === https.port ? 'server.https.port' : 'server.http.port';
    return err([portIssue(key, { host, port: opened.port, code: opened.code })]);
  }

  async #openAdmin(
    config: Config,
    backend: AdminBackend,
    local: CertificateService,
  ): Promise<Result<AdminListener, readonly Issue[]>> {
    const { clock, log, random } = this.#options.host;
    const hashes = (await this.#data.adminKeys.query({ limit: 1_000 })).map(({ document }) => document.hash);
    const { host, port } = config.admin;
    const nextId = createIdSource(
      (bytes) => random.fill(bytes),
      () => clock.now(),
    );
    const admin = await listenAdmin({
      host,
      port,
      clock,
      certificates: local,
      server: { backend, keyHashes: () => hashes, hosts: [host], log, nextId },
    });
    if ('code' in admin) return err([portIssue('admin.port', { host, port, code: admin.code })]);
    this.#undo.push(() => admin.close());
    return ok(admin);
  }
}

type BackendParts = Pick<AdminBackendOptions, 'conductor' | 'thread' | 'issuers' | 'ledger' | 'ports'>;

interface ConductedParts {
  readonly thread: ThreadHost;
  readonly certificates: NodeCertificates;
  readonly issuers: NodeIssuers;
  readonly record: ConductorOptions['record'];
}

type MutablePorts = { -readonly [P in keyof GatewayNode['ports']]: GatewayNode['ports'][P] };

function portIssue(key: string, { host, port, code }: { host: string; port: number; code: string }): Issue {
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use by another program',
    EACCES: 'may not be opened by this user (ports below 1024 need a right)',
    EADDRNOTAVAIL: `can not be opened on ${host}, which is no address of this machine`,
  };
  return errorIssue(key, `port ${port} ${words[code] ?? `can not be opened (${code})`}`, {
    fix: 'choose another port or stop what uses it',
  });
}
