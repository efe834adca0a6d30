import { err, ok, type Result } from '../../base/index.ts';
import type { Clock, Egress, EgressReply } from '../../ports/index.ts';
import { type Directory, readDirectory } from './directory.ts';
import { type AcmeFault, fault, faultOfProblem, retryAfter } from './fault.ts';
import { type Signer, signRequest } from './jws.ts';
import { readJson, secureUrl } from './reply-values.ts';

const CALL_TIMEOUT_MS = 30_000;
/** A chain of four certificates has 8 KiB, and a directory less. */
const REPLY_LIMIT_BYTES = 128 * 1024;
/** CAs forget nonces when they restart, and refuse some at random so that clients learn to go on. */
const NONCE_ATTEMPTS = 5;
const NONCES_KEPT = 16;
const DIRECTORY_LIFE_MS = 86_400_000;
const NONCE = /^[A-Za-z0-9_-]{1,256}$/;

/** A reply of the CA that is no error. */
export interface AcmeReply {
  readonly status: number;
  /** An https URL, or null. */
  readonly location: string | null;
  readonly retryAfterMs: number | null;
  readonly body: Uint8Array;
}

/** What a session works with. `caPem` are the CAs that its connections are verified by, null for the well-known ones. */
export interface SessionOptions {
  readonly directory: string;
  readonly caPem: string | null;
  readonly egress: Egress;
  readonly clock: Clock;
  /** Ends all calls that are under way, and those that would come. */
  readonly signal: AbortSignal;
}

/**
 * Speaks to one CA (RFC 8555 §6). Each request is signed and bears a nonce; one that is refused for its nonce is sent
 * again, five times in all. A URL that the CA names on another host is followed only to the open internet: the operator
 * has named the directory's host and no other.
 */
export class AcmeSession {
  readonly #options: SessionOptions;
  #nonces: string[] = [];
  #directory: { readonly directory: Directory; readonly untilMs: number } | null = null;
  #asking: Promise<Result<Directory, AcmeFault>> | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The directory's own URL, by which this CA is told from others. */
  get url(): string {
    return this.#options.directory;
  }

  /** What the CA offers; asked once a day, by all who want it together. */
  async directory(): Promise<Result<Directory, AcmeFault>> {
    const known = this.#directory;
    if (known !== null && this.#options.clock.monotonic() < known.untilMs) return ok(known.directory);
    this.#asking ??= this.#askDirectory().finally(() => {
      this.#asking = null;
    });
    return await this.#asking;
  }

  async #askDirectory(): Promise<Result<Directory, AcmeFault>> {
    const reply = await this.get(this.#options.directory);
    if (!reply.ok) return reply;
    const directory = readDirectory(readJson(reply.value.body));
    if (!directory.ok) return err(fault('malformedReply', `${this.#options.directory}: ${directory.error}`));
    this.#directory = {
      directory: directory.value,
      untilMs: this.#options.clock.monotonic() + DIRECTORY_LIFE_MS,
    };
    return directory;
  }

  /** Asks for a resource that everybody may see. */
  async get(url: string): Promise<Result<AcmeReply, AcmeFault>> {
    const reply = await this.#call(url, null);
    return reply.ok ? this.#judge(reply.value) : reply;
  }

  /** Sends a signed request; a payload of null is POST-as-GET. */
  async post(url: string, payload: object | null, signer: Signer): Promise<Result<AcmeReply, AcmeFault>> {
    let last: AcmeFault = fault('badNonce', 'no attempt was made');
    for (let attempt = 0; attempt < NONCE_ATTEMPTS; attempt++) {
      const nonce = await this.#nonce();
      if (!nonce.ok) return nonce;
      const jws = signRequest(signer, { url, nonce: nonce.value }, payload);
      const reply = await this.#call(url, new TextEncoder().encode(JSON.stringify(jws)));
      if (!reply.ok) return reply;
      const judged = this.#judge(reply.value);
      if (judged.ok || judged.error.type !== 'badNonce') return judged;
      last = judged.error;
    }
    return err(last);
  }

  async #nonce(): Promise<Result<string, AcmeFault>> {
    const kept = this.#nonces.pop();
    if (kept !== undefined) return ok(kept);
    const directory = await this.directory();
    if (!directory.ok) return directory;
    // By GET, as RFC 8555 §7.2 allows beside HEAD.
    const reply = await this.get(directory.value.newNonce);
    if (!reply.ok) return reply;
    const fresh = this.#nonces.pop();
    return fresh === undefined ? err(fault('malformedReply', 'the CA gave no nonce')) : ok(fresh);
  }

  async #call(url: string, body: Uint8Array | null): Promise<Result<EgressReply, AcmeFault>> {
    const { egress, caPem, directory, signal } = this.#options;
    if (secureUrl(url) === null) return err(fault('malformedReply', 'the CA named a URL that is not https'));
    const isNamed = new URL(url).host === new URL(directory).host;
    const reply = await egress.call({
      url,
      method: body === null ? 'GET' : 'POST',
      headers: { 'user-agent': 'portcullis', ...(body === null ? {} : { 'content-type': 'application/jose+json' }) },
      ...(body === null ? {} : { body }),
      ...(caPem === null ? {} : { ca: caPem }),
      timeoutMs: CALL_TIMEOUT_MS,
      limitBytes: REPLY_LIMIT_BYTES,
      reach: isNamed ? 'named' : 'public',
      signal,
    });
    if (!reply.ok) return err(fault('unreachable', `${new URL(url).host}: ${reply.error.detail}`));
    this.#keep(reply.value.headers.get('replay-nonce'));
    return reply;
  }

  #keep(nonce: string | undefined): void {
    if (nonce === undefined || !NONCE.test(nonce)) return;
    // The oldest goes first: CAs forget those earliest.
    this.#nonces = [...this.#nonces, nonce].slice(-NONCES_KEPT);
  }

  #judge({ status, headers, body }: EgressReply): Result<AcmeReply, AcmeFault> {
    const retryAfterMs = retryAfter(headers.get('retry-after'), this.#options.clock);
    if (status < 200 || status > 299) return err(faultOfProblem(readJson(body), status, retryAfterMs));
    return ok({ status, location: secureUrl(headers.get('location')), retryAfterMs, body });
  }
}
