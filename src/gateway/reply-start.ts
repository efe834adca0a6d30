import { type ContentCoding, contentCodingOf, decodeStart } from '../body/index.ts';
import type { BodyViews } from '../policy/index.ts';
import type { HeaderFields, HeaderMap, UpstreamFailure } from '../wire/index.ts';
import type { Timer } from '../ports/index.ts';
import { awaitVerdict } from './await-verdict.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { Walk } from './walk.ts';

/** So much of a body is looked at by steps that read its start, decoded. */
export const START_LIMIT_BYTES = 64 * 1024;
/** So long the start of a body is waited for: a reply that drips, or never ends, is judged by what has come. */
export const START_WAIT_MS = 500;
/** Starts that a thread decodes at once; those beyond them are seen coded. */
const DECODING_LIMIT = 16;

let decodings = 0;

type View = BodyViews['start'];

/** Whose body it is, and who goes on with it. */
type Taker = Pick<ReplyTaker, 'pieces' | 'end' | 'failed'> & { readonly headers: HeaderMap };

/**
 * The start of one reply's body. It is collected until it is long enough, or nothing more comes, or the wait is over;
 * then it is decoded and judged, and after that all goes on as it came, from the first byte.
 */
export class ReplyStart {
  readonly #walk: Walk;
  readonly #taker: Taker;
  readonly #then: (start: View) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Taken out of the budget of all bodies. */
  #takenBytes = 0;
  #timer: Timer | null;
  #state: 'collecting' | 'decoding' | 'over' = 'collecting';
  #end: 'whole' | UpstreamFailure | null = null;
  #trailers: HeaderFields | undefined;

  /** `then` runs the steps that read the start. Behind it `taker` hears of the body, as if all came then. */
  constructor(walk: Walk, taker: Taker, then: (start: View) => void) {
    this.#walk = walk;
    this.#taker = taker;
    this.#then = then;
    this.#timer = walk.wait(START_WAIT_MS, () => this.#read());
  }

  /** False asks for a pause. */
  pieces(pieces: readonly Buffer[]): boolean {
    this.#pieces.push(...pieces);
    if (this.#state !== 'collecting') return false;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#bytes += bytes;
    const { bodies } = this.#walk.context;
    const room = bodies.take(this.#walk.request.peer, bytes);
    if (room) this.#takenBytes += bytes;
    if (room && this.#bytes < START_LIMIT_BYTES) return true;
    this.#read();
    return !this.#isDecoding;
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

  /** Of what has come, sees what it holds. */
  #read(): void {
    if (this.#state !== 'collecting') return;
    this.#timer?.cancel();
    this.#timer = null;
    const came = Buffer.concat(this.#pieces);
    const coding = contentCodingOf(this.#taker.headers.get('content-encoding'));
    if (coding === 'none' || came.length === 0) this.#judge(came, false);
    else if (coding === 'unknown' || decodings >= DECODING_LIMIT) this.#judge(came, true);
    else this.#decode(came, coding);
  }

  #decode(came: Buffer, coding: ContentCoding): void {
    this.#state = 'decoding';
    decodings++;
    const bytes = came.subarray(0, START_LIMIT_BYTES);
    const decoded = decodeStart({ bytes, coding, limitBytes: START_LIMIT_BYTES }).finally(() => void decodings--);
    awaitVerdict(this.#walk, decoded, {
      settled: (start) => this.#judge(start ?? came, start === null),
      failed: () => this.#judge(came, true),
    });
  }

  #judge(seen: Buffer, coded: boolean): void {
    if (this.#state === 'over') return;
    const bytes = seen.subarray(0, START_LIMIT_BYTES);
    const whole = this.#end === 'whole' && bytes.length === seen.length && seen.length < START_LIMIT_BYTES;
    const [pieces, end] = [this.#pieces, this.#end];
    this.close();
    this.#then({ bytes, whole, coded });
    const more = pieces.length === 0 || this.#taker.pieces(pieces);
    if (end === 'whole') this.#taker.end(this.#trailers);
    else if (end !== null) this.#taker.failed(end);
    // While it was decoded, whatever came asked for a pause.
    else if (more) this.#walk.drained();
  }
}
