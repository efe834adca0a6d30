import type { Result } from '../base/index.ts';
import type { Alerts, CertificateMaterial, Clock, Files, Keyring, Log, Random } from '../ports/index.ts';

/** What keeping certificates takes from outside. */
export interface CertificatePorts {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyring: Keyring;
  readonly alerts: Alerts;
  readonly log: Log;
}

/** Keeps the certificates of one source in order: makes or reads them, renews or replaces them, warns of their end. */
export interface CertificateKeeper {
  /** At least one, always usable with its key. */
  current(): readonly CertificateMaterial[];
  /** The CA that clients must trust, PEM; null where it is not ours. */
  localCaPem(): string | null;
  /** The hosts that are served from now on. An error leaves everything as it was, and is the operator's to read. */
  setNames(names: readonly string[]): Promise<Result<void, string>>;
  /** Ends watching and renewing. */
  close(): void;
}
