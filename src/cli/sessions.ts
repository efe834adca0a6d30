import type { AdminClient, SessionSummary } from '../control/client.ts';
import { err, ok, type Result } from '../base/index.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { alignRows, type Cell, count, jsonText, palette, plain } from './terminal.ts';

/** `portcullis sessions`: who is signed in with a browser, and an end to it. */
export const sessionsCommand: Command = {
  verb: 'sessions',
  summary: 'lists who is signed in with a browser, and ends sessions',
  operands: [],
  moreOperands: 'ACTION',
  options: {
    issuer: { value: 'NAME', says: 'the issuer that they sign in with, by its name in the configuration' },
    subject: { value: 'NAME', says: 'one person, as the issuer names them' },
    author: AUTHOR_OPTION,
    config: CONFIG_OPTION,
    data: DATA_OPTION,
    json: JSON_OPTION,
  },
  details: [
    'ACTION is `list`, `end SESSION`, or `end` with --issuer and --subject for all of one person; without one it is `list`.',
    'What is ended opens nothing from the next request on, in every thread. The issuer may still know the person, and',
    'sign them in again without asking: deny them with `portcullis access grants deny` where that must not be.',
    'Each end is recorded in the ledger with its author. Exit code 1 if there was nothing to end, or nothing runs.',
  ],
  async run(given, context) {
    const running = await findRunningFor('sessions', readAsked(given), given, context);
    if (!running.ok) return running.error;
    const { client, wish } = running.value;
    return wish.action === 'list'
      ? await list(client, wish.person, { given, context })
      : await end(client, wish.which, { given, context });
  },
};

interface Person {
  readonly issuer: string;
  readonly subject: string;
}

type Asked =
  | { readonly action: 'list'; readonly person: Person | null }
  | { readonly action: 'end'; readonly which: Person | { readonly id: string } };

function readAsked({ operands, values }: Given): Result<Asked, string> {
  const [action = 'list', id, ...more] = operands;
  const issuer = values.get('issuer');
  const subject = values.get('subject');
  if ((issuer === undefined) !== (subject === undefined)) {
    return err('a person is told by --issuer and --subject: a name alone may be anybody’s');
  }
  const person = issuer === undefined || subject === undefined ? null : { issuer, subject };
  if (more.length > 0) return err('`sessions` takes no more than an action and one session');
  if (action === 'list') return id === undefined ? ok({ action, person }) : err('`sessions list` takes no session');
  if (action !== 'end') return err(`\`sessions\` can list and end, not ${JSON.stringify(plain(action))}`);
  if (id !== undefined && person !== null) return err('either one session is ended, or all of a person');
  if (id !== undefined) return ok({ action, which: { id } });
  return person === null
    ? err('`sessions end` needs a SESSION, or --issuer and --subject')
    : ok({ action, which: person });
}

interface Around {
  readonly given: Given;
  readonly context: CommandContext;
}

async function list(client: AdminClient, person: Person | null, { given, context }: Around): Promise<number> {
  const sessions = await client.sessions(person);
  if (!sessions.ok) {
    complainOfSilence(sessions.error, context);
    return EXIT.findings;
  }
  if (given.flags.has('json')) context.write(jsonText(sessions.value));
  else if (sessions.value.length === 0) context.write('Nobody is signed in with a browser.\n');
  else context.write(`${alignRows(rowsOf(sessions.value, context)).join('\n')}\n`);
  return EXIT.fine;
}

function rowsOf(sessions: readonly SessionSummary[], { color }: CommandContext): readonly (readonly Cell[])[] {
  const paint = palette(color);
  const titles = ['WHO', 'ISSUER', 'SINCE', 'USED', 'ENDS', 'SESSION'];
  const time = (ms: number): string => new Date(ms).toISOString();
  const rows = sessions.map(({ id, issuer, subject, startedAt, usedAt, endsAt }) => [
    { text: plain(subject) },
    { text: plain(issuer) },
    { text: time(startedAt) },
    { text: time(usedAt) },
    { text: time(endsAt) },
    { text: plain(id), paint: paint.faint },
  ]);
  return [titles.map((text) => ({ text, paint: paint.faint })), ...rows];
}

async function end(
  client: AdminClient,
  which: Person | { readonly id: string },
  { given, context }: Around,
): Promise<number> {
  const reply = await client.endSessions(which, authorOf(given, context));
  if (!reply.ok) {
    complainOfSilence(reply.error, context);
    return EXIT.findings;
  }
  const { ended } = reply.value;
  if (given.flags.has('json')) context.write(jsonText({ ended }));
  else if (ended > 0) context.write(`${count(ended, 'session')} ended.\n`);
  if (ended > 0) return EXIT.fine;
  context.complain('portcullis: there is no such session.\n');
  return EXIT.findings;
}
