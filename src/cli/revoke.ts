import { err, ok, type Result } from '../base/index.ts';
import type { RevocationAnswer, RevocationRequest } from '../control/client.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfFaults } from './issues.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { jsonText, plain } from './terminal.ts';
import { readTokenInput } from './token-input.ts';

const WHAT = ['token', 'session', 'subject', 'client'] as const;

/** `portcullis revoke`: what was given out is taken no more. */
export const revokeCommand: Command = {
  verb: 'revoke',
  summary: '`revoke token|session|subject|client VALUE` makes the running gateway take it no more',
  operands: ['WHAT'],
  moreOperands: 'VALUE',
  options: {
    token: { value: 'FILE', says: 'in place of VALUE, the token itself; `-` reads it from standard input' },
    issuer: {
      value: 'NAME',
      says: 'whose it is: a name below `issuers`, or an identifier; may be left out where there is one',
    },
    before: { value: 'TIME', says: 'what was issued up to then, in ISO 8601; of a subject now, if left out' },
    until: { value: 'TIME', says: 'when it may be forgotten, in ISO 8601' },
    reason: { value: 'TEXT', says: 'why, for those who read the list' },
    author: AUTHOR_OPTION,
    ...{ config: CONFIG_OPTION, data: DATA_OPTION, json: JSON_OPTION },
  },
  details: [
    'VALUE is the `jti` of a token, the `sid` of a session, the `sub` of a subject, the `client_id` of a client.',
    '`revoke token --token -` revokes the token that it reads, also one without `jti`. Its hash is kept, and a JWT names its',
    'issuer itself.',
    'It holds on all threads at once, also for streams that stand, and is kept over restarts.',
    'A token, a session and a subject are kept for as long as a token of theirs could live (`maxLifetime`), a client until',
    'it is lifted: `portcullis revocations`. A subject may come again with what is issued later, a client may not, unless',
    '--before is given. Exit code 1 if nothing runs, it was refused, or some thread does not judge by it yet.',
  ],
  async run(given, context) {
    const running = await findRunningFor('revoke', await askedOf(given, context), given, context);
    if (!running.ok) return running.error;
    const done = await running.value.client.revoke(running.value.wish, authorOf(given, context));
    return tellRevoked(done, { json: given.flags.has('json'), word: 'revoked' }, context);
  },
};

async function askedOf(given: Given, context: CommandContext): Promise<Result<RevocationRequest, string>> {
  const { operands, values } = given;
  const [word = '', value, ...more] = operands;
  const what = WHAT.find((each) => each === word);
  if (what === undefined)
    return err(`\`revoke\` knows no ${JSON.stringify(plain(word))}; there are ${WHAT.join(', ')}`);
  const file = values.get('token');
  if (file === undefined ? value === undefined || value === '' : value !== undefined || what !== 'token')
    return err('`revoke` takes one VALUE, or `token` and --token FILE');
  if (more.length > 0) return err('`revoke` takes one VALUE at a time');
  for (const name of ['before', 'until']) {
    const time = values.get(name);
    if (time !== undefined && !isTime(time)) return err(`--${name} takes a time such as 2026-11-23T18:00:00Z`);
  }
  const timeOf = (name: string): string | undefined => {
    const time = values.get(name);
    return time === undefined ? undefined : new Date(time).toISOString();
  };
  const [issuer, reason] = [values.get('issuer'), values.get('reason')];
  const token = file === undefined ? ok(undefined) : await readTokenInput(file, context);
  if (!token.ok) return token;
  return ok({ what, value, token: token.value, issuer, before: timeOf('before'), until: timeOf('until'), reason });
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Says what became of a revocation, or of one that was lifted; gives the exit code. */
export function tellRevoked(
  done: RevocationAnswer,
  { json, word }: { json: boolean; word: string },
  context: CommandContext,
): number {
  if (!done.ok) {
    if (typeof done.error === 'string') complainOfSilence(done.error, context);
    else complainOfFaults(done.error, json, context);
    return EXIT.findings;
  }
  const { revocations, inForce } = done.value;
  if (json) context.write(jsonText(done.value));
  else {
    for (const { what, issuer, value, id } of revocations)
      context.write(`${word}: ${what} ${plain(value)} of ${plain(issuer)} (${id})\n`);
    context.write(
      inForce ? 'It is in force on all threads.\n' : 'It is kept, and some thread does not judge by it yet.\n',
    );
  }
  return inForce ? EXIT.fine : EXIT.findings;
}
