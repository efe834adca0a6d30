import type { Result } from '../base/index.ts';
import type { FileFault } from './files.ts';

/** One file of a log, held open by its one writer or by a reader. Positions and sizes are in bytes. */
export interface Segment {
  readonly name: string;
  /** How long the file is now. */
  size(): Result<number, FileFault>;
  /** Fills as much of `target` as there is from `position` on; gives how much that was, 0 at the end. */
  read(position: number, target: Uint8Array): Result<number, FileFault>;
  /** Writes all of it, or says why not; then any part may have been written. It is in the hands of the operating system afterwards, so that the end of the process does not lose it. */
  write(position: number, bytes: Uint8Array): Result<void, FileFault>;
  /** Resolves when everything written before the call is safe on the disk. After a fault nothing is known of it: write elsewhere. */
  sync(): Promise<Result<void, FileFault>>;
  /** Cuts the file. */
  truncate(bytes: number): Result<void, FileFault>;
  /** Whether the name still leads to this file: not when it, or a folder above it, was removed, replaced or moved. */
  standing(): boolean;
  close(): void;
}

/** The files of one log, in a folder of their own. Names are single path segments. */
export interface Segments {
  /** Names, sorted; none where the folder does not exist yet. */
  list(): Promise<Result<readonly string[], FileFault>>;
  /** Opens what exists, for reading alone or for writing too. */
  open(name: string, use: 'read' | 'write'): Promise<Result<Segment, FileFault>>;
  /** Makes an empty file for the owner only, and the folder too where it is missing (not those above). Its name is safe on the disk then. Reason `exists` where there is one. */
  create(name: string): Promise<Result<Segment, FileFault>>;
  remove(name: string): Promise<Result<void, FileFault>>;
}
