const NOTHING = Buffer.alloc(0);
const STAR = 0x2a;

/**
 * Puts stars in the place of secrets in what streams by, also where one is spread over pieces. Nothing gets longer or
 * shorter. What could be the beginning of a secret is held back until more is there, and nothing else.
 */
export class SecretMask {
  readonly #secrets: readonly Buffer[];
  #held: Buffer = NOTHING;
  /** Whether there was anything to hide. */
  found = false;

  /** None of them is empty. */
  constructor(secrets: readonly Buffer[]) {
    // Of two that begin alike the longer one is looked for first: the stars of the shorter would leave its end.
    this.#secrets = secrets.toSorted((one, other) => other.length - one.length);
  }

  /** Whether a text holds a secret. */
  isIn(text: string): boolean {
    return this.#secrets.some((secret) => text.includes(secret.toString('latin1')));
  }

  /** What may go on of these pieces and of what was held; perhaps nothing. */
  pass(pieces: readonly Buffer[]): Buffer {
    const all =
      this.#held.length === 0 && pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat([this.#held, ...pieces]);
    const shown = this.#hidden(all);
    const kept = this.#openEnd(shown);
    this.#held = kept === 0 ? NOTHING : Buffer.from(shown.subarray(shown.length - kept));
    return kept === 0 ? shown : shown.subarray(0, shown.length - kept);
  }

  /** What was held to the end: it is no secret. */
  end(): Buffer {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }

  #hidden(bytes: Buffer): Buffer {
    let shown = bytes;
    for (const secret of this.#secrets) {
      for (let at = shown.indexOf(secret); at >= 0; at = shown.indexOf(secret, at + secret.length)) {
        // What came is not ours to write into.
        if (shown === bytes) shown = Buffer.from(bytes);
        shown.fill(STAR, at, at + secret.length);
        this.found = true;
      }
    }
    return shown;
  }

  /** How many of the last bytes could begin a secret. */
  #openEnd(bytes: Buffer): number {
    let most = 0;
    for (const secret of this.#secrets) {
      const from = Math.max(0, bytes.length - secret.length + 1);
      // The earliest place is the longest, and no place is looked at that has another first byte.
      for (
        let at = bytes.indexOf(secret[0] as number, from);
        at >= 0;
        at = bytes.indexOf(secret[0] as number, at + 1)
      ) {
        const length = bytes.length - at;
        if (length <= most) break;
        if (bytes.compare(secret, 0, length, at) !== 0) continue;
        most = length;
        break;
      }
    }
    return most;
  }
}
