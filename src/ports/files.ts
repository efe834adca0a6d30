import type { DiskSpace, Result } from '../base/index.ts';

/** Why a file operation did not happen; `detail` is for the operator. */
export interface FileFault {
  readonly reason: 'missing' | 'forbidden' | 'not-a-file' | 'too-large' | 'full' | 'exists' | 'other';
  readonly detail: string;
}

/** What is known of a file without reading it. Mode holds the permission bits only. */
export interface FileFacts {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly mode: number;
  readonly directory: boolean;
}

/** Small whole files and folders. Paths are absolute. */
export interface Files {
  /** Reads a whole file of at most `limitBytes`. */
  read(path: string, limitBytes: number): Promise<Result<Uint8Array, FileFault>>;
  /** Replaces a file in one step: readers see the old or the new text, also after a crash (write, fsync, rename, fsync of the folder). */
  replace(path: string, bytes: Uint8Array, mode: number): Promise<Result<void, FileFault>>;
  /** Creates a file only if it does not exist yet (reason `exists` otherwise). */
  create(path: string, bytes: Uint8Array, mode: number): Promise<Result<void, FileFault>>;
  /** Makes a folder and those missing above it, and stops at the first that cannot be made: the fault names that one. */
  makeFolder(path: string, mode: number): Promise<Result<void, FileFault>>;
  /** Facts about a path; a missing one is a fault. */
  facts(path: string): Promise<Result<FileFacts, FileFault>>;
  /** The space of the volume that a folder lies on; one that does not say how large it is is a fault. */
  space(path: string): Promise<Result<DiskSpace, FileFault>>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<Result<readonly string[], FileFault>>;
  remove(path: string): Promise<Result<void, FileFault>>;
  /** Calls back, after a short rest, whenever the content at `path` may have changed, also by rename or by a symbolic link's turn. Returns how to stop. */
  watch(path: string, changed: () => void): () => void;
}
