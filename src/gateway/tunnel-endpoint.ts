import {
  type CloseCode,
  closeFrame,
  FrameGate,
  type GateReading,
  type TunnelEnds,
  type TunnelSide,
} from '../wire/index.ts';
import type { FramePace } from './frame-pace.ts';

/** What a tunnel does for its endpoints. */
export interface TunnelHost {
  nowMs(): number;
  /** Four octets by chance, for a frame of the gateway's own to an upstream (RFC 6455 §5.3). */
  mask(): Uint8Array;
  /** So much of what it sent passes, and so many messages end with it. */
  passed(from: TunnelEndpoint, bytes: number, messages: number): void;
  /** It broke the protocol or a bound; nothing more of it is read. */
  faulted(from: TunnelEndpoint, fault: 'protocol' | 'too-large'): void;
  /** It has ended without a Close frame of its own, whether or not it was sent one. */
  lost(from: TunnelEndpoint): void;
  /** It sends faster than it may, and waits until `goOn` is called after so long. */
  stalled(from: TunnelEndpoint, waitMs: number): void;
  /** A Close frame has gone out or come in: the rest may not take long. */
  closing(from: TunnelEndpoint): void;
  /** It has ended. */
  settled(): void;
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;
const NOTHING = Buffer.alloc(0);

/**
 * One of the two that speak WebSocket through the gateway. What it sends passes its gate, then goes to the other; behind
 * its Close frame nothing more does. A Close frame of the gateway's own goes out between two frames only, so where one is
 * on its way the frame is let come to its end.
 */
export class TunnelEndpoint implements TunnelEnds {
  readonly #host: TunnelHost;
  readonly #isUpstream: boolean;
  readonly #gate: FrameGate;
  readonly #pace: FramePace | null;
  #side: TunnelSide | null = null;
  #other: TunnelEndpoint | null = null;
  /** What it sent and may not pass yet: less than a head, or what its pace keeps back. */
  #held: Buffer | null = null;
  /** The other takes nothing now. */
  #blocked = false;
  #stalledSinceMs: number | null = null;
  /** The Close frame that it is to be sent. */
  #due: CloseCode | null = null;
  #closeSent = false;
  /** It has sent its last: by a Close frame, a fault or its end. */
  #closeGot = false;
  #over = false;

  constructor(from: 'client' | 'upstream', host: TunnelHost, bounds: { messageBytes: number; pace: FramePace | null }) {
    this.#host = host;
    this.#isUpstream = from === 'upstream';
    this.#gate = new FrameGate(from, bounds.messageBytes);
    this.#pace = bounds.pace;
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether it has said goodbye, and nobody has yet to it. */
  get awaitsClose(): boolean {
    return this.#closeGot && !this.#closeSent;
  }

  /** How long it has sent faster than it may, in milliseconds; 0 where it does not. */
  stalledMs(nowMs: number): number {
    return this.#stalledSinceMs === null ? 0 : nowMs - this.#stalledSinceMs;
  }

  /** Says over what it is reached, and who the other is. */
  join(side: TunnelSide, other: TunnelEndpoint): void {
    this.#side = side;
    this.#other = other;
  }

  bytes(read: Buffer): boolean {
    if (this.#closeGot) return true;
    this.#take(this.#held === null ? read : Buffer.concat([this.#held, read]));
    return this.#isTaken;
  }

  /** Works off what was held, and reads on where it may. */
  goOn(): void {
    const held = this.#held;
    if (held !== null && !this.#closeGot) this.#take(held);
    if (this.#isTaken) this.#side?.resume();
  }

  get #isTaken(): boolean {
    return !this.#blocked && this.#stalledSinceMs === null;
  }

  #take(bytes: Buffer): void {
    this.#held = null;
    const other = this.#other;
    let rest = bytes;
    let isHeldBack = false;
    if (other === null) return;
    while (rest.length > 0 && !this.#closeGot) {
      const limit = this.#frameLimit(other);
      const reading = this.#gate.read(rest, limit);
      const { passes, frames, fault, close } = reading;
      // Mostly it is whole frames that came, and all of them pass.
      const isWhole = passes === rest.length;
      if (passes > 0 && !other.#closeSent) this.#pass(isWhole ? rest : rest.subarray(0, passes), reading, other);
      rest = isWhole ? NOTHING : rest.subarray(passes);
      isHeldBack = frames === limit && rest.length > 0;
      if (fault !== null) this.#fail(fault);
      else if (close !== null) this.#passClose(other);
      // Once more where a Close frame for the other has just found its place: what follows is only looked through.
      if (!other.#flushClose()) break;
    }
    if (this.#closeGot) return;
    if (rest.length > 0) this.#held = Buffer.from(rest);
    this.#stall(isHeldBack);
  }

  /** How many frames may begin to pass now. */
  #frameLimit(other: TunnelEndpoint): number {
    if (other.#closeSent) return UNLIMITED;
    if (other.#due !== null) return 0;
    return this.#pace === null ? UNLIMITED : this.#pace.allowed(this.#host.nowMs());
  }

  #pass(bytes: Buffer, { frames, messages }: GateReading, other: TunnelEndpoint): void {
    this.#pace?.spend(frames);
    this.#host.passed(this, bytes.length, messages);
    if (other.#side !== null && !other.#side.write(bytes)) this.#blocked = true;
  }

  #stall(isStalled: boolean): void {
    if (!isStalled || this.#pace === null) {
      this.#stalledSinceMs = null;
      return;
    }
    this.#stalledSinceMs ??= this.#host.nowMs();
    this.#host.stalled(this, this.#pace.waitMs);
  }

  #fail(fault: 'protocol' | 'too-large'): void {
    this.#closeGot = true;
    this.#host.faulted(this, fault);
  }

  /** Its Close frame has passed, or what it answers has: the other needs none of ours. */
  #passClose(other: TunnelEndpoint): void {
    this.#closeGot = true;
    other.#closeSent = true;
    other.#due = null;
    this.#host.closing(this);
    this.#settle();
    other.#settle();
  }

  /** Sends a Close frame, now or at the end of the frame that is on its way. */
  close(code: CloseCode): void {
    if (this.#over || this.#closeSent || this.#due !== null) return;
    this.#due = code;
    this.#flushClose();
    // What the other still sends is looked through for its own Close frame.
    this.#other?.goOn();
  }

  #flushClose(): boolean {
    const code = this.#due;
    const other = this.#other;
    if (code === null || other === null || this.#over) return false;
    if (!other.#gate.isBetweenFrames) {
      if (other.#closeGot) this.reset();
      return false;
    }
    this.#due = null;
    this.#closeSent = true;
    this.#side?.write(closeFrame(code, this.#isUpstream ? this.#host.mask() : null));
    this.#host.closing(this);
    this.#settle();
    return true;
  }

  #settle(): void {
    if (!this.#closeSent || !this.#closeGot || this.#over) return;
    this.#over = true;
    this.#side?.end();
    this.#leave();
  }

  /** It is over: whoever waits until it takes more need not. */
  #leave(): void {
    this.drained();
    this.#host.settled();
  }

  /** Ends it so that it can't take what it has for the whole. */
  reset(): void {
    if (this.#over) return;
    this.#over = this.#closeGot = this.#closeSent = true;
    this.#side?.reset();
    this.#leave();
  }

  ended(): void {
    if (this.#over || this.#closeGot) return;
    // Who says no goodbye is told none.
    this.#closeGot = this.#closeSent = true;
    this.#host.lost(this);
    this.#settle();
  }

  drained(): void {
    const other = this.#other;
    if (other === null || !other.#blocked) return;
    other.#blocked = false;
    other.goOn();
  }

  gone(): void {
    if (this.#over) return;
    const saidGoodbye = this.#closeGot;
    this.#over = this.#closeGot = this.#closeSent = true;
    if (!saidGoodbye) this.#host.lost(this);
    // A frame that was on its way to the other will not come to its end.
    if (this.#other !== null) this.#other.#flushClose();
    this.#leave();
  }
}
