/** The first block is as large as what begins it; those behind it grow, so that many short pieces make few blocks. */
const LEAST_BLOCK_BYTES = 512;
const LARGEST_BLOCK_BYTES = 16_384;
const NO_BLOCK: Buffer = Buffer.alloc(0);

/**
 * What has come of a body and was not handed on yet. Pieces are moved together: kept one by one, DATA of one octet each
 * would take a hundred times what the windows count.
 */
export class KeptData {
  readonly #blocks: Buffer[] = [];
  #block = NO_BLOCK;
  #used = 0;
  #bytes = 0;

  /** Bytes of data. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies what lies between two places of a buffer. */
  add(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length > this.#block.length - this.#used) this.#beginBlock(length);
    bytes.copy(this.#block, this.#used, from, to);
    this.#used += length;
    this.#bytes += length;
  }

  /** All of it, in order, for the receiver to keep. Nothing may be added behind this. */
  take(): readonly Buffer[] {
    this.#endBlock();
    return this.#blocks;
  }

  #beginBlock(length: number): void {
    const before = this.#block.length;
    this.#endBlock();
    const room = before === 0 ? length : Math.min(Math.max(2 * before, LEAST_BLOCK_BYTES), LARGEST_BLOCK_BYTES);
    // Memory of its own: a piece of what Node shares would keep all of that alive.
    this.#block = Buffer.allocUnsafeSlow(Math.max(room, length));
  }

  /** A block that is mostly empty is copied: who collects a body counts bytes and not blocks. */
  #endBlock(): void {
    if (this.#used === 0) return;
    let piece = this.#block.subarray(0, this.#used);
    if (2 * this.#used < this.#block.length) {
      piece = Buffer.allocUnsafeSlow(this.#used);
      this.#block.copy(piece);
    }
    this.#blocks.push(piece);
    this.#block = NO_BLOCK;
    this.#used = 0;
  }
}
