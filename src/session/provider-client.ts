import type * as openIdClient from 'openid-client';
import type { Configuration, ExportedJWKSCache } from 'openid-client';
import type { Clock } from '../ports/index.ts';

/** openid-client asks for newer keys only where those that it has are so old. */
const SETTLED_SECONDS = 60;

/**
 * openid-client, set up for one provider. Providers change their keys without a word, also a moment after these were
 * asked for (OpenID Connect Core §10.1.1): whatever reads something signed gets a configuration of its own, with the keys
 * that are known and said to be older than they are, so that one that is not among them is looked for at once. Only what
 * the provider itself has sent can cause that, never what a browser brings.
 */
export class ProviderClient {
  /** For what brings nothing signed. */
  readonly unsigned: Configuration;
  readonly #client: typeof openIdClient;
  readonly #configure: () => Configuration;
  readonly #clock: Pick<Clock, 'now'>;
  #keys: ExportedJWKSCache | undefined;

  constructor(client: typeof openIdClient, configure: () => Configuration, clock: Pick<Clock, 'now'>) {
    this.#client = client;
    this.#configure = configure;
    this.#clock = clock;
    this.unsigned = configure();
  }

  /** Works with something that the provider has signed, or may have. */
  async signed<T>(work: (configuration: Configuration) => Promise<T>): Promise<T> {
    const configuration = this.#configure();
    const keys = this.#keys;
    if (keys !== undefined) {
      const uat = Math.min(keys.uat, Math.floor(this.#clock.now() / 1_000) - SETTLED_SECONDS);
      this.#client.setJwksCache(configuration, { jwks: keys.jwks, uat });
    }
    try {
      return await work(configuration);
    } finally {
      this.#keys = this.#client.getJwksCache(configuration) ?? this.#keys;
    }
  }
}
