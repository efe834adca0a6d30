import { err, ok, type Result } from '../base/index.ts';
import type { RevocationEntry } from '../control/client.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { tellRevoked } from './revoke.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { alignRows, jsonText, palette, plain } from './terminal.ts';

/** `portcullis revocations`: what was revoked, and how it is taken back. */
export const revocationsCommand: Command = {
  verb: 'revocations',
  summary: '`revocations list` prints what was revoked, `revocations lift ID` takes one back',
  operands: ['ACTION'],
  moreOperands: 'ID',
  options: { author: AUTHOR_OPTION, config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  details: [
    'The running gateway is asked. 1,000 are printed at most, the newest first.',
    'Exit code 1 if nothing runs or it was refused, 2 if the arguments are none.',
  ],
  async run(given, context) {
    const running = await findRunningFor('revocations', askedOf(given), given, context);
    if (!running.ok) return running.error;
    const { client } = running.value;
    const json = given.flags.has('json');
    if (running.value.wish !== null) {
      const done = await client.liftRevocation(running.value.wish, authorOf(given, context));
      return tellRevoked(done, { json, word: 'lifted' }, context);
    }
    const found = await client.revocations();
    if (!found.ok) {
      complainOfSilence(found.error, context);
      return EXIT.findings;
    }
    const { count, revocations } = found.value;
    if (json) context.write(jsonText(found.value));
    else context.write(`${linesOf(revocations, count, context).join('\n')}\n`);
    return EXIT.fine;
  },
};

/** The id that is to be lifted; null where all are listed. */
function askedOf({ operands: [action = '', id, ...more] }: Given): Result<string | null, string> {
  if (action === 'list' && id === undefined) return ok(null);
  if (action === 'lift' && id !== undefined && more.length === 0)
    return /^[0-9a-f]{32}$/.test(id)
      ? ok(id)
      : err('an id has 32 digits of a-f and 0-9, as `revocations list` prints it');
  return err('`revocations` takes `list`, or `lift` and an id');
}

function linesOf(entries: readonly RevocationEntry[], count: number, context: CommandContext): readonly string[] {
  if (entries.length === 0) return ['nothing is revoked'];
  const paint = palette(context.color);
  const head = ['ID', 'WHAT', 'VALUE', 'ISSUER', 'BEFORE', 'UNTIL', 'AT', 'BY', 'REASON'];
  const timeOf = (atMs: number | null): string => (atMs === null ? '-' : new Date(atMs).toISOString());
  const rows = entries.map(({ id, what, value, issuer, before, until, at, author, reason }) =>
    [id, what, value, issuer, timeOf(before), timeOf(until), timeOf(at), author, reason ?? ''].map((text) => ({
      text: plain(text),
    })),
  );
  const left = count - entries.length;
  const lines = alignRows([head.map((text) => ({ text, paint: paint.faint })), ...rows]);
  return left > 0 ? [...lines, `and ${left} more`] : lines;
}
