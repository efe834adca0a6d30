export { isApiKeyEnvironment } from '../../../credential/index.ts';

/** Who may report keys that were found in public, by the proof that a report bears; null where there is no such. */
export interface LeakReporters {
  /** A file with public keys, as GitHub publishes those of its secret scanning. Absolute. */
  readonly publicKeys: string | null;
  /** References to secrets: the key of an HMAC over the body, and what stands behind `Bearer`. */
  readonly secret: string | null;
  readonly bearer: string | null;
  /** The key path of what says it. */
  readonly path: string;
}

/** Where an API takes keys. */
export interface ApiKeyConfig {
  /** Which keys are taken: those of this environment. */
  readonly environment: string;
  /** The field that holds a key, in lower case. A key may also stand in `Authorization`, as a Bearer. */
  readonly header: string;
  /** Whether operations take keys that do not say it themselves. */
  readonly taken: boolean;
  /** By operation name: whether those take keys that say it themselves. */
  readonly operations: Readonly<Record<string, boolean>>;
  /** Whether the key that was used stays away from the upstream. */
  readonly credentials: 'remove' | 'pass';
  /** Who may report keys; null where nobody may. */
  readonly leakReports: LeakReporters | null;
}
