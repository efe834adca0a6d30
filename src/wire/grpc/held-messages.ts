const PREFIX_BYTES = 5;
/** The first room for a message that comes in pieces. */
const ROOM_BYTES = 4_096;
const NOTHING: Buffer = Buffer.alloc(0);

/** What is done with messages. */
export interface MessageTaker {
  /** Whether the message that begins now is to be looked at; else it goes on piece by piece. */
  wants(): boolean;
  /**
   * A whole message, to be looked at for as long as this call lasts. `as it came` lets it go on; octets go on in its
   * place, as a message without a coding; null ends it all.
   */
  judge(isCoded: boolean, message: Buffer): 'as it came' | Uint8Array | null;
  /** Room for so many octets more is about to be kept; false where there is none. */
  keep(bytes: number): boolean;
  /** So many are kept no more. */
  release(bytes: number): void;
}

/**
 * Takes the messages of one side of a gRPC call apart, however they are cut, and holds each until it is whole and judged.
 * Whatever breaks the framing has been found before, by `MessageGate`.
 */
export class HeldMessages {
  readonly #taker: MessageTaker;
  /** The start of a message, as far as it came in former pieces; its room is `#room`. */
  #room: Buffer = NOTHING;
  #kept = 0;
  /** Octets of the present message, prefix and all; 0 where that is not known yet. */
  #length = 0;
  /** Of a message that nobody looks at: octets of its prefix and then of itself that are still to come. */
  #prefixLeft = 0;
  #passing = 0;
  #announced = 0;

  constructor(taker: MessageTaker) {
    this.#taker = taker;
  }

  /** What may go on of these pieces and of what was held; null where a message may not. */
  read(pieces: readonly Buffer[]): readonly Buffer[] | null {
    const passed: Buffer[] = [];
    for (const piece of pieces) if (!this.#readPiece(piece, passed)) return null;
    return passed;
  }

  /** Nothing more comes: gives back what is held. */
  close(): void {
    this.#free();
  }

  #readPiece(piece: Buffer, passed: Buffer[]): boolean {
    /** Where what goes on as it came begins. */
    let from = 0;
    let at = 0;
    while (at < piece.length) {
      if (this.#passing > 0) {
        const skipped = Math.min(this.#passing, piece.length - at);
        this.#passing -= skipped;
        at += skipped;
        continue;
      }
      if (this.#prefixLeft > 0) {
        this.#passPrefix(piece[at++] as number);
        continue;
      }
      if (this.#kept === 0 && !this.#taker.wants()) {
        this.#prefixLeft = PREFIX_BYTES;
        this.#announced = 0;
        continue;
      }
      const whole = this.#kept === 0 ? wholeAt(piece, at) : 0;
      if (whole === 0) {
        if (at > from) passed.push(piece.subarray(from, at));
        at = this.#collect(piece, at, passed);
        if (at < 0) return false;
        from = at;
        continue;
      }
      const judged = this.#judge(piece.subarray(at, at + whole));
      if (judged === null) return false;
      if (judged !== 'as it came') {
        if (at > from) passed.push(piece.subarray(from, at));
        passed.push(judged);
        from = at + whole;
      }
      at += whole;
    }
    if (at > from) passed.push(piece.subarray(from, at));
    return true;
  }

  #passPrefix(octet: number): void {
    // The first is the flag.
    if (this.#prefixLeft < PREFIX_BYTES) this.#announced = this.#announced * 256 + octet;
    if (--this.#prefixLeft === 0) this.#passing = this.#announced;
  }

  /** Keeps what belongs to the present message, and gives where the rest begins; -1 where it may not go on. */
  #collect(piece: Buffer, from: number, passed: Buffer[]): number {
    let at = from;
    if (this.#length === 0) {
      at = this.#fill(piece, at, PREFIX_BYTES);
      if (at < 0 || this.#kept < PREFIX_BYTES) return at;
      this.#length = PREFIX_BYTES + this.#room.readUInt32BE(1);
    }
    at = this.#fill(piece, at, this.#length);
    if (at < 0 || this.#kept < this.#length) return at;
    const message = this.#room.subarray(0, this.#length);
    const judged = this.#judge(message);
    if (judged === null) return -1;
    passed.push(judged === 'as it came' ? message : judged);
    this.#free();
    return at;
  }

  /** Keeps up to `length` octets of a message. Room grows with what has come, whatever was announced. */
  #fill(piece: Buffer, at: number, length: number): number {
    const wanted = Math.min(length - this.#kept, piece.length - at);
    const needed = this.#kept + wanted;
    if (needed > this.#room.length) {
      const size = Math.max(
        needed,
        Math.min(Math.max(this.#room.length * 2, ROOM_BYTES), Math.max(length, ROOM_BYTES)),
      );
      if (!this.#taker.keep(size - this.#room.length)) return -1;
      const room = Buffer.allocUnsafeSlow(size);
      this.#room.copy(room, 0, 0, this.#kept);
      this.#room = room;
    }
    piece.copy(this.#room, this.#kept, at, at + wanted);
    this.#kept = needed;
    return at + wanted;
  }

  #judge(framed: Buffer): 'as it came' | Buffer | null {
    const judged = this.#taker.judge(framed[0] === 1, framed.subarray(PREFIX_BYTES));
    if (judged === null || judged === 'as it came') return judged;
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(judged.length, 1);
    return Buffer.concat([prefix, judged]);
  }

  #free(): void {
    if (this.#room.length > 0) this.#taker.release(this.#room.length);
    this.#room = NOTHING;
    this.#kept = 0;
    this.#length = 0;
  }
}

/** How many octets the message has that begins here, where all of it is there; else 0. */
function wholeAt(piece: Buffer, at: number): number {
  if (at + PREFIX_BYTES > piece.length) return 0;
  const length = PREFIX_BYTES + piece.readUInt32BE(at + 1);
  return at + length <= piece.length ? length : 0;
}
