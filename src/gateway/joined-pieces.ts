/** Pieces smaller than this are moved together: kept one by one, a body sent byte by byte would take a hundred times its size. */
const BLOCK_BYTES = 4_096;
const NO_BYTES: Buffer = Buffer.alloc(0);

/** Pieces of a body in their order, for keeps. Small ones are copied, large ones held as they are. */
export class JoinedPieces {
  #pieces: Buffer[] = [];
  #block: Buffer = NO_BYTES;
  #blockUsed = 0;

  get isEmpty(): boolean {
    return this.#blockUsed === 0 && this.#pieces.length === 0;
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    if (piece.length >= BLOCK_BYTES) {
      this.#endBlock();
      this.#pieces.push(piece);
      return;
    }
    if (piece.length > this.#block.length - this.#blockUsed) {
      this.#endBlock();
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    }
    piece.copy(this.#block, this.#blockUsed);
    this.#blockUsed += piece.length;
  }

  /** All that was added. More may be added behind it. */
  all(): readonly Buffer[] {
    this.#endBlock();
    return this.#pieces;
  }

  /** Holds nothing any more; what was given out stays as it is. */
  clear(): void {
    this.#pieces = [];
    this.#block = NO_BYTES;
    this.#blockUsed = 0;
  }

  #endBlock(): void {
    if (this.#blockUsed > 0) this.#pieces.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = NO_BYTES;
    this.#blockUsed = 0;
  }
}
