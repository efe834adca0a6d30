import type { Issue, Result } from '../base/index.ts';
import type { Gathered, GatherOptions, ParsedConfig } from '../config/index.ts';
import type { Conductor, ConfigurationFile } from '../control/index.ts';
import { openConfigWatch, type ConfigWatch } from './config-watch.ts';
import { createConfigurationFile } from './configuration-file.ts';
import type { DataFolder } from './data-folder.ts';
import { type FirstGathering, gatherFromKept } from './first-gathering.ts';
import type { HostPorts } from './host-ports.ts';
import { holdSecrets } from './held-secrets.ts';
import { LastGood } from './last-good.ts';
import type { LiveSources } from './live-sources.ts';
import { startRenewal } from './renewal.ts';
import { type SecretWatch, watchSecrets } from './secret-watch.ts';

/** How often it is looked whether anything was fetched anew: keys come about every ten minutes, of one issuer after the other. */
const FETCHED_MS = 60_000;
/** Targets that have not changed are written again so often, so that they are not taken for old ones. */
const HOUR_MS = 3_600_000;

/** What a configuration's life takes. */
export interface ConfigurationLifeOptions {
  readonly host: HostPorts;
  readonly file: string;
  /** Whether the configuration stands in the file, which is then watched, and written by `apply` and `rollback`. */
  readonly hasFile: boolean;
  readonly data: Pick<DataFolder, 'path' | 'keyring' | 'alerts'>;
}

/** Of what fills live tables, all that is kept for a start without it. */
interface Fetching {
  readonly issuers: { readonly keys: Pick<LiveSources['issuers']['keys'], 'restore' | 'held'> };
  readonly discovery: Pick<LiveSources['discovery'], 'restore' | 'held'>;
}

/** What happens to the configuration of a running node besides being in force: it is watched, written, and kept for bad days. */
export class ConfigurationLife {
  /** How the file is written, or null where there is none. */
  readonly store: ConfigurationFile | null;
  readonly #options: ConfigurationLifeOptions;
  readonly #lastGood: LastGood;
  readonly #stops: (() => void)[] = [];
  #watch: ConfigWatch | null = null;
  #secretWatch: SecretWatch | null = null;
  #lacking: readonly string[] = [];
  #followed: Gathered | null = null;
  #sources: Fetching | null = null;
  /** Of what was written last: which keys, and when they were fetched. */
  #keyTimes = '';
  /** Of what was written last: which targets, and in which hour they were found. */
  #targetTimes = '';

  constructor(options: ConfigurationLifeOptions) {
    const { host, file, hasFile, data } = options;
    this.#options = options;
    this.store = hasFile ? createConfigurationFile(file) : null;
    const { keyring, alerts, path: folder } = data;
    this.#lastGood = new LastGood({ folder, files: host.files, keyring, alerts, log: host.log });
  }

  /** What could not be had at the start and was taken from what was kept, in words. */
  get lacking(): readonly string[] {
    return this.#lacking;
  }

  /** What the configurations behind the first are gathered through: a secret that can not be read is the one in force. */
  holding<T extends Pick<GatherOptions, 'secrets'>>(io: T): T {
    const { log } = this.#options.host;
    return { ...io, secrets: holdSecrets(io.secrets, { current: () => this.#followed, log }) };
  }

  /** The first configuration: as it was gathered, or from what was kept where something outside could not be had. */
  async firstOf(
    parsed: ParsedConfig,
    first: FirstGathering,
    io: Omit<GatherOptions, 'revision'>,
  ): Promise<Result<Gathered, readonly Issue[]>> {
    if (first.gathered.ok) return first.gathered;
    const kept = await gatherFromKept(parsed, io, { before: first.gathered.error, lastGood: this.#lastGood });
    if (!kept.gathered.ok) return kept.gathered;
    this.#lacking = kept.lacking;
    return kept.gathered;
  }

  /** Takes the issuers' keys and the targets of an earlier run, and keeps those of this one: each minute, where any are new. */
  async keepFetched(sources: Fetching): Promise<void> {
    sources.issuers.keys.restore(await this.#lastGood.findKeys());
    sources.discovery.restore(await this.#lastGood.findTargets());
    this.#sources = sources;
    const timer = this.#options.host.clock.every(FETCHED_MS, () => void this.#writeFetched());
    this.#stops.push(() => timer.cancel());
  }

  /** This is in force now. */
  async follow(gathered: Gathered): Promise<void> {
    this.#followed = gathered;
    this.#watch?.follow(gathered);
    this.#secretWatch?.follow(gathered);
    await this.#lastGood.keep(gathered);
    await this.#writeFetched();
  }

  /** From now on the files are watched, and what is lacking is looked for. */
  begin(conductor: Pick<Conductor, 'reload' | 'renew' | 'reread'>): void {
    const { host, file, hasFile, data } = this.#options;
    const { files, clock, log } = host;
    const { alerts } = data;
    if (hasFile) {
      this.#watch = openConfigWatch({
        files,
        clock,
        alerts,
        file,
        reload: () =>
          conductor.reload('file').catch((fault: unknown) => {
            log.write('error', 'configuration.fault', fault instanceof Error ? fault.message : 'unknown fault');
          }),
      });
      if (this.#followed !== null) this.#watch.follow(this.#followed);
      this.#stops.push(() => this.#watch?.close());
    }
    const { secrets } = host;
    const reread = () => conductor.reread('vault');
    this.#secretWatch = watchSecrets({ clock, secrets, alerts, log, reread });
    if (this.#followed !== null) this.#secretWatch.follow(this.#followed);
    this.#stops.push(() => this.#secretWatch?.close());
    if (this.#lacking.length === 0) return;
    alerts.raise({
      kind: 'configuration.last-good',
      key: file,
      severity: 'high',
      message: 'the gateway started with what was kept of an earlier run, for not all could be had',
      fields: { lacking: this.#lacking.slice(0, 10).join(', '), count: this.#lacking.length },
    });
    this.#stops.push(startRenewal(clock, () => conductor.renew()));
  }

  /** Nothing is watched, tried or kept after this. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #writeFetched(): Promise<void> {
    await this.#writeKeys();
    const held = this.#sources?.discovery.held() ?? [];
    const times = JSON.stringify(held.map(({ key, targets, atMs }) => [key, targets, Math.floor(atMs / HOUR_MS)]));
    if (held.length === 0 || times === this.#targetTimes) return;
    this.#targetTimes = times;
    await this.#lastGood.keepTargets(held);
  }

  async #writeKeys(): Promise<void> {
    const held = this.#sources?.issuers.keys.held() ?? [];
    const times = JSON.stringify(held.map(({ table, atMs }) => [table, atMs]));
    if (held.length === 0 || times === this.#keyTimes) return;
    this.#keyTimes = times;
    await this.#lastGood.keepKeys(held);
  }
}
