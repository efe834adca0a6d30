import { COLON, CR, HEX_VALUE, HTAB, LF, REPLY_VALUE, SEMICOLON, SP, TOKEN } from './octets.ts';

/** Bounds of what a chunked body holds besides data, for the whole message. */
export const CHUNK_BOUNDS = { sizeDigits: 16, extensionBytes: 256, trailerBytes: 8_192, trailerFields: 50 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;

type SizeState = 'size-start' | 'size' | 'size-lf' | 'data' | 'data-cr' | 'data-lf';
type ExtensionState =
  | 'before-semicolon'
  | 'before-name'
  | 'name'
  | 'before-equals'
  | 'before-value'
  | 'token'
  | 'quoted'
  | 'escape'
  | 'after-quote';
type TrailerState = 'trailer-start' | 'trailer-name' | 'trailer-value' | 'trailer-lf' | 'last-lf';
type State = SizeState | ExtensionState | TrailerState | 'done' | 'fault';

/** What one call of `read` did: how far it came, and a piece of data between the offsets where there is one. */
export interface ChunkStep {
  at: number;
  dataStart: number;
  dataEnd: number;
}

/**
 * Reads a chunked body (RFC 9112 §7.1) whatever way its bytes are cut. Extensions and trailers are checked against the
 * grammar, bounded and dropped: what is sent on is framed anew.
 */
export class ChunkedReader {
  #state: State = 'size-start';
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailerFields = 0;
  readonly #step: ChunkStep = { at: 0, dataStart: 0, dataEnd: 0 };

  get done(): boolean {
    return this.#state === 'done';
  }

  get failed(): boolean {
    return this.#state === 'fault';
  }

  /** Bytes that the present chunk has still to bring; Infinity for a size that no number holds exactly. */
  get announced(): number {
    return this.#state === 'data' ? this.#size : 0;
  }

  /**
   * Reads on from `from` until a piece of data, the end of the body, a fault, or the end of `bytes`.
   * The step is filled anew by each call.
   */
  read(bytes: Uint8Array, from: number): ChunkStep {
    const step = this.#step;
    let at = from;
    step.dataStart = step.dataEnd = 0;
    while (at < bytes.length && this.#state !== 'done' && this.#state !== 'fault') {
      if (this.#state === 'data') {
        step.dataStart = at;
        at = step.dataEnd = Math.min(bytes.length, at + this.#size);
        this.#size -= step.dataEnd - step.dataStart;
        if (this.#size === 0) this.#state = 'data-cr';
        break;
      }
      this.#state = this.#next(this.#state, bytes[at++] as number);
    }
    step.at = at;
    return step;
  }

  #next(state: Exclude<State, 'data' | 'done' | 'fault'>, octet: number): State {
    switch (state) {
      case 'size-start':
        this.#digits = this.#size = 0;
        return this.#digit(octet);
      case 'size':
        if ((HEX_VALUE[octet] as number) < 16) return this.#digit(octet);
        return isSpace(octet) ? this.#extension('before-semicolon') : this.#afterSize(octet);
      case 'size-lf':
        if (octet !== LF) return 'fault';
        return this.#size === 0 ? 'trailer-start' : 'data';
      case 'data-cr':
        return octet === CR ? 'data-lf' : 'fault';
      case 'data-lf':
        return octet === LF ? 'size-start' : 'fault';
      case 'trailer-start':
      case 'trailer-name':
      case 'trailer-value':
      case 'trailer-lf':
      case 'last-lf':
        return this.#trailer(state, octet);
      case 'before-semicolon':
      case 'before-name':
      case 'name':
      case 'before-equals':
      case 'before-value':
      case 'token':
      case 'quoted':
      case 'escape':
      case 'after-quote':
        return this.#inExtension(state, octet);
    }
  }

  #digit(octet: number): State {
    const digit = HEX_VALUE[octet] as number;
    this.#digits++;
    if (digit > 15 || this.#digits > CHUNK_BOUNDS.sizeDigits) return 'fault';
    const size = this.#size * 16 + digit;
    this.#size = size <= Number.MAX_SAFE_INTEGER ? size : Number.POSITIVE_INFINITY;
    return 'size';
  }

  #afterSize(octet: number): State {
    if (octet === CR) return 'size-lf';
    return octet === SEMICOLON ? this.#extension('before-name') : 'fault';
  }

  #extension(state: ExtensionState): State {
    this.#extensionBytes++;
    return this.#extensionBytes > CHUNK_BOUNDS.extensionBytes ? 'fault' : state;
  }

  /** Extensions: `;` name [`=` token or quoted string], with white space around the marks (RFC 9112 §7.1.1). */
  #inExtension(state: ExtensionState, octet: number): State {
    switch (state) {
      case 'before-semicolon':
        if (isSpace(octet)) return this.#extension(state);
        return octet === SEMICOLON ? this.#extension('before-name') : 'fault';
      case 'before-name':
        if (isSpace(octet)) return this.#extension(state);
        return TOKEN[octet] ? this.#extension('name') : 'fault';
      case 'name':
        if (TOKEN[octet]) return this.#extension(state);
        if (octet === EQUALS) return this.#extension('before-value');
        return isSpace(octet) ? this.#extension('before-equals') : this.#afterSize(octet);
      case 'before-equals':
        if (isSpace(octet)) return this.#extension(state);
        if (octet === EQUALS) return this.#extension('before-value');
        return octet === SEMICOLON ? this.#extension('before-name') : 'fault';
      case 'before-value':
        if (isSpace(octet)) return this.#extension(state);
        if (octet === QUOTE) return this.#extension('quoted');
        return TOKEN[octet] ? this.#extension('token') : 'fault';
      case 'token':
        if (TOKEN[octet]) return this.#extension(state);
        return isSpace(octet) ? this.#extension('before-semicolon') : this.#afterSize(octet);
      case 'quoted':
        if (octet === QUOTE) return this.#extension('after-quote');
        if (octet === BACKSLASH) return this.#extension('escape');
        return REPLY_VALUE[octet] ? this.#extension(state) : 'fault';
      case 'escape':
        return REPLY_VALUE[octet] ? this.#extension('quoted') : 'fault';
      case 'after-quote':
        return isSpace(octet) ? this.#extension('before-semicolon') : this.#afterSize(octet);
    }
  }

  /** Trailer fields: the same grammar as header fields; all of them are dropped. */
  #trailer(state: TrailerState, octet: number): State {
    this.#trailerBytes++;
    if (this.#trailerBytes > CHUNK_BOUNDS.trailerBytes) return 'fault';
    switch (state) {
      case 'trailer-start':
        if (octet === CR) return 'last-lf';
        this.#trailerFields++;
        return TOKEN[octet] && this.#trailerFields <= CHUNK_BOUNDS.trailerFields ? 'trailer-name' : 'fault';
      case 'trailer-name':
        if (TOKEN[octet]) return state;
        return octet === COLON ? 'trailer-value' : 'fault';
      case 'trailer-value':
        if (octet === CR) return 'trailer-lf';
        return REPLY_VALUE[octet] ? state : 'fault';
      case 'trailer-lf':
        return octet === LF ? 'trailer-start' : 'fault';
      case 'last-lf':
        return octet === LF ? 'done' : 'fault';
    }
  }
}

function isSpace(octet: number): boolean {
  return octet === SP || octet === HTAB;
}
