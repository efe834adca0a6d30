import { err, type Result } from '../base/index.ts';
import { type CodedBody, type CodingFault, decodeAside, decodeNow } from '../body/index.ts';
import type { Peer } from '../wire/index.ts';
import { BodyBudget } from './body-budget.ts';

/** Coded bodies that may wait for their turn in a thread; at a hundredth of a second each the last waits less than one. */
export const WAITING_BODIES = 64;
/** A longer body is decoded beside the thread, */
const AT_ONCE_BYTES = 65_536;
/** and so is one that holds more: so much takes the thread about a millisecond. */
const AT_ONCE_DECODED_BYTES = 1024 * 1024;

/**
 * So much of a second goes into brotli in the thread's own time: five hundred ordinary bodies. Its decoder may fill a
 * window of up to 16 MiB before it gives its first byte, whatever it may give, which takes ten milliseconds and more.
 */
const BROTLI_MS = 20;
const SECOND_MS = 1_000;

/** Why a body was not decoded: a fault of its own, or too many others wait. */
export type DecodingFault = CodingFault | 'busy';

/** Who a coded body comes from, and whether somebody still waits for it. */
export interface Requester {
  readonly peer: Pick<Peer, 'address'>;
  wanted(): boolean;
}

interface Job {
  readonly body: CodedBody;
  readonly requester: Requester;
  readonly settle: (result: Result<Buffer, DecodingFault>) => void;
}

/**
 * Decodes the coded bodies of one thread. Short ones at once. What may take long goes to Node's pool, one at a time: so
 * a thread never holds more than one body half decoded, and leaves the pool to others. Those that wait have a bound, of
 * which no client network takes more than others leave free (see `BodyBudget`).
 */
export class Decoding {
  readonly #monotonic: () => number;
  readonly #places = new BodyBudget(WAITING_BODIES);
  readonly #waiting: Job[] = [];
  #busy = false;
  #secondMs = Number.NEGATIVE_INFINITY;
  #brotliMs = 0;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** What the body holds, now or later. The promise is never rejected. */
  decode(
    body: CodedBody,
    requester: Requester,
  ): Result<Buffer, DecodingFault> | Promise<Result<Buffer, DecodingFault>> {
    const short = body.bytes.length <= AT_ONCE_BYTES;
    if (short && (body.coding !== 'br' || this.#hasTimeForBrotli())) {
      const limitBytes = Math.min(body.limitBytes, AT_ONCE_DECODED_BYTES);
      const decoded = this.#decodeNow({ ...body, limitBytes });
      if (decoded.ok || decoded.error !== 'too-large' || limitBytes === body.limitBytes) return decoded;
    }
    if (!this.#places.take(requester.peer, 1)) return err('busy');
    const { promise, resolve } = Promise.withResolvers<Result<Buffer, DecodingFault>>();
    const settle = (result: Result<Buffer, DecodingFault>): void => {
      this.#places.giveBack(requester.peer, 1);
      resolve(result);
    };
    this.#waiting.push({ body, requester, settle });
    this.#next();
    return promise;
  }

  #hasTimeForBrotli(): boolean {
    const nowMs = this.#monotonic();
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#brotliMs = 0;
    }
    return this.#brotliMs < BROTLI_MS;
  }

  #decodeNow(body: CodedBody): Result<Buffer, CodingFault> {
    if (body.coding !== 'br') return decodeNow(body);
    const fromMs = this.#monotonic();
    const decoded = decodeNow(body);
    this.#brotliMs += this.#monotonic() - fromMs;
    return decoded;
  }

  #next(): void {
    if (this.#busy) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    if (!job.requester.wanted()) {
      job.settle(err('busy'));
      this.#next();
      return;
    }
    this.#busy = true;
    void decodeAside(job.body).then((result) => {
      this.#busy = false;
      job.settle(result);
      this.#next();
    });
  }
}
