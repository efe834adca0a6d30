import type { SharedMeterReader } from '../adapters/index.ts';
import { createIdSource, err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { type CertificateService, localCaPath } from '../certificates/index.ts';
import type { Config, Gathered, ParsedConfig } from '../config/index.ts';
import {
  type AdminBackend,
  Conductor,
  type ConductorOptions,
  CspReports,
  Originals,
  REVISIONS,
} from '../control/index.ts';
import type { OpenPorts } from '../gateway/index.ts';
import { type AlertWebhook, openAlertWebhook } from './alert-webhook.ts';
import { type AdminBackendOptions, createAdminBackend } from './admin-backend.ts';
import { type AdminListener, listenAdmin } from './admin-listener.ts';
import type { CompileWorker } from './compile-host.ts';
import { ConfigurationLife } from './configuration-life.ts';
import { type ControlMetrics, createControlMetrics, openMeters } from './control-metrics.ts';
import { type DataFolder, type DataFolderOptions, openAdminKey, openDataFolder } from './data-folder.ts';
import { connectionsFor, descriptorLimit } from './descriptors.ts';
import type { FirstGathering } from './first-gathering.ts';
import { ioOf } from './host-ports.ts';
import { createOfflineKinds, listKinds } from './kinds.ts';
import { type NodeCertificates, openNodeCertificates } from './node-certificates.ts';
import { type NodeLists, openNodeLists } from './node-lists.ts';
import { openDecisionRecords } from './decision-records.ts';
import { decisionKeyHash, openNodeDecisions } from './node-decisions.ts';
import type { GatewayNode, NodeOptions } from './node-options.ts';
import { heapLimitMb, type NodeThreadOptions, openNodeThreads, thisMachine, threadCount } from './node-threads.ts';
import { certificateFolder, removeRunningFile, writeRunningFile } from './running-file.ts';
import { changeRecorder, ledgerFolder } from './ledger-changes.ts';
import { type LedgerHost, startLedger } from './ledger-host.ts';
import { type LiveSources, openLiveSources } from './live-sources.ts';
import { type RevocationWatch, watchRevocations } from './revocation-watch.ts';
import { watchSpace } from './space-watch.ts';
import { certificateIssue, portIssue, spoiledIssue } from './start-issues.ts';
import { warnOfMachine } from './start-warnings.ts';
import type { ThreadGroup } from './thread-group.ts';

const DRAIN_GRACE_MS = 10_000;

/** A configuration that can be used, and who verifies it. */
interface FirstConfiguration {
  readonly parsed: ParsedConfig;
  /** Not whole only where what an earlier run has kept may help. */
  readonly first: FirstGathering;
  /** Has begun with what was gathered, where that is whole. */
  readonly verifier: CompileWorker;
}

/**
 * Starts a node with its first configuration, of which `startNode` tells. In a file of its own, with all that only a
 * node needs which has one: that is half of the code, and is loaded while the verifier is at work.
 */
export async function startGathered(
  options: NodeOptions,
  { parsed, first, verifier }: FirstConfiguration,
): Promise<Result<GatewayNode, readonly Issue[]>> {
  const { host, file, passphrase } = options;
  const meters = openMeters();
  const metrics = createControlMetrics(meters.meter);
  const webhook = openAlertWebhook({ ...host, onLost: () => metrics.webhookAlertLost() });
  // The revision's number comes from the history, and that is opened only for a configuration that can be used.
  const path = parsed.config.dataFolder;
  const folder: DataFolderOptions = { ...host, path, passphrase, onNewAlert: (record) => webhook.send(record) };
  const data = await openDataFolder(folder);
  if (!data.ok) return err([errorIssue('data', data.error)]);
  const life = new ConfigurationLife({ host, file, hasFile: options.hasFile ?? false, data: data.value });
  const opened = { data: data.value, folder, webhook, meters: meters.reader, metrics, life, verifier };
  const starting = new Starting(options, opened);
  const gathered = await life.firstOf(parsed, first, ioOf(host));
  if (gathered.ok && !first.gathered.ok) verifier.begin(gathered.value);
  const node = gathered.ok ? await starting.run(gathered.value) : gathered;
  if (!node.ok) await starting.undo();
  return node;
}

/** What stands before anything else of a node does. */
interface Opened {
  readonly data: DataFolder;
  readonly folder: DataFolderOptions;
  readonly webhook: AlertWebhook;
  readonly meters: SharedMeterReader;
  readonly metrics: ControlMetrics;
  readonly life: ConfigurationLife;
  readonly verifier: CompileWorker;
}

/** The parts of a node while they are being put together, so that a failure can undo what stands already. */
class Starting {
  readonly #options: NodeOptions;
  readonly #data: DataFolder;
  readonly #folder: DataFolderOptions;
  readonly #webhook: AlertWebhook;
  readonly #meters: SharedMeterReader;
  readonly #metrics: ControlMetrics;
  readonly #life: ConfigurationLife;
  readonly #verifier: CompileWorker;
  readonly #originals: Originals;
  readonly #cspReports: CspReports;
  readonly #undo: (() => Promise<void> | void)[] = [];
  readonly #revocations: RevocationWatch;
  readonly #startedAt: number;
  /** Node has raised it as far as it may before anything of ours runs. */
  readonly #descriptorLimit = descriptorLimit();

  constructor(options: NodeOptions, { data, folder, webhook, meters, metrics, life, verifier }: Opened) {
    this.#options = options;
    this.#data = data;
    this.#folder = folder;
    this.#webhook = webhook;
    this.#meters = meters;
    this.#metrics = metrics;
    this.#life = life;
    this.#verifier = verifier;
    this.#revocations = watchRevocations({ clock: options.host.clock, alerts: data.alerts });
    this.#startedAt = options.host.clock.now();
    this.#undo.push(() => this.#revocations.close());
    this.#undo.push(() => webhook.close());
    this.#undo.push(() => data.lock.release());
    this.#undo.push(() => data.store.close());
    const keeping = { store: data.store, clock: options.host.clock, log: options.host.log };
    this.#originals = new Originals({ ...keeping, lost: (count) => metrics.originalsLost(count) });
    this.#undo.push(() => this.#originals.close());
    this.#cspReports = new CspReports({ ...keeping, lost: (count) => metrics.cspReportsLost(count) });
    this.#undo.push(() => this.#cspReports.close());
    this.#undo.push(() => verifier.close());
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
    const threads = threadCount(config.server.threads, thisMachine());
    if (!threads.ok) return err([threads.error]);
    const key = await openAdminKey(this.#data, this.#folder);
    if (!key.ok) return err([errorIssue('data', key.error)]);
    const { keyring, alerts, store } = this.#data;
    const ledger = await this.#startLedger(config);
    if (!ledger.ok) return err([errorIssue('data', ledger.error)]);
    const certificates = await openNodeCertificates({
      ...{ config, file, host, keyring, alerts, store, metrics: this.#metrics },
      passphrase: this.#options.passphrase,
    });
    if (!certificates.ok) return err([certificateIssue(certificates.error, gathered)]);
    this.#undo.push(() => certificates.value.close());
    const record = changeRecorder(ledger.value.ledger, host);
    const sources = openLiveSources({ host, alerts, store, keyring, record, metrics: this.#metrics });
    this.#undo.push(() => sources.close());
    const group = this.#startThreads(threads.value, {
      certificates: certificates.value,
      sources,
      connect: () => (config.audit === 'off' ? null : ledger.value.connect()),
    });
    const lists = openNodeLists({ host, alerts, tell: (table) => group.useTable(table) });
    this.#undo.push(() => lists.close());
    const conductor = this.#conductor({ group, certificates: certificates.value, sources, lists, record });
    const ports: MutablePorts = { https: 0, http: null, admin: 0 };
    const backend = this.#backend(config, {
      ...{ conductor, group, sources, lists, ports, record },
      ledger: ledger.value,
      certificates: certificates.value.served,
      revocations: this.#revocations,
    });
    const admin = await this.#openAdmin({ config, backend, conductor, local: certificates.value.local });
    if (!admin.ok) return admin;
    ports.admin = admin.value.port;
    const first = { ...gathered, revision: await conductor.nextRevision() };
    // Alerts of the start itself are to be heard of too.
    this.#webhook.follow(first);
    this.#undo.push(watchSpace({ folder: config.dataFolder, files: host.files, clock: host.clock, alerts }));
    // On the first start whoever needs no issuer is served, whatever can be had of their keys.
    this.#undo.push(() => this.#life.close());
    await this.#life.keepFetched(sources);
    await sources.fill(first);
    lists.fill(first);
    const begun = await conductor.begin(first, this.#options.author, this.#life.lacking);
    if (!begun.ok) return begun;
    const opened = await this.#open(group, config);
    if (!opened.ok) return opened;
    Object.assign(ports, opened.value);
    conductor.opened();
    certificates.value.begin();
    this.#life.begin(conductor);
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
        await group.drain(DRAIN_GRACE_MS);
        await conductor.settled();
        record({ ...life, action: 'gateway.stop', before: conductor.current?.hash ?? null, after: null });
        await this.undo();
      },
    });
  }

  #backend({ audit }: Config, parts: BackendParts): AdminBackend {
    const { host, file, version, nodeVersion } = this.#options;
    const records = audit === 'off' ? null : openDecisionRecords(parts.ledger, host);
    this.#undo.push(() => records?.close());
    return createAdminBackend({
      ...parts,
      decisions: openNodeDecisions({
        ...parts,
        host,
        records,
        tables: parts.sources.tables,
        keyring: this.#data.keyring,
      }),
      originals: this.#originals,
      cspReports: this.#cspReports,
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
    const { host, nodeVersion } = this.#options;
    const { files, log } = host;
    await writeRunningFile(files, dataFolder, { pid: process.pid, admin: { host: admin.host, port: ports.admin } });
    this.#undo.push(() => removeRunningFile(files, dataFolder));
    warnOfMachine({ alerts: this.#data.alerts, log }, { descriptorLimit: this.#descriptorLimit, nodeVersion });
    log.write('info', 'gateway.ready', 'the gateway is ready', { version: this.#options.version, ...ports });
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

  #startThreads(threads: number, parts: Pick<NodeThreadOptions, 'certificates' | 'sources' | 'connect'>): ThreadGroup {
    const { host, lost, variant } = this.#options;
    const { alerts, keyring } = this.#data;
    const opened = openNodeThreads({
      ...parts,
      threads,
      heapLimitMb: variant?.heapLimitMb ?? heapLimitMb(threads, thisMachine()),
      entry: variant?.gatewayEntry ?? null,
      host,
      alerts,
      keyring,
      meters: this.#meters,
      metrics: this.#metrics,
      originals: this.#originals,
      cspReports: this.#cspReports,
      lost,
    });
    this.#undo.push(() => opened.close());
    return opened.group;
  }

  #conductor({ group, certificates, sources, lists, record }: ConductedParts): Conductor {
    const { clock, log } = this.#options.host;
    return new Conductor({
      file: this.#options.file,
      readText: this.#options.readText,
      store: this.#life.store,
      kinds: listKinds(this.#options.variant?.kinds ?? createOfflineKinds()),
      io: this.#life.holding(ioOf(this.#options.host)),
      threads: group,
      verifier: this.#verifier,
      revisions: this.#data.store.collection(REVISIONS),
      clock,
      log,
      alerts: this.#data.alerts,
      record,
      adapt: async (gathered) => {
        const lacking = await sources.fill(gathered);
        if (lacking.length > 0) return lacking;
        const spoiled = await this.#revocations.spoiled(gathered);
        if (spoiled.length > 0) return spoiled.map((file) => spoiledIssue(file, gathered));
        lists.fill(gathered);
        const named = await certificates.prepare(gathered.config);
        return named.ok ? [] : [certificateIssue(named.error, gathered)];
      },
      follow: async (gathered) => {
        this.#webhook.follow(gathered);
        this.#revocations.follow(gathered);
        // One that was refused has added issuers of its own, and one that is new has none of the old.
        await sources.fill(gathered);
        sources.retain(gathered);
        lists.follow(gathered);
        await certificates.follow(gathered.config);
        await this.#life.follow(gathered);
      },
    });
  }

  async #open(group: ThreadGroup, config: Config): Promise<Result<OpenPorts, readonly Issue[]>> {
    const { host, https, http, connectionsPerAddress, proxyProtocol } = config.server;
    const opened = await group.listen({
      host,
      httpsPort: https.port,
      http,
      reusePort: false,
      maxConnections: connectionsFor(this.#descriptorLimit, group.size),
      connectionsPerAddress,
      proxyProtocol,
      egress: config.egress && { host: config.egress.host, port: config.egress.port, tls: config.egress.tls },
    });
    if (!('code' in opened)) return ok(opened);
    if (config.egress !== null && opened.port === config.egress.port)
      return err([portIssue('egress.port', { host: config.egress.host, port: opened.port, code: opened.code })]);
    const key = opened.port === https.port ? 'server.https.port' : 'server.http.port';
    return err([portIssue(key, { host, port: opened.port, code: opened.code })]);
  }

  async #openAdmin({
    config,
    backend,
    conductor,
    local,
  }: AdminParts): Promise<Result<AdminListener, readonly Issue[]>> {
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
      server: {
        ...{ backend, keyHashes: () => hashes, hosts: [host], log, nextId },
        decisionKeyHash: () => decisionKeyHash(conductor),
      },
    });
    if ('code' in admin) return err([portIssue('admin.port', { host, port, code: admin.code })]);
    this.#undo.push(() => admin.close());
    return ok(admin);
  }
}

type BackendParts = Pick<AdminBackendOptions, 'conductor' | 'group' | 'ports' | 'certificates' | 'revocations'> &
  Pick<ConductedParts, 'lists' | 'sources' | 'record'> & { readonly ledger: LedgerHost };

interface AdminParts {
  readonly config: Config;
  readonly backend: AdminBackend;
  readonly conductor: Conductor;
  /** Has the certificate of the admin port. */
  readonly local: CertificateService;
}

interface ConductedParts {
  readonly group: ThreadGroup;
  readonly certificates: NodeCertificates;
  readonly lists: NodeLists;
  readonly sources: LiveSources;
  readonly record: ConductorOptions['record'];
}

type MutablePorts = { -readonly [P in keyof GatewayNode['ports']]: GatewayNode['ports'][P] };
