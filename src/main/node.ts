import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { createMeterReader, type SharedMeterReader } from '../adapters/index.ts';
import {
  type CoverageRow,
  createIdSource,
  err,
  errorIssue,
  type Issue,
  judgeNode,
  ok,
  type Result,
  Secret,
} from '../base/index.ts';
import { type CertificateService, openCertificates } from '../certificates/index.ts';
import {
  type Config,
  gather,
  type Gathered,
  type GatherOptions,
  parseConfig,
  parseSecretReference,
} from '../config/index.ts';
import { type AdminBackend, type AdminStatus, Conductor, REVISIONS, type ThreadReport } from '../control/index.ts';
import { compile } from '../gateway/index.ts';
import type { OpenPorts, ThreadStatus } from '../gateway/index.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { type AdminListener, listenAdmin } from './admin-listener.ts';
import { createCompileWorker } from './compile-host.ts';
import { type DataFolder, type DataFolderOptions, openAdminKey, openDataFolder } from './data-folder.ts';
import type { HostPorts } from './host-ports.ts';
import { KIND_TABLE, KINDS } from './kinds.ts';
import { certificateFolder, removeRunningFile, writeRunningFile } from './running-file.ts';
import { ThreadHost } from './thread-host.ts';
import type { PolicyKind } from '../policy/index.ts';

const DRAIN_GRACE_MS = 10_000;
const MAX_CONNECTIONS = 10_000;

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

/** Starts a node: configuration, data folder, certificates, gateway thread, admin API, in this order. Nothing is open before the Snapshot is ready, and https opens last. */
export async function startNode(options: NodeOptions): Promise<Result<GatewayNode, readonly Issue[]>> {
  const parsed = await parse(options);
  if (!parsed.ok) return parsed;
  const { host } = options;
  const data = await openDataFolder({ ...host, path: parsed.value.config.dataFolder, passphrase: options.passphrase });
  if (!data.ok) return err([errorIssue('data', data.error)]);
  const starting = new Starting(options, data.value, createMeterReader());
  const node = await starting.run(parsed.value);
  if (!node.ok) await starting.undo();
  return node;
}

type Parsed = Extract<ReturnType<typeof parseConfig>, { ok: true }>['value'];

async function parse(options: NodeOptions): Promise<Result<Parsed, readonly Issue[]>> {
  const text = await options.readText();
  if (!text.ok) return err([errorIssue('', text.error)]);
  return parseConfig(text.value, { file: options.file, kinds: KINDS as unknown as readonly PolicyKind<unknown>[] });
}

/** The parts of a node while they are being put together, so that a failure can undo what stands already. */
class Starting {
  readonly #options: NodeOptions;
  readonly #data: DataFolder;
  readonly #meters: SharedMeterReader;
  readonly #undo: (() => Promise<void> | void)[] = [];
  readonly #startedAt: number;

  constructor(options: NodeOptions, data: DataFolder, meters: SharedMeterReader) {
    this.#options = options;
    this.#data = data;
    this.#meters = meters;
    this.#startedAt = options.host.clock.now();
    this.#undo.push(() => data.store.close());
  }

  /** Takes down what was built, the last first. */
  async undo(): Promise<void> {
    for (const step of this.#undo.reverse()) await step();
  }

  async run(parsed: Parsed): Promise<Result<GatewayNode, readonly Issue[]>> {
    const { host, version } = this.#options;
    const { config } = parsed;
    const key = await openAdminKey(this.#data, this.#folderOptions(config));
    if (!key.ok) return err([errorIssue('data', key.error)]);
    const certificates = await this.#openCertificates(config);
    if (!certificates.ok) return err([errorIssue('server.https.certificate', certificates.error)]);
    const thread = this.#startThread(certificates.value);
    const conductor = this.#conductor(thread, certificates.value);
    const gathered = await gather(parsed, { ...this.#io(), revision: await conductor.nextRevision() });
    if (!gathered.ok) return gathered;
    const ports: MutablePorts = { https: 0, http: null, admin: 0 };
    const admin = await this.#openAdmin(config, this.#backend(conductor, thread, ports), certificates.value.local);
    if (!admin.ok) return admin;
    ports.admin = admin.value.port;
    const begun = await conductor.begin(gathered.value, this.#options.author);
    if (!begun.ok) return begun;
    const opened = await this.#open(thread, config);
    if (!opened.ok) return opened;
    Object.assign(ports, opened.value);
    conductor.opened();
    await writeRunningFile(host.files, config.dataFolder, {
      pid: process.pid,
      admin: { host: config.admin.host, port: ports.admin },
    });
    this.#undo.push(() => removeRunningFile(host.files, config.dataFolder));
    this.#warnOfOldNode();
    host.log.write('info', 'gateway.ready', 'the gateway is ready', { version, ...ports });
    return ok({
      ports,
      config,
      caFile: `${certificateFolder(config.dataFolder)}/local-ca.pem`,
      warnings: gathered.value.warnings,
      reload: (author) => conductor.reload(author),
      stop: async () => {
        conductor.drain();
        await thread.drain(DRAIN_GRACE_MS);
        await conductor.settled();
        await this.undo();
      },
    });
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

  #folderOptions(config: Config): DataFolderOptions {
    return { ...this.#options.host, path: config.dataFolder, passphrase: this.#options.passphrase };
  }

  #io(): Omit<GatherOptions, 'revision'> {
    const { files, secrets, egress } = this.#options.host;
    return { files, secrets, egress };
  }

  /** The local certificate is always there, for the admin API; a certificate from files stands before it for clients. */
  async #openCertificates(config: Config): Promise<Result<NodeCertificates, string>> {
    const { clock, files, log, random } = this.#options.host;
    const ports = { files, clock, random, keyring: this.#data.keyring, alerts: this.#data.alerts, log };
    const source = { kind: 'local', folder: certificateFolder(config.dataFolder), names: namesOf(config) } as const;
    const local = await openCertificates({ source, ports });
    if (!local.ok) return local;
    this.#undo.push(() => local.value.close());
    const { certificate } = config.server.https;
    if (certificate.kind === 'local') return ok({ local: local.value, served: local.value });
    const key = await this.#keySource(certificate.key, dirname(this.#options.file));
    if (!key.ok) return key;
    const served = await openCertificates({
      source: { kind: 'file', certificatePath: certificate.certificate, key: key.value },
      ports,
    });
    if (!served.ok) return served;
    this.#undo.push(() => served.value.close());
    return ok({ local: local.value, served: served.value });
  }

  async #keySource(reference: string, folder: string): Promise<Result<{ path: string } | { secret: Secret }, string>> {
    const parsed = parseSecretReference(reference, folder);
    if (!parsed.ok) return parsed;
    if (parsed.value.scheme === 'file') return ok({ path: parsed.value.path });
    const secret = await this.#options.host.secrets.resolve(parsed.value);
    return secret.ok ? ok({ secret: secret.value }) : secret;
  }

  #startThread(certificates: NodeCertificates): ThreadHost {
    const { clock, log, logLevel } = this.#options.host;
    const { alerts } = this.#data;
    const thread = new ThreadHost({
      name: 'gateway-1',
      logLevel,
      clock,
      log,
      alerts,
      meters: this.#meters,
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

  #conductor(thread: ThreadHost, certificates: NodeCertificates): Conductor {
    const { clock, log } = this.#options.host;
    return new Conductor({
      file: this.#options.file,
      readText: this.#options.readText,
      kinds: KINDS as unknown as readonly PolicyKind<unknown>[],
      io: this.#io(),
      threads: thread,
      verifier: createCompileWorker(clock),
      revisions: this.#data.store.collection(REVISIONS),
      clock,
      log,
      alerts: this.#data.alerts,
      adapt: (config) => certificates.local.setNames(namesOf(config)),
    });
  }

  async #open(thread: ThreadHost, config: Config): Promise<Result<OpenPorts, readonly Issue[]>> {
    const { host, https, http } = config.server;
    const opened = await thread.listen({
      host,
      httpsPort: https.port,
      http,
      reusePort: false,
      maxConnections: MAX_CONNECTIONS,
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

  #backend(conductor: Conductor, thread: ThreadHost, ports: GatewayNode['ports']): AdminBackend {
    const { alerts, store } = this.#data;
    const revisions = store.collection(REVISIONS);
    const status = async (): Promise<AdminStatus> => {
      const report = await thread.status(0);
      return {
        version: this.#options.version,
        node: this.#options.nodeVersion,
        startedAt: this.#startedAt,
        readiness: conductor.readiness.state,
        revision: conductor.current?.revision ?? null,
        hash: conductor.current?.hash ?? null,
        configuration: this.#options.file,
        ports,
        threads: report === null ? [] : [threadReport(report)],
      };
    };
    return {
      readiness: () => conductor.readiness,
      metrics: () => Promise.resolve(this.#meters.exposition()),
      status,
      coverage: () => Promise.resolve(conductor.current === null ? [] : coverageOf(conductor.current)),
      revisions: async (limit) =>
        (await revisions.query({ orderBy: 'revision', descending: true, limit })).map(
          ({ document: { text: _text, ...rest } }) => rest,
        ),
      alerts: (limit) => alerts.list(limit),
      reload: (author) => conductor.reload(author),
    };
  }
}

interface NodeCertificates {
  readonly local: CertificateService;
  readonly served: CertificateService;
}

type MutablePorts = { -readonly [P in keyof GatewayNode['ports']]: GatewayNode['ports'][P] };

function threadReport({ revision, connections, inFlight, livingSnapshots }: ThreadStatus): ThreadReport {
  return { revision, connections, inFlight, livingSnapshots };
}

function coverageOf(gathered: Gathered): readonly CoverageRow[] {
  const snapshot = compile(gathered, {
    kinds: KIND_TABLE,
    tables: {
      read: () => {
        throw new Error('no table is read here');
      },
    },
  });
  return snapshot.ok ? snapshot.value.coverage : [];
}

/** The hosts that the local certificate must cover besides localhost. */
function namesOf(config: Config): readonly string[] {
  const own = [config.server.host, config.admin.host].filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set([...own, ...config.apis.flatMap((api) => (api.host === null ? [] : [api.host]))])];
}

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
