/** What whoever joins two sides is told by one of them. Nothing is told before the first `resume`, but that it has gone. */
export interface TunnelEnds {
  /** Bytes of the peer, lent: what is kept of them is copied. False asks for a pause until `resume`. */
  bytes(read: Buffer): boolean;
  /** The peer sends nothing more. */
  ended(): void;
  /** What was written has gone out; writing may go on. */
  drained(): void;
  /** The peer has gone: nothing can be sent to it any more. Told once, and never behind `end` or `reset`. */
  gone(): void;
}

/** One side of a connection that carries another protocol from here on. It begins in a pause. */
export interface TunnelSide {
  /** Sends bytes, which are lent: what is kept of them is copied. False asks for a pause until `drained`. */
  write(bytes: Buffer): boolean;
  /** Ends it behind what was written; what still comes is thrown away. */
  end(): void;
  resume(): void;
  /** Ends it so that the peer can't take what it has for the whole. */
  reset(): void;
  /** Bytes that wait to be sent. */
  readonly waiting: number;
}
