import { JoinedPieces } from './joined-pieces.ts';

/** So much of a body is kept while it streams; one that is at hand whole is held by whoever collected it, and only pointed to. */
const PIECE_LIMIT_BYTES = 64 * 1024;
/** So much is kept of all bodies that stream to one upstream. */
const ALL_LIMIT_BYTES = 16 * 1024 * 1024;

/** Bounds what is kept of bodies so that they can be sent again. */
export class KeptBytes {
  #bytes = 0;

  /** What is kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False where there is no room for so many more. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > ALL_LIMIT_BYTES) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What has been written of a request's body, as long as it can be written again from its beginning. */
export class KeptBody {
  readonly #room: KeptBytes;
  readonly #pieces = new JoinedPieces();
  #counted = 0;
  #lost = false;

  constructor(room: KeptBytes) {
    this.#room = room;
  }

  /** Whether all that was written is here. */
  get isWhole(): boolean {
    return !this.#lost;
  }

  /** All that was written, in order. */
  get pieces(): readonly Buffer[] {
    return this.#pieces.all();
  }

  /** Notes what is being written. `forced`: it goes nowhere else, so that it must be kept. */
  add(pieces: readonly Buffer[], forced: boolean): void {
    if (this.#lost) return;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const isHeld = this.#pieces.isEmpty && bytes > PIECE_LIMIT_BYTES;
    if (!isHeld && !forced && (this.#counted + bytes > PIECE_LIMIT_BYTES || !this.#room.take(bytes))) {
      this.drop();
      return;
    }
    if (!isHeld && !forced) this.#counted += bytes;
    for (const piece of pieces) this.#pieces.add(piece);
  }

  /** Nothing of it will be sent again. Once is enough, more do no harm. */
  drop(): void {
    this.#lost = true;
    this.#pieces.clear();
    this.#room.giveBack(this.#counted);
    this.#counted = 0;
  }
}
