import { type Command, CONFIG_OPTION, EXIT } from './command.ts';
import { configurationPath } from './configuration.ts';

/** `portcullis start`: runs a configuration file. */
export const startCommand: Command = {
  verb: 'start',
  summary: 'runs the gateway that a configuration describes',
  operands: [],
  options: {
    config: CONFIG_OPTION,
    json: {
      value: null,
      says: 'print one line of JSON instead of words: { event: ready, … } or { event: failed, issues }',
    },
  },
  details: [
    'The file is watched, and put in force anew whenever it changes and is sound; SIGHUP does the same.',
    'SIGTERM and SIGINT drain: requests that are on their way are answered, new ones are not taken.',
  ],
  async run(given, context) {
    const file = configurationPath(given, context);
    if (!file.ok) {
      context.complain(`portcullis: ${file.error}.\n`);
      return EXIT.unusable;
    }
    return await context.services.start({ configFile: file.value, json: given.flags.has('json') });
  },
};
