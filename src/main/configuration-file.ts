import { randomUUID } from 'node:crypto';
import { access, constants, type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../base/index.ts';
import type { ConfigurationFile, StagedText } from '../control/index.ts';

/** What other tools know such copies by. */
const ASIDE = '.rejected';

/**
 * The configuration file on this machine's disk. Where it is a symbolic link the file it leads to is replaced and the
 * link stays. A new text gets mode and, where the system lets us, owner of the old; it is written and synced in the same
 * folder before it takes the name. A crash may leave a file `.NAME.UUID.tmp`, which is never read.
 */
export function createConfigurationFile(path: string): ConfigurationFile {
  return {
    stage: (text) => attempt(() => stage(path, text)),
    setAside: (text) =>
      attempt(async () => {
        const aside = path + ASIDE;
        const temporary = temporaryOf(aside);
        await write(temporary, text, await stat(path));
        await settle(temporary, aside);
      }),
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<Result<T, string>> {
  try {
    return ok(await work());
  } catch (fault) {
    return err(wordsOf(fault));
  }
}

async function stage(path: string, text: Uint8Array): Promise<StagedText> {
  const target = await realpath(path);
  // Renaming asks for rights on the folder alone; a file that its owner has made read-only is not ours to replace.
  await access(target, constants.W_OK);
  const temporary = temporaryOf(target);
  await write(temporary, text, await stat(target));
  return {
    place: () => attempt(() => settle(temporary, target)),
    discard: () => unlink(temporary).catch(() => undefined),
  };
}

function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

/** Gives a file that is on the disk its name; nothing is left behind where that fails. */
async function settle(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (fault) {
    await unlink(temporary).catch(() => undefined);
    throw fault;
  }
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}

interface Like {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

async function write(path: string, text: Uint8Array, { mode, uid, gid }: Like): Promise<void> {
  try {
    await using file: FileHandle = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    // Only the superuser may give files away; for anybody else the file stays theirs.
    await file.chown(uid, gid).catch(() => undefined);
    await file.chmod(mode & 0o7777);
    await file.sync();
  } catch (fault) {
    await unlink(path).catch(() => undefined);
    throw fault;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write it, or its folder',
  EPERM: 'this user may not write it, or its folder',
  EROFS: 'it lies on a read-only file system',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EBUSY: 'it is mounted by itself and can not be replaced: mount its folder',
  ENOENT: 'it is not there',
};

function wordsOf(fault: unknown): string {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
  return `the configuration file can not be written: ${words ?? (fault instanceof Error ? fault.message : 'unknown fault')}`;
}
