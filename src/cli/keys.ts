import { err, ok, parseDuration, type Result } from '../base/index.ts';
import type { ApiKeyClient, KeyReply, MadeApiKey } from '../control/client.ts';
import { AUTHOR_OPTION, authorOf } from './change-author.ts';
import { type Command, CONFIG_OPTION, DATA_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import type { CommandContext } from './context.ts';
import { issueReport } from './issues.ts';
import { keyLines, keyTable } from './key-rows.ts';
import { complainOfSilence, findRunningFor } from './running.ts';
import { jsonText, plain } from './terminal.ts';

/** What can be done with keys, the options that each action takes, and whether it is about one key. */
const ACTIONS: Readonly<Record<string, { readonly options: readonly string[]; readonly one: boolean }>> = {
  list: { options: ['state', 'unused'], one: false },
  show: { options: [], one: true },
  create: {
    options: ['name', 'owner', 'subject', 'tenant', 'role', 'scope', 'api', 'address', 'expires', 'author'],
    one: false,
  },
  rotate: { options: ['overlap', 'expires', 'author'], one: true },
  revoke: { options: ['reason', 'author'], one: true },
  disable: { options: ['author'], one: true },
  enable: { options: ['author'], one: true },
};
const STATES: readonly string[] = ['active', 'disabled', 'revoked', 'expired'];
const COMMON: ReadonlySet<string> = new Set(['config', 'data', 'json']);

const several = (value: string, says: string) => ({ value, says, repeats: true }) as const;

/** `portcullis keys`: makes, lists, replaces and takes back API keys of the running gateway. */
export const keysCommand: Command = {
  verb: 'keys',
  summary: '`keys create`, `list`, `show`, `rotate`, `revoke`, `disable` and `enable` are about API keys',
  operands: ['ACTION'],
  moreOperands: 'ID',
  options: {
    name: { value: 'NAME', says: 'create: what it is for' },
    owner: { value: 'WHO', says: 'create: whom to ask about it' },
    subject: { value: 'SUBJECT', says: 'create: whom it stands for; keys of one subject are one caller' },
    tenant: { value: 'TENANT', says: 'create: the tenant of its caller' },
    role: several('ROLE', 'create: a role of its caller; may be given several times, as the next three'),
    scope: several('SCOPE', 'create: what its roles permit is narrowed to these'),
    api: several('API', 'create: an API that it may be used at; all if left out'),
    address: several('BLOCK', 'create: addresses that it may be used from; all if left out'),
    expires: { value: 'DURATION', says: 'create, rotate: how long it lives, such as 90d, or never' },
    overlap: { value: 'DURATION', says: 'rotate: how long the old key opens too; 24h if left out' },
    reason: { value: 'TEXT', says: 'revoke: why, for the record' },
    state: { value: 'STATE', says: `list: only those that are ${STATES.join(', ')}` },
    unused: { value: 'DURATION', says: 'list: only active ones that were not used for so long, such as 30d' },
    author: AUTHOR_OPTION,
    config: CONFIG_OPTION,
    data: DATA_OPTION,
    json: JSON_OPTION,
  },
  details: [
    'The running gateway is asked; what it does is in force in all threads when the command ends, and in the ledger.',
    'A key is printed once, on standard output, when it is made or rotated. Nobody can print it again.',
    'Roles and APIs must be there in the configuration in force. A key lives as long as `apiKeys.lifetime` says, 90d if',
    'nothing does; one that never ends must be asked for by `--expires never`.',
    'Exit code 1 if there is no such key, the wish was refused or nothing runs, 2 if the arguments are none.',
  ],
  async run(given, context) {
    const running = await findRunningFor('keys', askedOf(given), given, context);
    if (!running.ok) return running.error;
    const { keys } = running.value.client;
    const { action, id } = running.value.wish;
    if (action === 'list') return await list(keys, given, context);
    const told = { id, json: given.flags.has('json') };
    const author = authorOf(given, context);
    if (action === 'create') return tellMade(await keys.create(wishOf(given), author), told, context);
    if (action === 'rotate') return tellMade(await keys.rotate(id, rotationOf(given), author), told, context);
    const reply = await changed(keys, { action, id, author, reason: given.values.get('reason') });
    return tell(reply, told, context, (report) =>
      told.json ? jsonText(report) : `${keyLines(report, context).join('\n')}\n`,
    );
  },
};

interface Asked {
  readonly action: string;
  /** Empty where the action is not about one key. */
  readonly id: string;
}

function askedOf({ operands, values }: Given): Result<Asked, string> {
  const [action = '', ...ids] = operands;
  const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (known === undefined) {
    const names = Object.keys(ACTIONS).join(', ');
    return err(`\`keys\` knows no action ${JSON.stringify(plain(action))}; there are ${names}`);
  }
  if (known.one !== (ids.length === 1)) return err(`\`keys ${action}\` takes ${known.one ? 'one id' : 'no id'}`);
  const [id = ''] = ids;
  if (known.one && !/^[0-9a-z]{16}$/.test(id)) {
    const own = id.startsWith('pcl_')
      ? '; it is the third part of a key, never the key itself'
      : ', as `keys list` shows them';
    return err(`an id has 16 letters and digits${own}`);
  }
  const stranger = [...values.keys()].find((name) => !known.options.includes(name) && !COMMON.has(name));
  if (stranger !== undefined) return err(`\`keys ${action}\` takes no --${stranger}`);
  const fault = valueFault(values);
  if (fault !== null) return err(fault);
  return action === 'create' && !values.has('name') ? err('`keys create` needs --name NAME') : ok({ action, id });
}

function valueFault(values: Given['values']): string | null {
  const state = values.get('state');
  if (state !== undefined && !STATES.includes(state)) return `--state is one of ${STATES.join(', ')}`;
  for (const name of ['unused', 'overlap', 'expires']) {
    const value = values.get(name);
    if (value === undefined || (name === 'expires' && value === 'never')) continue;
    const read = parseDuration(value);
    if (!read.ok) return `--${name}: ${read.error}`;
  }
  return null;
}

/** What stands on lines of their own was given several times. */
function wishOf({ values }: Given): object {
  const single = ['name', 'owner', 'subject', 'tenant', 'expires'].map((name) => [name, values.get(name)] as const);
  const lists = [
    ['roles', 'role'],
    ['scopes', 'scope'],
    ['apis', 'api'],
    ['addresses', 'address'],
  ].map(([name = '', option = '']) => [name, values.get(option)?.split('\n')] as const);
  const said: readonly (readonly [string, string | readonly string[] | undefined])[] = [...single, ...lists];
  return Object.fromEntries(said.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))) as object;
}

function rotationOf({ values }: Given): object {
  return Object.fromEntries(
    ['overlap', 'expires'].flatMap((name) => (values.has(name) ? [[name, values.get(name)]] : [])),
  );
}

function changed(
  keys: ApiKeyClient,
  { action, id, author, reason }: Asked & { readonly author: string; readonly reason: string | undefined },
): ReturnType<ApiKeyClient['show']> {
  if (action === 'revoke') return keys.revoke(id, author, reason);
  return action === 'enable' || action === 'disable' ? keys.switch(id, action, author) : keys.show(id);
}

async function list(keys: ApiKeyClient, { values, flags }: Given, context: CommandContext): Promise<number> {
  const [state, unused] = [values.get('state'), values.get('unused')];
  const found = await keys.list({
    ...(state === undefined ? {} : { state }),
    ...(unused === undefined ? {} : { unused }),
  });
  if (!found.ok) {
    complainOfSilence(found.error, context);
    return EXIT.findings;
  }
  context.write(flags.has('json') ? jsonText({ keys: found.value }) : `${keyTable(found.value, context).join('\n')}\n`);
  return EXIT.fine;
}

interface Told {
  readonly id: string;
  readonly json: boolean;
}

/** The key alone stands on standard output, so that a shell can take it; what is to be said of it on the other. */
function tellMade(reply: KeyReply<MadeApiKey>, told: Told, context: CommandContext): number {
  return tell(reply, told, context, (made) => {
    if (told.json) return jsonText(made);
    const { report } = made;
    const { replaces } = report;
    const old = replaces === null ? [] : [`It takes the place of ${replaces}, which opens the same until it ends.`];
    const lines = [...keyLines(report, context), ...old, 'This is the key. It is shown this once:'];
    context.complain(`${lines.join('\n')}\n`);
    return `${made.key}\n`;
  });
}

function tell<T>(reply: KeyReply<T>, { id, json }: Told, context: CommandContext, words: (value: T) => string): number {
  if (reply.ok && reply.value !== null) {
    context.write(words(reply.value));
    return EXIT.fine;
  }
  if (reply.ok) context.complain(`portcullis: there is no key ${id}.\n`);
  else if (typeof reply.error === 'string') complainOfSilence(reply.error, context);
  else if (json) context.write(jsonText({ issues: reply.error }));
  else context.complain(`${issueReport(reply.error, context)}\n`);
  return EXIT.findings;
}
