import { isCloseCode, NO_CLOSE_CODE } from './close-code.ts';

/** What one look at bytes gave; filled anew by each. */
export interface GateReading {
  /** So many bytes, from the first, may pass. What is behind them is to be given again, in front of what comes next. */
  passes: number;
  /** Frames whose head is among these bytes, and messages whose last frame is. */
  frames: number;
  messages: number;
  /** What is wrong with the frame that stands behind them; nothing more is read then. */
  fault: 'protocol' | 'too-large' | null;
  /** The code of a Close frame that ends what passes, 1005 where it has none; else null. */
  close: number | null;
}

const FIN = 0x80;
const RESERVED = 0x70;
const MASK = 0x80;
const LENGTH = 0x7f;
const CONTINUATION = 0;
const LAST_DATA = 2;
const CLOSE = 8;
const LAST_CONTROL = 10;
const CONTROL_LIMIT_BYTES = 125;
const SHORT_LENGTH = 126;
const LONG_LENGTH = 127;
const MASK_BYTES = 4;

/**
 * Judges the frames of one side of a WebSocket (RFC 6455 §5) as they pass, by their heads alone: payloads are neither
 * copied nor unmasked. Refused is what the protocol forbids where no extension was agreed, and a message larger than
 * allowed, before a byte passes of the frame by which it is. A head passes whole or not at all, and so does a Close frame.
 * Whether text is UTF-8 is for whoever takes the messages to judge.
 */
export class FrameGate {
  readonly #mask: number;
  readonly #messageLimitBytes: number;
  readonly #reading: GateReading = { passes: 0, frames: 0, messages: 0, fault: null, close: null };
  /** Bytes of payload that the present frame still wants. */
  #left = 0;
  /** What the present message has so far, and whether another of its fragments is to come. */
  #messageBytes = 0;
  #isFragmented = false;
  #isClosed = false;
  // Of the head that was read last.
  #headBytes = 0;
  #length = 0;

  constructor(from: 'client' | 'upstream', messageLimitBytes: number) {
    this.#mask = from === 'client' ? MASK : 0;
    this.#messageLimitBytes = messageLimitBytes;
  }

  /** Whether what has passed ends with a whole frame. */
  get isBetweenFrames(): boolean {
    return this.#left === 0;
  }

  /** Looks at bytes, up to the head of the first frame beyond `frameLimit`. Behind a fault or a Close frame nothing passes. */
  read(bytes: Buffer, frameLimit: number): GateReading {
    const reading = this.#reading;
    reading.passes = reading.frames = reading.messages = 0;
    reading.close = null;
    if (this.#isClosed || reading.fault !== null) return reading;
    let at = Math.min(this.#left, bytes.length);
    this.#left -= at;
    while (this.#left === 0 && at < bytes.length && reading.frames < frameLimit) {
      if (!this.#readHead(bytes, at)) break;
      reading.frames++;
      const from = at + this.#headBytes;
      at = Math.min(from + this.#length, bytes.length);
      this.#left = from + this.#length - at;
      if (this.#isClosed) break;
    }
    reading.passes = at;
    return reading;
  }

  /** Reads the head at this place. False where it is not there whole, is faulty, or is that of a Close frame that is not. */
  #readHead(bytes: Buffer, at: number): boolean {
    if (bytes.length - at < 2) return false;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const opcode = first & 0x0f;
    const isControl = opcode >= CLOSE;
    if ((first & RESERVED) !== 0 || (second & MASK) !== this.#mask) return this.#refuse('protocol');
    if (isControl ? !isSoundControl(first, second) : !this.#isInPlace(opcode)) return this.#refuse('protocol');
    if (!this.#readLength(bytes, at, second & LENGTH)) return false;
    if (opcode === CLOSE) return this.#readClose(bytes, at + this.#headBytes);
    return isControl || this.#count(first);
  }

  /** A message begins where none is unfinished, and goes on where one is (RFC 6455 §5.4). */
  #isInPlace(opcode: number): boolean {
    return opcode <= LAST_DATA && (opcode === CONTINUATION) === this.#isFragmented;
  }

  /** The payload's length, in the one form that is short enough (RFC 6455 §5.2), and that of the head. */
  #readLength(bytes: Buffer, at: number, said: number): boolean {
    const extended = said === SHORT_LENGTH ? 2 : said === LONG_LENGTH ? 8 : 0;
    this.#headBytes = 2 + extended + (this.#mask === 0 ? 0 : MASK_BYTES);
    if (bytes.length - at < this.#headBytes) return false;
    if (extended === 0) this.#length = said;
    else if (extended === 2) this.#length = bytes.readUInt16BE(at + 2);
    else this.#length = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
    const least = extended === 0 ? 0 : extended === 2 ? SHORT_LENGTH : 2 ** 16;
    // The highest bit of eight octets is zero; a length so great is no more than roughly known here, and too great anyway.
    const hasSign = extended === 8 && (bytes[at + 2] as number) >= 0x80;
    return (this.#length >= least && !hasSign) || this.#refuse('protocol');
  }

  #count(first: number): boolean {
    const sum = this.#messageBytes + this.#length;
    if (sum > this.#messageLimitBytes) return this.#refuse('too-large');
    this.#isFragmented = (first & FIN) === 0;
    this.#messageBytes = this.#isFragmented ? sum : 0;
    if (!this.#isFragmented) this.#reading.messages++;
    return true;
  }

  #readClose(bytes: Buffer, from: number): boolean {
    if (bytes.length - from < this.#length) return false;
    const code = this.#length === 0 ? NO_CLOSE_CODE : this.#codeAt(bytes, from);
    if (code !== NO_CLOSE_CODE && !isCloseCode(code)) return this.#refuse('protocol');
    if (code === NO_CLOSE_CODE && this.#length > 0) return this.#refuse('protocol');
    this.#isClosed = true;
    this.#reading.close = code;
    return true;
  }

  #codeAt(bytes: Buffer, from: number): number {
    const said = bytes.readUInt16BE(from);
    return this.#mask === 0 ? said : said ^ bytes.readUInt16BE(from - MASK_BYTES);
  }

  #refuse(fault: 'protocol' | 'too-large'): false {
    this.#reading.fault = fault;
    return false;
  }
}

/** A control frame is whole, short, and one of three; a Close has a code of two bytes, or nothing (RFC 6455 §5.5). */
function isSoundControl(first: number, second: number): boolean {
  const opcode = first & 0x0f;
  const length = second & LENGTH;
  return (
    (first & FIN) !== 0 && opcode <= LAST_CONTROL && length <= CONTROL_LIMIT_BYTES && (opcode !== CLOSE || length !== 1)
  );
}
