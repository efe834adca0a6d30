import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import { issueCount, issueReport } from './issues.ts';
import { complainOfSilence, findRunning } from './running.ts';
import { jsonText } from './terminal.ts';

/** `portcullis reload`: the running gateway reads its configuration again. */
export const reloadCommand: Command = {
  verb: 'reload',
  summary: 'makes the running gateway read its configuration again',
  operands: [],
  options: { config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
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
    const reloaded = await running.value.client.reload();
    if (reloaded.ok) {
      const { revision } = reloaded.value;
      context.write(json ? jsonText({ revision }) : `Revision ${revision} is in force.\n`);
      return EXIT.fine;
    }
    if (typeof reloaded.error === 'string') complainOfSilence(reloaded.error, context);
    else if (json) context.write(jsonText({ issues: reloaded.error }));
    else {
      const report = issueReport(reloaded.error, context);
      context.complain(
        `${report}\nThe new configuration was refused: ${issueCount(reloaded.error)}. The old one stays.\n`,
      );
    }
    return running.value.byBrokenConfiguration ? EXIT.unusable : EXIT.findings;
  },
};
