import { type BodyFault, type BoundedCopy, createBoundedCopy, parseBody, type ParsedBody } from '../body/index.ts';
import type { BodyUse, BodyViews } from '../policy/index.ts';
import type { HeaderMap } from '../wire/index.ts';
import { JoinedPieces } from './joined-pieces.ts';
import type { BodyNeed } from './body-need.ts';

/** How much a tap keeps; enough to recognize a format, little enough for every request at once. */
const TAP_BYTES = 16_384;
const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * One body, as the steps that asked for it may see it: tapped while it passes, or collected whole and parsed at most
 * once. What they see whole is what is forwarded, byte for byte.
 */
export class BodyAccess {
  readonly need: BodyNeed;
  #tap: BoundedCopy | null;
  readonly #pieces = new JoinedPieces();
  #whole: Buffer | null = null;
  #parsed: ParsedBody | null = null;
  #isLeft = false;
  #bytes = 0;
  /** The start of a reply, once it is there; null as long, and where nobody reads it. */
  readonly start: BodyViews['start'] | null;

  /** Null where nobody reads the body: then nothing of it is kept or counted. */
  static of(need: BodyNeed, start: BodyViews['start'] | null = null): BodyAccess | null {
    return need.whole || need.tap || need.start ? new BodyAccess(need, start) : null;
  }

  private constructor(need: BodyNeed, start: BodyViews['start'] | null) {
    this.need = need;
    this.start = start;
    this.#tap = need.tap ? createBoundedCopy(TAP_BYTES) : null;
  }

  /** Bytes that have come so far, coded where it is. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes pieces on their way; keeps them where the body must be whole. */
  add(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      this.#bytes += piece.length;
      this.#tap?.add(piece);
      if (this.need.whole) this.#pieces.add(piece);
    }
  }

  /** Ends the collection: all that has come since it began. */
  gather(): Buffer {
    const pieces = this.#pieces.all();
    this.#pieces.clear();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /**
   * Makes these the body, no longer coded, and parses them if a step wants that. What can't be read is a fault, and then
   * nobody sees any of it; where all who want it parsed only observe, it is whole all the same.
   */
  close(headers: HeaderMap, whole: Buffer = this.gather()): BodyFault | null {
    const fault = this.need.parsed ? this.#parse(whole, headers) : null;
    if (fault === null || this.need.parsedObserver !== null) this.#whole = whole;
    return fault;
  }

  /** Puts another body in the place of the one that is whole, and parses that anew. Where it can't be read, the former stays. */
  replace(headers: HeaderMap, whole: Buffer): BodyFault | null {
    const fault = this.#parse(whole, headers);
    if (fault !== null) return fault;
    this.#whole = whole;
    if (this.#tap !== null) {
      this.#tap = createBoundedCopy(TAP_BYTES);
      this.#tap.add(whole);
    }
    return null;
  }

  #parse(whole: Buffer, headers: HeaderMap): BodyFault | null {
    const parsed = parseBody(headers.get('content-type') ?? undefined, whole);
    if (!parsed.ok) return parsed.error;
    this.#parsed = parsed.value;
    return null;
  }

  /** Says that its coding can't be undone. Where all that want it whole only observe, it passes as it came; else nobody has it. */
  leave(coded: Buffer): void {
    if (this.need.wholeObserver === null) return;
    this.#whole = coded;
    this.#isLeft = true;
  }

  /** Whether it passes in a coding that could not be undone, so that no step can read it. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Whether it has been parsed. */
  get isParsed(): boolean {
    return this.#parsed !== null;
  }

  /** The collected body, or null where it streams or is not whole yet. */
  get whole(): Buffer | null {
    return this.#whole;
  }

  /** The body as one of the views. */
  view<U extends keyof BodyViews>(use: U): BodyViews[U] {
    const views: { readonly [V in keyof BodyViews]: () => BodyViews[V] } = {
      tap: () => this.#tapped(),
      raw: () => known(this.#whole),
      parsed: () => known(this.#parsed),
      start: () => known(this.start),
    };
    return views[use]();
  }

  #tapped(): BodyViews['tap'] {
    const tap = this.#tap;
    return { bytes: tap?.bytes() ?? NO_BYTES, totalBytes: tap?.total ?? 0, truncated: tap?.truncated ?? false };
  }
}

/** What a step sees of a body; `asked` is what its `reads` said, and anything else throws. */
export function viewOf<U extends keyof BodyViews>(body: BodyAccess | null, use: U, asked: BodyUse): BodyViews[U] {
  if (body === null || use !== asked) throw new Error(`a step that reads ${asked} asked for ${use}`);
  return body.view(use);
}

function known<T>(value: T | null): T {
  if (value === null) throw new Error('the body is not whole here');
  return value;
}
