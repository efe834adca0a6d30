export { isApiKeyEnvironment } from '../../../credential/index.ts';

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
}
