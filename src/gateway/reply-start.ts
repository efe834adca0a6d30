import { type ContentCoding, contentCodingOf } from '../body/index.ts';
import type { BodyViews } from '../policy/index.ts';
import type { HeaderFields, HeaderMap, UpstreamFailure } from '../wire/index.ts';
import type { Timer } from '../ports/index.ts';
import { awaitVerdict } from './await-verdict.ts';
import { decodeInTurn } from './start-decodings.ts';
import type { Opening } from './reply-steps.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { Walk } from './walk.ts';

/** So much of a body is looked at by steps that read its start, decoded. */
export const START_LIMIT_BYTES = 64 * 1024;
/** So much of it, where only how it begins is asked. */
const OPENING_LIMIT_BYTES = 4_096;
/** So long the start of a body is waited for: a reply that drips, or never ends, is judged by what has come. */
export const START_WAIT_MS = 500;

const NOTHING: Buffer = Buffer.alloc(0);

type View = BodyViews['start'];

/** Whose body it is, and who goes on with it. */
type Taker = Pick<ReplyTaker, 'pieces' | 'end' | 'failed'> & { readonly headers: HeaderMap };

/**
 * The start of one reply's body. It is collected until it is long enough, or nothing more comes, or the wait is over;
 * then it is decoded and judged, and after that all goes on as it came, from the first byte. Where only how it begins is
 * asked, the first byte that tells it is enough.
 */
export class ReplyStart {
  readonly #walk: Walk;
  readonly #taker: Taker;
  readonly #opening: Opening | null;
  readonly #then: (start: View) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Taken out of the budget of all bodies. */
  #takenBytes = 0;
  /** As many as were there when they were read last. */
  #readBytes = 0;
  #timer: Timer | null = null;
  #state: 'collecting' | 'decoding' | 'over' = 'collecting';
  /** Whether whoever goes on with the body takes more at once. */
  #more = true;
  #end: 'whole' | UpstreamFailure | null = null;
  #trailers: HeaderFields | undefined;

  /**
   * `opening` only wants to know how the body begins, however long that takes; null where the start is read. `then` runs
   * the steps. Behind it `taker` hears of the body, as if all came then.
   */
  constructor(walk: Walk, taker: Taker, opening: Opening | null, then: (start: View) => void) {
    this.#walk = walk;
    this.#taker = taker;
    this.#opening = opening;
    this.#then = then;
    if (opening === null) this.#timer = walk.wait(START_WAIT_MS, () => this.#read());
  }

  /** False asks for a pause. */
  pieces(pieces: readonly Buffer[]): boolean {
    this.#pieces.push(...pieces);
    this.#bytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#state !== 'collecting') return false;
    if (!this.#isLong() && !this.#isTold()) return true;
    this.#read();
    return this.#more && !this.#isDecoding;
  }

  end(trailers?: HeaderFields): void {
    this.#end = 'whole';
    this.#trailers = trailers;
    this.#read();
  }

  failed(failure: UpstreamFailure): void {
    this.#end = failure;
    this.#read();
  }

  /** Nobody wants it any more. Once is enough, more do no harm. */
  close(): void {
    this.#state = 'over';
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#takenBytes > 0) this.#walk.context.bodies.giveBack(this.#walk.request.peer, this.#takenBytes);
    this.#takenBytes = 0;
  }

  get #isDecoding(): boolean {
    return this.#state === 'decoding';
  }

  /** Whether no more is collected, of this one or of all bodies. */
  #isLong(): boolean {
    const bytes = this.#bytes - this.#takenBytes;
    if (!this.#walk.context.bodies.take(this.#walk.request.peer, bytes)) return true;
    this.#takenBytes += bytes;
    return this.#bytes >= START_LIMIT_BYTES;
  }

  /** Whether those who ask how the body begins have what they need. A coded one is looked into each time that twice as much is there. */
  #isTold(): boolean {
    const opening = this.#opening;
    if (opening === null) return false;
    if (this.#coding() !== 'none') return this.#bytes >= 2 * this.#readBytes;
    return !isVague(opening, this.#join());
  }

  /** All that has come, as the one piece it is from here on: a list of single bytes would be long to join each time. */
  #join(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? NOTHING;
  }

  #coding(): ReturnType<typeof contentCodingOf> {
    return contentCodingOf(this.#taker.headers.get('content-encoding'));
  }

  /** Of what has come, sees what it holds. */
  #read(): void {
    if (this.#state !== 'collecting') return;
    this.#timer?.cancel();
    this.#timer = null;
    const came = this.#join();
    this.#readBytes = this.#bytes;
    const coding = this.#coding();
    if (coding === 'none' || came.length === 0) this.#judge(came, false);
    else if (coding === 'unknown') this.#judge(came, true);
    else this.#decode(came, coding);
  }

  #decode(came: Buffer, coding: ContentCoding): void {
    this.#state = 'decoding';
    const bytes = came.subarray(0, START_LIMIT_BYTES);
    const decoded = decodeInTurn({ bytes, coding, limitBytes: START_LIMIT_BYTES }, () => this.#isDecoding);
    awaitVerdict(this.#walk, decoded, {
      settled: (start) => this.#decoded(came, start),
      failed: () => this.#judge(came, true),
    });
  }

  /** Goes on collecting where it does not show yet how the body begins, and more has come or may. */
  #decoded(came: Buffer, start: Buffer | null): void {
    const opening = this.#opening;
    const isVagueYet = opening !== null && (start === null || isVague(opening, start));
    const hasMore = this.#bytes > this.#readBytes;
    if (this.#state === 'over' || !isVagueYet || (this.#end !== null && !hasMore) || this.#isLong()) {
      this.#judge(start ?? came, start === null);
      return;
    }
    this.#state = 'collecting';
    if (hasMore && (this.#end !== null || this.#isTold())) this.#read();
    else this.#walk.drained();
  }

  #judge(seen: Buffer, coded: boolean): void {
    if (this.#state === 'over') return;
    const bytes = seen.subarray(0, START_LIMIT_BYTES);
    const isAll = this.#end === 'whole' && this.#readBytes === this.#bytes && this.#bytes <= START_LIMIT_BYTES;
    const whole = isAll && seen.length < START_LIMIT_BYTES;
    const [pieces, end] = [this.#pieces, this.#end];
    this.close();
    this.#then({ bytes, whole, coded });
    this.#more = pieces.length === 0 || this.#taker.pieces(pieces);
    if (end === 'whole') this.#taker.end(this.#trailers);
    else if (end !== null) this.#taker.failed(end);
    // While it was decoded, whatever came asked for a pause.
    else if (this.#more) this.#walk.drained();
  }
}

/** Whether such a beginning does not tell yet, and a longer one may. */
function isVague(opening: Opening, start: Buffer): boolean {
  return start.length < OPENING_LIMIT_BYTES && opening.concerns(start) === null;
}
