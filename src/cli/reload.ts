import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { tellChange } from './change-report.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import { findRunning } from './running.ts';

/** `portcullis reload`: the running gateway reads its configuration again. */
export const reloadCommand: Command = {
  verb: 'reload',
  summary: 'makes the running gateway read its configuration again',
  operands: [],
  options: { author: AUTHOR_OPTION, config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'What is in force stays in force until the new configuration has been built whole; if it can not be, nothing changes.',
    'The gateway reads the file it was started with, and is found by its data folder, as `status` finds it.',
    'With --json: { revision }, or { issues }. Exit code 1 if the configuration was refused or nothing runs, 2 if the',
    'configuration is not one.',
  ],
  async run(given, context) {
    const json = given.flags.has('json');
    const running = await findRunning(given, context);
    if (!running.ok) return running.error;
    const refused = running.value.byBrokenConfiguration ? EXIT.unusable : EXIT.findings;
    const done = (revision: number): string => `Revision ${revision} is in force.\n`;
    const code = tellChange(
      await running.value.client.reload(authorOf(given, context)),
      { json, done, refused },
      context,
    );
    return code === EXIT.fine ? code : refused;
  },
};
