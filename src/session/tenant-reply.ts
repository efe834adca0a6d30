import { type JsonReader, readJwt } from '../credential/index.ts';
import type { ProviderFetch } from './provider-call.ts';

/**
 * The reply to the one call that is made for something, such as for a code: whoever makes that call again gets the same. Of
 * an issuer with many tenants nobody knows before it is there which of them it will speak for, and a code is taken once.
 */
export class TenantReply {
  readonly #fetch: ProviderFetch;
  readonly #readJson: JsonReader;
  #reply: Promise<Response> | null = null;

  constructor(fetch: ProviderFetch, readJson: JsonReader) {
    this.#fetch = fetch;
    this.#readJson = readJson;
  }

  /** Keys may be asked for as often as they are needed. */
  readonly fetch: ProviderFetch = async (url, options) => {
    if (options.method !== 'POST') return await this.#fetch(url, options);
    this.#reply ??= this.#fetch(url, options);
    return (await this.#reply).clone();
  };

  /** What its ID token says of its issuer, which nobody has verified yet; null where there is none. */
  async issuer(): Promise<string | null> {
    const reply = await this.#reply?.catch(() => null);
    if (reply === null || reply === undefined) return null;
    const said: unknown = await reply
      .clone()
      .json()
      .catch(() => null);
    const token = typeof said === 'object' && said !== null && 'id_token' in said ? said.id_token : null;
    const read = typeof token === 'string' ? readJwt(token, this.#readJson) : null;
    const issuer = read?.ok === true ? read.value.claims['iss'] : null;
    return typeof issuer === 'string' ? issuer : null;
  }
}
