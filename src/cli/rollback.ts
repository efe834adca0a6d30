import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { tellChange } from './change-report.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunning, type RunningGateway } from './running.ts';
import { alignRows, jsonText, palette, plain } from './terminal.ts';

const HASH_LENGTH = 12;

/** `portcullis rollback`: goes back to an earlier configuration, or lists those there are. */
export const rollbackCommand: Command = {
  verb: 'rollback',
  summary: 'goes back to an earlier configuration of the running gateway, or lists them',
  operands: [],
  moreOperands: 'REVISION',
  options: {
    list: { value: null, says: 'list the history, newest first, and change nothing' },
    author: AUTHOR_OPTION,
    config: CONFIG_OPTION,
    data: DATA_OPTION,
    json: JSON_OPTION,
  },
  details: [
    'Without REVISION it is the configuration in force before the present one. Its text is built whole with the documents',
    'and files of today, put in force under a new number, and written into the configuration file; what stood there is',
    'kept beside it, with .rejected behind its name. If it can not be built any more, nothing changes.',
    'With --json: { revision }, or { issues }; with --list the revisions. Exit code 2 if it was refused, 1 if nothing runs.',
  ],
  async run(given, context) {
    const [written, ...more] = given.operands;
    const list = given.flags.has('list');
    if (more.length > 0 || (list && written !== undefined)) {
      context.complain(`portcullis: rollback takes ${list ? 'no revision with --list' : 'one revision'}.\n`);
      return EXIT.unusable;
    }
    if (written !== undefined && !REVISION.test(written)) {
      context.complain(`portcullis: ${plain(written)} is no revision; it is a number, as --list shows them.\n`);
      return EXIT.unusable;
    }
    const running = await findRunning(given, context);
    if (!running.ok) return running.error;
    const json = given.flags.has('json');
    if (list) return await listRevisions(running.value, json, context);
    const { client } = running.value;
    const reply = await client.rollback(written === undefined ? null : Number(written), authorOf(given, context));
    const done = (revision: number): string =>
      `Revision ${revision} is in force, and in the configuration file; what stood there is beside it (.rejected).\n`;
    return tellChange(reply, { json, done, refused: EXIT.unusable }, context);
  },
};

/** The number of a revision, as it is written. */
export const REVISION = /^[1-9][0-9]{0,11}$/;

async function listRevisions({ client }: RunningGateway, json: boolean, context: CommandContext): Promise<number> {
  const [status, revisions] = [await client.status(), await client.revisions()];
  if (!status.ok || !revisions.ok) {
    complainOfSilence((status.ok ? '' : status.error) || (revisions.ok ? '' : revisions.error), context);
    return EXIT.findings;
  }
  if (json) {
    context.write(jsonText(revisions.value));
    return EXIT.fine;
  }
  const paint = palette(context.color);
  const rows = revisions.value.map(({ revision, outcome, at, author, hash }) => [
    { text: `${revision === status.value.revision ? '*' : ' '} ${revision}` },
    { text: outcome, ...(outcome === 'refused' ? { paint: paint.bad } : {}) },
    { text: new Date(at).toISOString() },
    { text: plain(hash).slice(0, HASH_LENGTH), paint: paint.faint },
    { text: plain(author) },
  ]);
  context.write(`${alignRows(rows).join('\n')}\n`);
  return EXIT.fine;
}
