import type { Gathered } from '../config/index.ts';
import { parseSecretReference } from '../config/index.ts';
import { listFileOf } from '../lists/index.ts';
import type { Alerts, Clock, Files, Timer } from '../ports/index.ts';
import { dirname, resolve } from 'node:path';

/** Files that are watched at most: each takes a look every few seconds, and a notification where the system has any. */
const WATCH_LIMIT = 1_000;
/** An editor may take a file away for a moment before it puts the new one there. */
const ABSENCE_MS = 1_000;

/** What the watch works with. */
export interface ConfigWatchOptions {
  readonly files: Pick<Files, 'watch' | 'facts'>;
  readonly clock: Clock;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** The configuration file. */
  readonly file: string;
  /** Reads it again; resolves when that is over, whatever came of it. */
  readonly reload: () => Promise<unknown>;
}

/** Watches the configuration file and the files that it names. */
export interface ConfigWatch {
  /** From now on the files of this configuration are watched. */
  follow(gathered: Pick<Gathered, 'config' | 'files' | 'secrets'>): void;
  close(): void;
}

/**
 * Reloads when a watched file has changed and stood still (the port `Files` says how changes are noticed, also where the
 * system tells none). One reload at a time; changes during one cause one more. A file that is gone is waited for up to a
 * second, and then its absence is what is read. After a refusal nothing happens until something changes again.
 */
export function openConfigWatch(options: ConfigWatchOptions): ConfigWatch {
  return new Watching(options);
}

class Watching implements ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #watched = new Map<string, () => void>();
  #state: 'idle' | 'reloading' | 'again' | 'closed' = 'idle';
  #waiting: Timer | null = null;
  /** Files that were not watched when it was last looked. */
  #unwatched = 0;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#watch(options.file);
  }

  follow({ config, files, secrets }: Pick<Gathered, 'config' | 'files' | 'secrets'>): void {
    if (this.#state === 'closed') return;
    const wanted = new Set([this.#options.file, ...filesOf({ config, files, secrets }, dirname(this.#options.file))]);
    for (const [path, stop] of this.#watched) {
      if (wanted.has(path)) continue;
      stop();
      this.#watched.delete(path);
    }
    for (const path of wanted) if (this.#watched.size < WATCH_LIMIT) this.#watch(path);
    this.#tellOfUnwatched([...wanted].filter((path) => !this.#watched.has(path)));
  }

  /** Whoever changes one of these waits for nothing: said anew whenever there are more or fewer. */
  #tellOfUnwatched(paths: readonly string[]): void {
    const [first] = paths;
    if (first !== undefined && paths.length !== this.#unwatched) {
      this.#options.alerts.raise({
        kind: 'configuration.unwatched',
        key: `${this.#options.file} ${paths.length}`,
        severity: 'medium',
        message: `no more than ${WATCH_LIMIT} files are watched; a change of the others needs a reload by hand`,
        fields: { files: paths.length, first },
      });
    }
    this.#unwatched = paths.length;
  }

  close(): void {
    this.#state = 'closed';
    this.#waiting?.cancel();
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
  }

  #watch(path: string): void {
    if (this.#watched.has(path)) return;
    this.#watched.set(
      path,
      this.#options.files.watch(path, () => void this.#changed(path)),
    );
  }

  async #changed(path: string): Promise<void> {
    const there = await this.#options.files.facts(path);
    if (this.#state === 'closed') return;
    this.#waiting?.cancel();
    this.#waiting = null;
    if (there.ok) this.#reload();
    else this.#waiting = this.#options.clock.after(ABSENCE_MS, () => this.#reload());
  }

  #reload(): void {
    switch (this.#state) {
      case 'closed':
      case 'again':
        return;
      case 'reloading':
        this.#state = 'again';
        return;
      case 'idle':
        this.#state = 'reloading';
        void this.#options
          .reload()
          .catch(() => undefined)
          .then(() => this.#reloaded());
    }
  }

  #reloaded(): void {
    const again = this.#state === 'again';
    if (this.#state === 'closed') return;
    this.#state = 'idle';
    if (again) this.#reload();
  }
}

/**
 * The files that a configuration has read: documents, certificates, CAs, key sets, and those of secrets. Lists are watched
 * by themselves.
 */
function filesOf(
  { config, files, secrets }: Pick<Gathered, 'config' | 'files' | 'secrets'>,
  folder: string,
): readonly string[] {
  const documents = config.apis.flatMap(({ source }) => {
    if (source.kind === 'descriptors') return [source.file];
    return source.kind === 'openapi' && !source.location.includes('://') ? [source.location] : [];
  });
  const hidden = Object.keys(secrets).flatMap((written) => {
    const reference = parseSecretReference(written, folder);
    return reference.ok && reference.value.scheme === 'file' ? [reference.value.path] : [];
  });
  const named = Object.keys(files).filter((file) => listFileOf(file) === null);
  return [...documents, ...named, ...hidden].map((path) => resolve(folder, path));
}
