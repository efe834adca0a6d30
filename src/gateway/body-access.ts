import { type BodyFault, type BoundedCopy, createBoundedCopy, parseBody, type ParsedBody } from '../body/index.ts';
import type { Result } from '../base/index.ts';
import type { BodyUse, BodyViews } from '../policy/index.ts';
import type { BodyNeed } from './plan.ts';

/** How much a tap keeps; enough to recognize a format, little enough for every request at once. */
const TAP_BYTES = 16_384;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * One body, as the steps that asked for it may see it: tapped while it passes, or collected whole and parsed at most
 * once. What is collected is what is forwarded, byte for byte.
 */
export class BodyAccess {
  readonly #need: BodyNeed;
  readonly #tap: BoundedCopy | null;
  #pieces: Buffer[] = [];
  #whole: Buffer | null = null;
  #parsed: Result<ParsedBody, BodyFault> | null = null;
  bytes = 0;

  constructor(need: BodyNeed) {
    this.#need = need;
    this.#tap = need.tap ? createBoundedCopy(TAP_BYTES) : null;
  }

  /** Notes pieces on their way; keeps them where the body must be whole. */
  add(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      this.bytes += piece.length;
      this.#tap?.add(piece);
      if (this.#need.whole) this.#pieces.push(piece);
    }
  }

  /** Closes the collection and parses it if a step wants that. */
  close(contentType: string | null, parse: boolean): Result<ParsedBody, BodyFault> | null {
    this.#whole = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (parse) this.#parsed = parseBody(contentType ?? undefined, this.#whole);
    return this.#parsed;
  }

  /** The collected body, or null where it streams. */
  get whole(): Buffer | null {
    return this.#whole;
  }

  /** The body as one of the views; `asked` is what the step's `reads` said, and anything else throws. */
  view<U extends keyof BodyViews>(use: U, asked: BodyUse): BodyViews[U] {
    if (use !== asked) throw new Error(`a step that reads ${asked} asked for ${use}`);
    return this.#views[use]();
  }

  readonly #views: { readonly [U in keyof BodyViews]: () => BodyViews[U] } = {
    tap: () => ({ bytes: this.#tap?.bytes() ?? NO_BYTES, totalBytes: this.bytes, truncated: this.#tap?.truncated ?? false }),
    raw: () => {
      if (this.#whole === null) throw new Error('the body is not whole yet');
      return this.#whole;
    },
    parsed: () => {
      if (this.#parsed === null || !this.#parsed.ok) throw new Error('the body has not been parsed');
      return this.#parsed.value;
    },
  };
}

/** The access to a body that nobody reads: it only counts. */
export const NO_NEED: BodyNeed = { whole: false, tap: false };
