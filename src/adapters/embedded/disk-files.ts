import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, opendir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { type DiskSpace, err, ok, type Result } from '../../base/index.ts';
import type { Clock, FileFacts, FileFault, Files } from '../../ports/index.ts';
import { watchPath } from './disk-watch.ts';
import { makeFolders } from './make-folders.ts';
import { sweepTemporaries, temporaryName } from './temporary-files.ts';

// A folder with more names is none that we made; listing it would only fill the memory.
const NAME_LIMIT = 100_000;

const REASONS: Readonly<Record<string, FileFault['reason']>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  EISDIR: 'not-a-file',
  ENOTEMPTY: 'not-a-file',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
};

/**
 * Files on this machine's disk. Symbolic links are followed on reading; `replace` puts a file in the place of a link
 * and never writes through it. Modes are set exactly, whatever the umask. Pipes, sockets and devices are no files.
 * A crash may leave a file `.NAME.UUID.tmp` behind, never a half-written NAME; a later `replace` of NAME takes away those
 * older than a minute. A relative path is a bug and rejects.
 */
export function createDiskFiles(options: { readonly clock: Clock }): Files {
  return {
    read: (path, limitBytes) => attempt(path, () => readWhole(path, limitBytes)),
    replace: (path, bytes, mode) =>
      attempt(path, () =>
        placing(path, bytes, mode, async (temporary) => {
          const { mtimeMs } = await stat(temporary);
          await rename(temporary, path);
          await sweepTemporaries(path, mtimeMs);
        }),
      ),
    create: (path, bytes, mode) =>
      attempt(path, () =>
        placing(path, bytes, mode, async (temporary) => {
          // A link fails where the name is taken, and appears with all its bytes.
          await link(temporary, path);
          await unlink(temporary);
        }),
      ),
    makeFolder: (path, mode) => attempt(path, () => makeFolder(path, mode)),
    facts: (path) => attempt(path, async () => ok(factsOf(await stat(path)))),
    space: (path) => attempt(path, () => spaceOf(path)),
    list: (path) => attempt(path, () => namesIn(path)),
    remove: (path) => attempt(path, () => removeFile(path)),
    watch(path, changed) {
      demandAbsolute(path);
      return watchPath(path, changed, options.clock);
    },
  };
}

async function attempt<T>(path: string, work: () => Promise<Result<T, FileFault>>): Promise<Result<T, FileFault>> {
  demandAbsolute(path);
  try {
    return await work();
  } catch (error) {
    return err(faultOf(error, path));
  }
}

function demandAbsolute(path: string): void {
  if (!isAbsolute(path)) throw new TypeError(`${JSON.stringify(path)} is no absolute path`);
}

/** An error of the file system as a fault; `subject` says in its words what it is about. */
export function faultOf(error: unknown, subject: string): FileFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return { reason: reason ?? 'other', detail: `${subject}: ${error instanceof Error ? error.message : String(error)}` };
}

async function makeFolder(path: string, mode: number): Promise<Result<void, FileFault>> {
  const failure = await makeFolders(path, mode);
  if (failure === null) return ok(undefined);
  const { reason, detail } = faultOf(failure.error, `the folder ${failure.folder} cannot be made`);
  return err({ reason, detail });
}

function notAFile(path: string): Result<never, FileFault> {
  return err({ reason: 'not-a-file', detail: `${path} is not a regular file` });
}

async function readWhole(path: string, limitBytes: number): Promise<Result<Uint8Array, FileFault>> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (!found.isFile()) return notAFile(path);
  // One byte more than known or allowed: the file may grow while it is read, and in /proc all files claim to be empty.
  let bytes = new Uint8Array(Math.min(found.size, limitBytes) + 1);
  for (let used = 0; ; ) {
    const { bytesRead } = await file.read(bytes, used, bytes.length - used, null);
    used += bytesRead;
    if (used > limitBytes) return err({ reason: 'too-large', detail: `${path} has more than ${limitBytes} bytes` });
    if (bytesRead === 0) return ok(bytes.subarray(0, used));
    if (used < bytes.length) continue;
    const larger = new Uint8Array(Math.min(used * 2 + 4096, limitBytes + 1));
    larger.set(bytes);
    bytes = larger;
  }
}

/** Writes a temporary file beside `path`, safe on the disk, and has it put in its place; no trace is left on failure. */
async function placing(
  path: string,
  bytes: Uint8Array,
  mode: number,
  place: (temporary: string) => Promise<void>,
): Promise<Result<void, FileFault>> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName(basename(path)));
  try {
    await writeSafely(temporary, bytes, mode);
    await place(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await using handle = await open(folder, 'r');
  await handle.sync();
  return ok(undefined);
}

async function writeSafely(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o600);
  await file.writeFile(bytes);
  await file.chmod(mode);
  await file.sync();
}

function factsOf(found: Stats): FileFacts {
  const { size, mtimeMs, mode } = found;
  return { bytes: size, modifiedMs: mtimeMs, mode: mode & 0o7777, directory: found.isDirectory() };
}

async function spaceOf(path: string): Promise<Result<DiskSpace, FileFault>> {
  const { bsize, blocks, bavail } = await statfs(path);
  if (blocks === 0) return err({ reason: 'other', detail: `${path}: its volume does not say how large it is` });
  return ok({ totalBytes: blocks * bsize, freeBytes: bavail * bsize });
}

async function namesIn(path: string): Promise<Result<readonly string[], FileFault>> {
  const names: string[] = [];
  for await (const entry of await opendir(path)) {
    if (names.push(entry.name) > NAME_LIMIT) {
      return err({ reason: 'too-large', detail: `${path} holds more than ${NAME_LIMIT} names` });
    }
  }
  return ok(names.toSorted());
}

async function removeFile(path: string): Promise<Result<void, FileFault>> {
  if ((await lstat(path)).isDirectory()) return notAFile(path);
  await unlink(path);
  return ok(undefined);
}
