import type * as openIdClient from 'openid-client';
import type { Configuration, ExportedJWKSCache } from 'openid-client';
import type { JsonReader } from '../credential/index.ts';
import type { Clock } from '../ports/index.ts';
import type { ProviderFetch } from './provider-call.ts';
import { TenantReply } from './tenant-reply.ts';

/** How one call is made: as whose client, and by what way. */
export type Configure = (issuer: string, fetch: ProviderFetch) => Configuration;

/** What a provider is spoken to with. */
export interface ProviderClientOptions {
  readonly configure: Configure;
  readonly fetch: ProviderFetch;
  readonly readJson: JsonReader;
  readonly clock: Pick<Clock, 'now'>;
  /** The names that its tokens may bear: one, or one for each tenant. */
  readonly issuers: readonly string[];
}

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
  readonly #options: ProviderClientOptions;
  #keys: ExportedJWKSCache | undefined;

  constructor(client: typeof openIdClient, options: ProviderClientOptions) {
    this.#client = client;
    this.#options = options;
    this.unsigned = options.configure(options.issuers[0] ?? '', options.fetch);
  }

  /** Works with something that this issuer has signed, or may have. */
  async signed<T>(issuer: string, work: Work<T>): Promise<T> {
    return await this.#work(this.#options.configure(issuer, this.#options.fetch), work);
  }

  /**
   * Works with the reply to one call, in which an ID token says who of several has signed it. `named` is who the browser
   * says it is of (RFC 9207). Whoever it says it is, it is verified as theirs, and counts for nobody who is not listed.
   */
  async signedByOne<T>(named: string | null, work: Work<T>): Promise<T> {
    const { configure, fetch, issuers, readJson } = this.#options;
    const [first = ''] = issuers;
    const guess = named !== null && issuers.includes(named) ? named : first;
    if (issuers.length === 1) return await this.signed(guess, work);
    const reply = new TenantReply(fetch, readJson);
    try {
      return await this.#work(configure(guess, reply.fetch), work);
    } catch (fault) {
      const issuer = await reply.issuer();
      if (issuer === null || issuer === guess || !issuers.includes(issuer)) throw fault;
      return await this.#work(configure(issuer, reply.fetch), work);
    }
  }

  async #work<T>(configuration: Configuration, work: Work<T>): Promise<T> {
    const keys = this.#keys;
    if (keys !== undefined) {
      const uat = Math.min(keys.uat, Math.floor(this.#options.clock.now() / 1_000) - SETTLED_SECONDS);
      this.#client.setJwksCache(configuration, { jwks: keys.jwks, uat });
    }
    try {
      return await work(configuration);
    } finally {
      this.#keys = this.#client.getJwksCache(configuration) ?? this.#keys;
    }
  }
}

type Work<T> = (configuration: Configuration) => Promise<T>;
