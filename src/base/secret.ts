import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * Bytes that must not be printed. Every way of turning a Secret into text gives `[redacted]`;
 * only `reveal()` gives the bytes, so a reader can find each place that uses them.
 * A private field keeps it out of structured clone too: secrets travel between threads as bytes in a table of their own.
 */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves; they are not copied. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes read as UTF-8. */
  revealText(): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** A secret of one line, each byte a character: a file mostly ends with a line break, which is not of it. */
export function secretLine(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/\r?\n$/, '');
}
