import { err, ok, type Result } from '../base/index.ts';
import { resolvePath } from '../config/index.ts';
import type { CommandContext } from './context.ts';

/** What a token may have, and a line behind it. */
const TOKEN_LIMIT_BYTES = 16 * 1_024 + 2;

/**
 * The token of `--token`: in a file, or `-` for standard input, so that it stands in no list of processes and no history.
 * The word before it in a field may be there too. The error is in words, without the token.
 */
export async function readTokenInput(
  name: string,
  { ports, workingFolder, readInput }: CommandContext,
): Promise<Result<string, string>> {
  const file = name === '-' ? null : resolvePath(name, workingFolder);
  if (file?.ok === false) return err(`--token holds a path that ${file.error}`);
  const bytes =
    file === null ? await readInput(TOKEN_LIMIT_BYTES) : await ports.files.read(file.value, TOKEN_LIMIT_BYTES);
  if (!bytes.ok)
    return err(`the token can't be read: ${typeof bytes.error === 'string' ? bytes.error : bytes.error.reason}`);
  const text = Buffer.from(bytes.value).toString('latin1').trim();
  const token = /^(?:Bearer|DPoP) +/i.test(text) ? text.slice(text.indexOf(' ')).trim() : text;
  return token === '' ? err('there is no token') : ok(token);
}
