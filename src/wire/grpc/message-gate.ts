/** What is wrong with a message, before any of it is passed on. */
export type MessageFault = 'malformed-message' | 'message-too-large';

/** What one side may send. */
export interface MessageRules {
  /** The most octets of one message, as it is sent. */
  readonly limitBytes: number;
  /** Whether messages may be compressed: the head names a coding other than `identity`. */
  readonly coded: boolean;
  /** Whether there is one message at most: that side does not stream. */
  readonly single: boolean;
}

/** A flag octet and the message's length in four (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/**
 * Walks over the messages of one side of a gRPC call as they pass. It looks at prefixes only: nothing is kept, unpacked
 * or copied, so that a call costs no more memory for what is sent over it.
 */
export class MessageGate {
  readonly #rules: MessageRules;
  /** Octets of the present prefix that have come, and what its length is so far. */
  #prefixBytes = 0;
  #length = 0;
  /** Octets of the present message that are still to come. */
  #left = 0;
  #messages = 0;

  constructor(rules: MessageRules) {
    this.#rules = rules;
  }

  /** Messages that have begun. */
  get messages(): number {
    return this.#messages;
  }

  /** Whether what has come ends with a whole message, or nothing has. */
  get isWhole(): boolean {
    return this.#prefixBytes === 0 && this.#left === 0;
  }

  /** Judges the next octets. Behind a fault none of these pieces may be passed on, and the gate judges no more. */
  read(pieces: readonly Uint8Array[]): MessageFault | null {
    for (const piece of pieces) {
      const fault = this.#readPiece(piece);
      if (fault !== null) return fault;
    }
    return null;
  }

  #readPiece(piece: Uint8Array): MessageFault | null {
    let at = 0;
    while (at < piece.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, piece.length - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      const fault = this.#readOctet(piece[at++] as number);
      if (fault !== null) return fault;
    }
    return null;
  }

  /** Takes an octet of a prefix. */
  #readOctet(octet: number): MessageFault | null {
    const { coded, limitBytes, single } = this.#rules;
    if (this.#prefixBytes++ === 0) {
      this.#length = 0;
      this.#messages++;
      const isSound = octet === 0 || (octet === 1 && coded);
      return isSound && (!single || this.#messages === 1) ? null : 'malformed-message';
    }
    this.#length = this.#length * 256 + octet;
    if (this.#prefixBytes < PREFIX_BYTES) return null;
    this.#prefixBytes = 0;
    this.#left = this.#length;
    return this.#length > limitBytes ? 'message-too-large' : null;
  }
}
