import type { Result } from '../base/index.ts';

/** The file that a configuration lives in, as it is written. Errors are words for the operator. */
export interface ConfigurationFile {
  /**
   * Puts a text safely on the disk beside the file, under another name. A folder or file that may not be written, or has
   * no room, is found here, before anything is in force.
   */
  stage(text: Uint8Array): Promise<Result<StagedText, string>>;
  /** Keeps a text beside the file, under its name with `.rejected` behind it, in place of what was kept so before. */
  setAside(text: Uint8Array): Promise<Result<void, string>>;
}

/** A text that is on the disk already and only wants its name; one of the two is called, once. */
export interface StagedText {
  /** Gives it the file's name: readers see the old or the new text, also after a crash. */
  place(): Promise<Result<void, string>>;
  /** Removes it. Never fails. */
  discard(): Promise<void>;
}

/** Whether two texts are the same bytes. */
export function sameText(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(other);
}
