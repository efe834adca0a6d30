import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';

/** A nonce stands for so long a time. */
const PERIOD_MS = 30_000;
/** So many periods behind that of its making a nonce is still taken: two minutes at least. */
const PERIODS_TAKEN = 4;
const PERIOD_BYTES = 6;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * Nonces of a resource server (RFC 9449 §8, §9), of which nothing is stored: each names the half minute in which it was
 * made, under a keyed hash. All who have the key make the same one at the same time and know it from a made-up one;
 * nobody else can make one of a time to come. A key of other than 32 bytes is a bug and throws a RangeError.
 */
export class DpopNonces {
  readonly #key: Uint8Array;
  #period = -1;
  #newest = '';

  constructor(key: Uint8Array) {
    if (key.byteLength !== KEY_BYTES) throw new RangeError(`a key of nonces of ${key.byteLength} bytes`);
    this.#key = key;
  }

  /** The newest nonce, as it is sent in `DPoP-Nonce`. */
  newest(nowMs: number): string {
    const period = Math.floor(nowMs / PERIOD_MS);
    if (period !== this.#period) {
      const named = namedPeriod(period);
      this.#newest = Buffer.concat([named, this.#tagOf(named)]).toString('base64url');
      this.#period = period;
    }
    return this.#newest;
  }

  /** When a nonce was made, in wall time; null for one that is not ours, or not taken any more. */
  madeAtMs(nonce: string, nowMs: number): number | null {
    if (nonce === this.newest(nowMs)) return this.#period * PERIOD_MS;
    const bytes = nonce.length <= 32 ? decodeBase64url(nonce) : null;
    if (bytes?.length !== PERIOD_BYTES + TAG_BYTES) return null;
    const named = bytes.subarray(0, PERIOD_BYTES);
    const age = this.#period - named.readUIntBE(0, PERIOD_BYTES);
    if (!(age >= 0 && age <= PERIODS_TAKEN)) return null;
    return timingSafeEqual(bytes.subarray(PERIOD_BYTES), this.#tagOf(named)) ? (this.#period - age) * PERIOD_MS : null;
  }

  #tagOf(named: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update('dpop-nonce').update(named).digest().subarray(0, TAG_BYTES);
  }
}

function namedPeriod(period: number): Buffer {
  const named = Buffer.alloc(PERIOD_BYTES);
  named.writeUIntBE(Math.max(0, period), 0, PERIOD_BYTES);
  return named;
}
