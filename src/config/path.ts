import { posix } from 'node:path';
import { err, ok, type Result } from '../base/index.ts';

const LENGTH_LIMIT = 4096;

/**
 * Makes a path of the configuration absolute; a relative one starts at `folder`, and is refused where that is null.
 * An error continues "a path that …".
 */
export function resolvePath(path: string, folder: string | null): Result<string, string> {
  if (path === '') return err('is empty');
  if (path.length > LENGTH_LIMIT) return err(`is longer than ${LENGTH_LIMIT} characters`);
  if (/[\x00-\x1f\x7f]/.test(path)) return err('holds a control character');
  // Taken as a file name it would silently make a folder called `~`.
  if (/^~($|\/)/.test(path)) return err('begins with `~`, which only shells read');
  if (posix.isAbsolute(path)) return ok(posix.normalize(path));
  return folder === null ? err('is not absolute') : ok(posix.resolve(folder, path));
}

/** The folder in which relative paths of a configuration file start. A relative `file` is a bug: whose folder would it be? */
export function folderOf(file: string): string {
  if (!posix.isAbsolute(file)) throw new Error('the path of a configuration file must be absolute');
  return posix.dirname(file);
}

/** A path that the schema has accepted, made absolute. */
export function absolute(path: string, file: string): string {
  const result = resolvePath(path, folderOf(file));
  if (!result.ok) throw new Error(`a path of the configuration ${result.error}`);
  return result.value;
}
