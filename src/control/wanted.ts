import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';

/** A text that is to be in force. */
export interface Wanted {
  readonly text: Uint8Array;
  readonly author: string;
  /** The file's text, where the new one is to be written over it. */
  readonly over: Overwritten | null;
  /** Whose documents stay, where only what else is named is read anew. */
  readonly held?: Gathered;
  /** What is not told again, should it be refused for just that. */
  readonly told?: readonly Issue[];
}

/** What stands in the file, and whether it is to be kept beside it. */
export interface Overwritten {
  readonly present: Uint8Array;
  readonly keeps: boolean;
}

/** A configuration that is in force and could not be written. */
export interface Unwritten {
  readonly gathered: Gathered;
  readonly author: string;
  readonly reason: string;
}
