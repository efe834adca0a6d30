/** Makes lines of pieces of UTF-8 text, and tells each that is not empty. More than `limitBytes` without an end of line throws. */
export class LineSplitter {
  readonly #limitBytes: number;
  readonly #tell: (line: string) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(limitBytes: number, tell: (line: string) => void) {
    this.#limitBytes = limitBytes;
    this.#tell = tell;
  }

  /** The next piece of the text. */
  add(piece: Uint8Array): void {
    let rest = piece;
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      this.#keep(rest.subarray(0, end));
      const line = Buffer.concat(this.#pieces).toString('utf8').trim();
      this.#pieces = [];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
      if (line !== '') this.#tell(line);
    }
    this.#keep(rest);
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#bytes > this.#limitBytes) throw new RangeError(`a line has more than ${this.#limitBytes} bytes`);
    // A copy: what was handed over may be used again.
    this.#pieces.push(piece.slice());
  }
}
