import { err, ok, type Result } from '../base/index.ts';
import { CONFIG_LIMIT_BYTES, resolvePath } from '../config/index.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { issuesIn, tellChange } from './change-report.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { findAnswering } from './running.ts';
import { plain } from './terminal.ts';

/** `portcullis apply`: puts a configuration in force and into the file of the running gateway. */
export const applyCommand: Command = {
  verb: 'apply',
  summary: 'puts another configuration in force and writes it into the file of the running gateway',
  operands: ['FILE'],
  options: { author: AUTHOR_OPTION, config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'The gateway builds the text of FILE whole, puts it in force, and writes it over the configuration file it was',
    'started with; relative paths in it start there. If anything is wrong, nothing changes. If the file has been changed',
    'and the gateway has not read it yet, the command is refused, so that nobody else’s change is lost.',
    'With --json: { revision }, or { issues }. Exit code 2 if the configuration was refused, 1 if nothing runs.',
  ],
  async run(given, context) {
    const file = await readOperand(given.operands[0] ?? '', context);
    if (!file.ok) {
      context.complain(`portcullis: ${file.error}.\n`);
      return EXIT.unusable;
    }
    const running = await findAnswering(given, context);
    if (!running.ok) return running.error;
    const { client, status } = running.value;
    const { path, text } = file.value;
    const applied = await client.apply(text, authorOf(given, context));
    const { configuration } = status;
    const located =
      applied.ok || typeof applied.error === 'string' ? applied : err(issuesIn(applied.error, configuration, path));
    const done = (revision: number): string => `Revision ${revision} is in force, and in the configuration file.\n`;
    return tellChange(located, { json: given.flags.has('json'), done, refused: EXIT.unusable }, context);
  },
};

/** A text that a command line names. */
export interface NamedText {
  readonly path: string;
  readonly text: Uint8Array;
}

/** Reads a file of the command line, as far as a configuration may be long. The error is in words. */
export async function readOperand(name: string, context: CommandContext): Promise<Result<NamedText, string>> {
  const path = resolvePath(name, context.workingFolder);
  if (!path.ok) return err(`FILE holds a path that ${path.error}`);
  const read = await context.ports.files.read(path.value, CONFIG_LIMIT_BYTES);
  if (read.ok) return ok({ path: path.value, text: read.value });
  return err(
    read.error.reason === 'too-large'
      ? `${plain(name)} is larger than ${CONFIG_LIMIT_BYTES / 1024} KiB`
      : `${plain(name)} can't be read: ${plain(read.error.detail)}`,
  );
}
