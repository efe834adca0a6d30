import type { CacheMemory, Yielding } from './memory.ts';

const FIRST_BYTES = 4_096;
/** A body up to this is kept as text, which goes out together with its head in one write. */
const TEXT_LIMIT_BYTES = 8_192;

/** A body on its way into the cache: a copy of its own, so that the memory it came in may be used again. */
export class Filling implements Yielding {
  readonly #memory: CacheMemory;
  readonly #limitBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #isLost = false;

  /** `limitBytes`: its announced length, or the most that is stored. */
  constructor(memory: CacheMemory, limitBytes: number) {
    this.#memory = memory;
    this.#limitBytes = limitBytes;
  }

  /** Whether its room was taken back, and with it what it held. */
  get isLost(): boolean {
    return this.#isLost;
  }

  get length(): number {
    return this.#length;
  }

  /** False where it is too long, or where there is no room. It then holds what it held. */
  add(piece: Buffer | string): 'added' | 'too-large' | 'no-room' {
    if (this.#isLost) return 'no-room';
    this.#memory.stays(this);
    const wanted = this.#length + piece.length;
    if (wanted > this.#limitBytes) return 'too-large';
    if (wanted > this.#bytes.length && !this.#grow(wanted)) return 'no-room';
    if (typeof piece === 'string') this.#bytes.write(piece, this.#length, 'latin1');
    else piece.copy(this.#bytes, this.#length);
    this.#length = wanted;
    return 'added';
  }

  #grow(wanted: number): boolean {
    const bytes = Math.min(this.#limitBytes, Math.max(wanted, FIRST_BYTES, this.#bytes.length * 2));
    if (!this.#memory.fill(bytes)) return false;
    // Not of the pool: what is cut from that holds all of it.
    const larger = Buffer.allocUnsafeSlow(bytes);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#memory.endFilling(this.#bytes.length);
    this.#bytes = larger;
    return true;
  }

  /** The body, in memory of just its size. */
  take(): Buffer | string {
    const whole = this.#bytes;
    const length = this.#length;
    this.drop();
    if (length <= TEXT_LIMIT_BYTES) return whole.toString('latin1', 0, length);
    if (length === whole.length) return whole;
    const exact = Buffer.allocUnsafeSlow(length);
    whole.copy(exact, 0, 0, length);
    return exact;
  }

  /** Nothing more comes for now. */
  mayGiveWay(): void {
    if (this.#bytes.length > 0) this.#memory.yields(this);
  }

  takenBack(): void {
    this.drop();
    this.#isLost = true;
  }

  /** Gives the memory back. */
  drop(): void {
    this.#memory.stays(this);
    this.#memory.endFilling(this.#bytes.length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }
}
