import type { SoughtSecret } from './sought-secret.ts';

const NOTHING = Buffer.alloc(0);
const STAR = 0x2a;

/**
 * Puts stars in the place of secrets in what streams by: each byte is one that is part of any of them, however the bytes
 * are cut, and also where secrets overlap. Nothing gets longer or shorter. What could be the beginning of a secret is held
 * back until more is there, and nothing else.
 */
export class SecretMask {
  readonly #secrets: readonly SoughtSecret[];
  /** By secret: with how many of its bytes that ends what came. */
  readonly #begun: number[];
  #held: Buffer = NOTHING;
  /** Whether there was anything to hide. */
  found = false;

  constructor(secrets: readonly SoughtSecret[]) {
    this.#secrets = secrets;
    this.#begun = secrets.map(() => 0);
  }

  /** Whether a text holds a secret. */
  isIn(text: string): boolean {
    return this.#secrets.some((secret) => secret.isIn(text));
  }

  /** What may go on of these pieces and of what was held; perhaps nothing. */
  pass(pieces: readonly Buffer[]): Buffer {
    const before = this.#held.length;
    const came = before === 0 && pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat([this.#held, ...pieces]);
    const shown = this.#hidden(came, before);
    const kept = Math.max(0, ...this.#begun);
    this.#held = kept === 0 ? NOTHING : Buffer.from(shown.subarray(shown.length - kept));
    return kept === 0 ? shown : shown.subarray(0, shown.length - kept);
  }

  /** What was held to the end: what of it is in clear is no secret. */
  end(): Buffer {
    const held = this.#held;
    this.#held = NOTHING;
    this.#begun.fill(0);
    return held;
  }

  /** What came, with stars in it. Of what was held each secret has been looked for, and only stars are added to it. */
  #hidden(came: Buffer, before: number): Buffer {
    let shown = came;
    for (const [index, secret] of this.#secrets.entries()) {
      let hiddenTo = 0;
      this.#begun[index] = secret.scan(came, before, this.#begun[index] as number, (end) => {
        // What came is not ours to write into, and the next secret is looked for in it.
        if (shown === came) shown = Buffer.from(came);
        shown.fill(STAR, Math.max(hiddenTo, end - secret.length), end);
        hiddenTo = end;
        this.found = true;
      });
    }
    return shown;
  }
}
