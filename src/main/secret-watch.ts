import { type Gathered, parseSecretReference } from '../config/index.ts';
import type { Alerts, Clock, Log, Secrets, Timer, VaultReference } from '../ports/index.ts';

/** What the watch works with. */
export interface SecretWatchOptions {
  readonly clock: Pick<Clock, 'every'>;
  readonly secrets: Secrets;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly log: Log;
  /** Puts the configuration in force once more, for these secrets have changed; an error where that was refused. */
  readonly reread: (secrets: readonly string[]) => Promise<{ readonly ok: boolean }>;
}

/** Reads again what of a configuration lies in Vault. */
export interface SecretWatch {
  /** From now on the secrets of this configuration are read. */
  follow(gathered: Pick<Gathered, 'config' | 'secrets'>): void;
  close(): void;
}

/**
 * Reads the secrets of Vault in every interval of the configuration, and has them put in force where one has changed: that
 * stands in the ledger by its reference. One that can not be read is an alert, and what was read before stays in force. A
 * change that is refused is not tried again before there is another.
 */
export function watchSecrets(options: SecretWatchOptions): SecretWatch {
  return new Watching(options);
}

interface Watched {
  readonly written: string;
  readonly reference: VaultReference;
  readonly inForce: Buffer;
}

class Watching implements SecretWatch {
  readonly #options: SecretWatchOptions;
  #followed: Pick<Gathered, 'config' | 'secrets'> | null = null;
  #timer: Timer | null = null;
  #intervalMs = 0;
  #isReading = false;
  /** What was refused last, by reference. */
  #refused = new Map<string, Buffer>();

  constructor(options: SecretWatchOptions) {
    this.#options = options;
  }

  follow(gathered: Pick<Gathered, 'config' | 'secrets'>): void {
    this.#followed = gathered;
    const wanted = referencesIn(gathered);
    this.#refused = new Map([...this.#refused].filter(([written]) => wanted.some((one) => one.written === written)));
    const intervalMs = wanted.length === 0 ? 0 : (gathered.config.secrets.vault?.intervalMs ?? 0);
    if (intervalMs === this.#intervalMs) return;
    this.close();
    this.#followed = gathered;
    this.#intervalMs = intervalMs;
    if (intervalMs > 0) this.#timer = this.#options.clock.every(intervalMs, () => void this.#readOnce());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#intervalMs = 0;
    this.#followed = null;
  }

  /** One reading at a time: what takes longer than the interval is not begun twice. */
  async #readOnce(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      await this.#read();
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      this.#options.log.write('error', 'secrets.fault', 'secrets could not be read again', { detail });
    } finally {
      this.#isReading = false;
    }
  }

  async #read(): Promise<void> {
    const { secrets, log, reread } = this.#options;
    const followed = this.#followed;
    const source = followed?.config.secrets.vault?.source ?? null;
    if (followed === null || source === null) return;
    const changed = new Map<string, Buffer>();
    for (const { written, reference, inForce } of referencesIn(followed)) {
      const read = await secrets.resolve(reference, source);
      if (!read.ok) {
        this.#tellOfUnread(written, read.error);
        continue;
      }
      const bytes = Buffer.from(read.value.reveal());
      if (this.#isNew(written, bytes, inForce)) changed.set(written, bytes);
    }
    // Another configuration has its secrets of another reading, and is compared with the next one.
    if (changed.size === 0 || this.#followed !== followed) return;
    log.write('info', 'secrets.changed', 'secrets have changed, and are put in force', { count: changed.size });
    const { ok } = await reread([...changed.keys()]);
    // What was taken and is not in force all the same could not be read once more, and is tried again.
    for (const [written, bytes] of ok ? [] : changed) this.#refused.set(written, bytes);
  }

  #isNew(written: string, bytes: Buffer, inForce: Buffer): boolean {
    const isInForce = bytes.equals(inForce);
    if (isInForce) this.#refused.delete(written);
    return !isInForce && this.#refused.get(written)?.equals(bytes) !== true;
  }

  #tellOfUnread(written: string, detail: string): void {
    this.#options.alerts.raise({
      kind: 'secret.unreadable',
      key: written,
      severity: 'high',
      message: 'a secret can not be read again; the one that was read before stays in force',
      fields: { detail },
    });
  }
}

function referencesIn({ secrets }: Pick<Gathered, 'secrets'>): readonly Watched[] {
  return Object.entries(secrets).flatMap(([written, bytes]) => {
    const read = parseSecretReference(written, '/');
    if (!read.ok || read.value.scheme !== 'vault') return [];
    return [{ written, reference: read.value, inForce: Buffer.from(bytes) }];
  });
}
