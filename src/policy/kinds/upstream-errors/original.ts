import type { HeaderMap } from '../../../wire/index.ts';

/** So much of a body is kept. */
export const KEPT_BODY_BYTES = 8 * 1024;

/** A reply of an upstream's that was replaced. */
export interface OriginalReply {
  /** The request's. */
  readonly id: string;
  readonly api: string;
  readonly operation: string;
  readonly status: number;
  /** What was found in it; null where it was replaced for its status, or since it could not be read. */
  readonly trace: string | null;
  readonly headers: HeaderMap;
  /** Its start, decoded unless `coded`. */
  readonly start: Uint8Array;
  readonly whole: boolean;
  readonly coded: boolean;
}

/** Keeps what was replaced, for those who mend the API. */
export interface OriginalKeeper {
  /**
   * Takes the original; gives the SHA-256 of what will be kept of it, in hexadecimal, or null where there are too many.
   * It never throws and never waits.
   */
  keep(original: OriginalReply): string | null;
}
