import { err, ok, type Result } from '../base/index.ts';
import type { FileFault, Segment } from '../ports/index.ts';

/** Space is reserved in pieces of this size: large enough to be rare, small enough to be written in a millisecond. */
export const RESERVE_BYTES = 1024 * 1024;

const ZEROS = new Uint8Array(RESERVE_BYTES);

/** Why no space could be reserved. `whole`: whether what was written before is as safe as it would be without the attempt. */
export interface ReserveFault extends FileFault {
  readonly whole: boolean;
}

/**
 * A segment with space ahead of what was written: zeros that are safe on the disk, so that a disk that fills up can't
 * take back what was promised.
 */
export class ReservedSegment {
  readonly file: Segment;
  /** Behind the last line. */
  position: number;
  #reservedEnd: number;

  constructor(file: Segment, position: number, reservedEnd: number) {
    this.file = file;
    this.position = position;
    this.#reservedEnd = Math.max(position, reservedEnd);
  }

  /** Reserved, and not written yet. */
  get freeBytes(): number {
    return Math.max(0, this.#reservedEnd - this.position);
  }

  /** Writes behind the last line; after a fault the position is what it was. */
  write(bytes: Uint8Array): Result<void, FileFault> {
    const written = this.file.write(this.position, bytes);
    if (!written.ok) return written;
    this.position += bytes.length;
    this.#reservedEnd = Math.max(this.#reservedEnd, this.position);
    return written;
  }

  /** Reserves until at least so much is free; as much of it as there is when it fails. */
  async reserve(wantedBytes: number): Promise<Result<void, ReserveFault>> {
    let end = this.#reservedEnd;
    let refused: FileFault | null = null;
    while (end - this.position < wantedBytes && refused === null) {
      const written = this.file.write(end, ZEROS);
      if (written.ok) end += RESERVE_BYTES;
      else refused = written.error;
    }
    // Half a piece would keep from others what this log has no use for.
    if (refused !== null) this.file.truncate(end);
    if (end > this.#reservedEnd) {
      const safe = await this.file.sync();
      // The system may have dropped any page of the file, those with records too, and says so only once.
      if (!safe.ok) return err({ ...safe.error, whole: false });
      this.#reservedEnd = Math.max(this.#reservedEnd, end);
    }
    return refused === null ? ok(undefined) : err({ ...refused, whole: true });
  }

  /** Gives back what was not used, and closes the file. */
  async end(): Promise<Result<void, FileFault>> {
    const cut = this.file.truncate(this.position);
    const safe = cut.ok ? await this.file.sync() : cut;
    this.file.close();
    return safe;
  }
}
