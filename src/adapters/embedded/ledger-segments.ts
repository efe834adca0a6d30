import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, readSync, statSync, writeSync } from 'node:fs';
import { mkdir, open, opendir, unlink } from 'node:fs/promises';
import { openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../base/index.ts';
import type { FileFault, Segment, Segments } from '../../ports/index.ts';
import { faultOf } from './disk-files.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
// At 64 MiB each these are six terabytes; a folder with more names is none that we made.
const NAME_LIMIT = 100_000;

/**
 * The segments of a log as files of one folder of this machine's disk. Reading and writing block the thread, for the
 * writer has one of its own and a copy into the system's memory is all they are; `sync` does not. Nothing is kept alive
 * by them.
 */
export function createLedgerSegments(folder: string): Segments {
  return {
    list: () => attempt(folder, () => namesIn(folder)),
    open: (name, use) =>
      attempt(join(folder, name), () => Promise.resolve(ok(new DiskSegment(folder, name, openFlags(use))))),
    create: (name) =>
      attempt(join(folder, name), async () => {
        await makeFolder(folder);
        const segment = new DiskSegment(folder, name, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
        await syncFolder(folder);
        return ok(segment);
      }),
    remove: (name) =>
      attempt(join(folder, name), async () => {
        await unlink(join(folder, name));
        return ok(undefined);
      }),
  };
}

function openFlags(use: 'read' | 'write'): number {
  // Without O_NONBLOCK, opening a pipe that somebody put there would wait for ever.
  return (use === 'read' ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK;
}

class DiskSegment implements Segment {
  readonly name: string;
  readonly #path: string;
  readonly #file: number;
  /** What the path leads to as long as nothing else was put there. */
  readonly #device: number;
  readonly #inode: number;
  #open = true;

  constructor(folder: string, name: string, flags: number) {
    this.name = name;
    this.#path = join(folder, name);
    // A link in its place would have us write to a file of somebody else's choice.
    this.#file = openSync(this.#path, flags | constants.O_NOFOLLOW, FILE_MODE);
    const held = fstatSync(this.#file);
    this.#device = held.dev;
    this.#inode = held.ino;
    if (held.isFile()) return;
    this.close();
    throw new Error('it is not a regular file');
  }

  size(): Result<number, FileFault> {
    return this.#attempt(() => fstatSync(this.#file).size);
  }

  read(position: number, target: Uint8Array): Result<number, FileFault> {
    return this.#attempt(() => readSync(this.#file, target, 0, target.length, position));
  }

  write(position: number, bytes: Uint8Array): Result<void, FileFault> {
    return this.#attempt(() => {
      // A full disk shows as a short count first, and as an error only when nothing at all fits.
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, position + done);
    });
  }

  sync(): Promise<Result<void, FileFault>> {
    return new Promise((resolve) => {
      if (!this.#open) resolve(err(faultOf(new Error('it is closed'), this.#path)));
      else fdatasync(this.#file, (error) => resolve(error === null ? ok(undefined) : err(faultOf(error, this.#path))));
    });
  }

  truncate(bytes: number): Result<void, FileFault> {
    return this.#attempt(() => ftruncateSync(this.#file, bytes));
  }

  standing(): boolean {
    const same = this.#attempt(() => {
      const named = statSync(this.#path);
      return named.ino === this.#inode && named.dev === this.#device;
    });
    return same.ok && same.value;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
  }

  #attempt<T>(work: () => T): Result<T, FileFault> {
    if (!this.#open) return err(faultOf(new Error('it is closed'), this.#path));
    try {
      return ok(work());
    } catch (error) {
      return err(faultOf(error, this.#path));
    }
  }
}

async function attempt<T>(path: string, work: () => Promise<Result<T, FileFault>>): Promise<Result<T, FileFault>> {
  try {
    return await work();
  } catch (error) {
    return err(faultOf(error, path));
  }
}

async function namesIn(folder: string): Promise<Result<readonly string[], FileFault>> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (names.push(entry.name) > NAME_LIMIT)
        return err({ reason: 'too-large', detail: `${folder} holds more than ${NAME_LIMIT} names` });
    }
  } catch (error) {
    const fault = faultOf(error, folder);
    return fault.reason === 'missing' ? ok([]) : err(fault);
  }
  return ok(names.toSorted());
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if (faultOf(error, folder).reason !== 'exists') throw error;
    return;
  }
  await syncFolder(dirname(folder));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
