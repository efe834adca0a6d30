import type { ConfigChange } from '../config/index.ts';
import { readOperand } from './apply.ts';
import { issuesIn, tellRefusal } from './change-report.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { REVISION } from './rollback.ts';
import { complainOfSilence, findAnswering } from './running.ts';
import { alignRows, count, jsonText, palette, plain } from './terminal.ts';

/** `portcullis diff`: what another configuration would change of what is in force. */
export const diffCommand: Command = {
  verb: 'diff',
  summary: 'says what another configuration would change of the running gateway',
  operands: [],
  moreOperands: 'FILE',
  options: { config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'Compares a file, or a revision by its number, with what is in force; without either, the configuration file itself.',
    'The gateway reads documents and secrets as for `apply`, and changes nothing. What lets more through than before is',
    'marked with !, what lets less through with +, and what a person has to judge with ~.',
    'A file whose name is a number is written ./7. With --json: { changes }, or { issues }.',
    'Exit code 1 if anything differs or nothing runs, 2 if the other configuration can not be used.',
  ],
  async run(given, context) {
    const [written, ...more] = given.operands;
    if (more.length > 0) {
      context.complain('portcullis: diff takes one file or revision.\n');
      return EXIT.unusable;
    }
    const running = await findAnswering(given, context);
    if (!running.ok) return running.error;
    const { client, status } = running.value;
    const { configuration } = status;
    const isRevision = written !== undefined && REVISION.test(written);
    const file = isRevision ? null : await readOperand(written ?? configuration, context);
    if (file !== null && !file.ok) {
      context.complain(`portcullis: ${file.error}.\n`);
      return EXIT.unusable;
    }
    const found = await client.diff(file === null ? Number(written) : file.value.text);
    const json = given.flags.has('json');
    if (found.ok) return tellChanges(found.value, json, context);
    if (typeof found.error === 'string') {
      complainOfSilence(found.error, context);
      return EXIT.findings;
    }
    tellRefusal(file === null ? found.error : issuesIn(found.error, configuration, file.value.path), json, context);
    return EXIT.unusable;
  },
};

const MARKS = { loosens: '!', tightens: '+', changes: '~' } as const;

function tellChanges(changes: readonly ConfigChange[], json: boolean, context: CommandContext): number {
  const code = changes.length === 0 ? EXIT.fine : EXIT.findings;
  if (json) {
    context.write(jsonText({ changes }));
    return code;
  }
  if (changes.length === 0) {
    context.write('Nothing would change.\n');
    return code;
  }
  const paint = palette(context.color);
  const paints = { loosens: paint.bad, tightens: paint.good, changes: paint.faint } as const;
  const rows = changes.map(({ api, operation, about, effect, message }) => [
    { text: MARKS[effect], paint: paints[effect] },
    { text: plain([api, operation].filter((part) => part !== null).join(' ')) },
    { text: about },
    { text: plain(message) },
  ]);
  const loosening = changes.filter(({ effect }) => effect === 'loosens').length;
  const words =
    loosening === 0
      ? 'none loosens the protection'
      : paint.bad(`${loosening} ${loosening === 1 ? 'loosens' : 'loosen'} the protection`);
  context.write(`${alignRows(rows).join('\n')}\n\n${count(changes.length, 'change')}, ${words}.\n`);
  return code;
}
