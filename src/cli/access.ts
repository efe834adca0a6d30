import { err, ok, parseDuration, type Result } from '../base/index.ts';
import type { AdminClient, GrantReport, OverlayDraft } from '../control/client.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { alignRows, type Cell, jsonText, palette, plain } from './terminal.ts';

const TARGETS = ['subject', 'client', 'tenant'] as const;
const ACTIONS = ['list', 'add', 'deny', 'remove'] as const;

/** `portcullis access grants`: what is granted and denied by hand, over what issuers say. */
export const accessCommand: Command = {
  verb: 'access',
  summary: '`access grants` shows and changes what is granted and denied by hand',
  operands: ['WHAT'],
  moreOperands: 'ACTION',
  options: {
    issuer: {
      value: 'NAME',
      says: 'the issuer of the caller, by its name in the configuration; `api-key` for keys, the subject of the CA for certificates',
    },
    subject: { value: 'NAME', says: 'one caller, as the issuer names it' },
    client: { value: 'ID', says: 'all who call by this client' },
    tenant: { value: 'NAME', says: 'all of this tenant' },
    role: { value: 'ROLE', says: 'the role that is added or denied; may be given several times', repeats: true },
    permission: { value: 'NAME', says: 'the permission that is denied; may be given several times', repeats: true },
    all: { value: null, says: 'denies everything' },
    for: { value: 'DURATION', says: 'how long, such as 8h or 30d; until it is removed if left out' },
    reason: { value: 'TEXT', says: 'why, for whoever asks later' },
    author: AUTHOR_OPTION,
    config: CONFIG_OPTION,
    data: DATA_OPTION,
    json: JSON_OPTION,
  },
  details: [
    'WHAT is `grants`. ACTION is `list`, `add`, `deny`, or `remove ID`; without one it is `list`.',
    'What is granted or denied here wins over what tokens, keys and certificates say, from the next request on in every',
    'thread, and is kept over restarts. Who denies wins over who grants. Roles stay within the scopes of a token.',
    'A role that is denied is taken from the caller; what another role of theirs includes stays: deny the permission then.',
    'Each change is recorded in the ledger with its author. Exit code 1 if it was refused or nothing runs.',
  ],
  async run(given, context) {
    const running = await findRunningFor('access', readAsked(given), given, context);
    if (!running.ok) return running.error;
    const { client, wish } = running.value;
    switch (wish.action) {
      case 'list':
        return await list(client, given.flags.has('json'), context);
      case 'add':
      case 'deny':
        return tell(await client.addGrant(wish.draft, authorOf(given, context)), given, context);
      case 'remove':
        return tell(await client.removeGrant(wish.id, authorOf(given, context)), given, context);
    }
  },
};

type Asked =
  | { readonly action: 'list' }
  | { readonly action: 'add' | 'deny'; readonly draft: OverlayDraft }
  | { readonly action: 'remove'; readonly id: string };

function readAsked(given: Given): Result<Asked, string> {
  const [what, action = 'list', id, ...more] = given.operands;
  if (what !== 'grants') return err(`\`access\` knows no ${JSON.stringify(plain(what ?? ''))}; there is grants`);
  const known = ACTIONS.find((each) => each === action);
  if (known === undefined)
    return err(`\`access grants\` can ${ACTIONS.join(', ')}, not ${JSON.stringify(plain(action))}`);
  if (more.length > 0 || (known !== 'remove' && id !== undefined))
    return err(`\`access grants ${known}\` takes no more`);
  if (known === 'list') return ok({ action: known });
  if (known === 'remove')
    return id === undefined ? err('`access grants remove` needs an ID') : ok({ action: known, id });
  const draft = readDraft(known === 'add' ? 'add' : 'deny', given);
  return draft.ok ? ok({ action: known, draft: draft.value }) : draft;
}

function readDraft(effect: OverlayDraft['effect'], { values, flags }: Given): Result<OverlayDraft, string> {
  const targets = TARGETS.filter((kind) => values.has(kind));
  const [kind] = targets;
  const issuer = values.get('issuer');
  const reason = values.get('reason');
  const length = values.get('for');
  if (kind === undefined || targets.length > 1) return err('it is about one of --subject, --client and --tenant');
  if (issuer === undefined) return err('--issuer NAME says whose caller it is: a name alone may be anybody’s');
  if (reason === undefined) return err('--reason TEXT says why');
  const lasts = length === undefined ? null : parseDuration(length);
  if (lasts !== null && !lasts.ok) return err(`--for: ${lasts.error}`);
  const listed = (name: string): readonly string[] => values.get(name)?.split('\n') ?? [];
  return ok({
    ...{ effect, kind, issuer, reason, name: values.get(kind) ?? '' },
    roles: listed('role'),
    permissions: listed('permission'),
    all: flags.has('all'),
    forMs: lasts?.value ?? null,
  });
}

async function list(client: AdminClient, json: boolean, context: CommandContext): Promise<number> {
  const grants = await client.grants();
  if (!grants.ok) {
    complainOfSilence(grants.error, context);
    return EXIT.findings;
  }
  if (json) context.write(jsonText(grants.value));
  else if (grants.value.length === 0) context.write('Nothing is granted or denied by hand.\n');
  else context.write(`${alignRows(rowsOf(grants.value, context)).join('\n')}\n`);
  return EXIT.fine;
}

function rowsOf(grants: readonly GrantReport[], { color }: CommandContext): readonly (readonly Cell[])[] {
  const paint = palette(color);
  const titles = ['EFFECT', 'WHAT', 'WHO', 'ISSUER', 'UNTIL', 'BY', 'WHY', 'ID'];
  const rows = grants.map(({ id, effect, roles, permissions, kind, name, issuer, expiresAtMs, author, reason }) => [
    { text: effect, paint: effect === 'deny' ? paint.bad : paint.good },
    { text: plain([...roles, ...permissions].join(', ') || 'all') },
    { text: plain(`${kind} ${name}`) },
    { text: plain(issuer) },
    { text: expiresAtMs === null ? 'removed' : new Date(expiresAtMs).toISOString() },
    { text: plain(author) },
    { text: plain(reason) },
    { text: plain(id), paint: paint.faint },
  ]);
  return [titles.map((text) => ({ text, paint: paint.faint })), ...rows];
}

type Change = Awaited<ReturnType<AdminClient['removeGrant']>>;

function tell(change: Change, { flags, operands }: Given, context: CommandContext): number {
  if (!change.ok || change.value === null) {
    const why = change.ok ? 'there is none of this ID' : change.error;
    if (flags.has('json')) context.write(jsonText({ refused: why }));
    context.complain(`portcullis: nothing was changed: ${plain(why)}.\n`);
    return EXIT.findings;
  }
  const { id, everywhere } = change.value;
  const done = operands[1] === 'remove' ? 'taken away' : 'in force';
  const where = everywhere ? 'in every thread' : 'but not yet in every thread: see `portcullis status`';
  context.write(flags.has('json') ? jsonText(change.value) : `${plain(id)} is ${done} ${where}.\n`);
  return EXIT.fine;
}
