import type { ApiKeyReport } from '../control/client.ts';
import type { CommandContext } from './context.ts';
import { alignRows, palette, plain } from './terminal.ts';

type Shown = Pick<CommandContext, 'color'>;

/** API keys as a table, a line each. */
export function keyTable(keys: readonly ApiKeyReport[], { color }: Shown): readonly string[] {
  if (keys.length === 0) return ['there are no such keys'];
  const paint = palette(color);
  const head = ['ID', 'STATE', 'ENDS', 'LAST USED', 'NAME', 'SUBJECT', 'ROLES'].map((text) => ({
    text,
    paint: paint.faint,
  }));
  const rows = keys.map((key) => [
    { text: key.id },
    { text: key.state, ...(key.state === 'active' ? {} : { paint: paint.bad }) },
    { text: endOf(key), ...(key.expiresAt === null ? { paint: paint.bad } : {}) },
    { text: timeOf(key.lastUsedAt) },
    { text: plain(key.name) },
    { text: plain(key.subject) },
    { text: plain(key.roles.join(', ')) },
  ]);
  return alignRows([head, ...rows]);
}

/** All that is known of a key. */
export function keyLines(key: ApiKeyReport, { color }: Shown): readonly string[] {
  const paint = palette(color);
  const rows: readonly (readonly [name: string, text: string | null])[] = [
    ['id', key.id],
    ['name', key.name],
    ['owner', key.owner],
    ['state', stateOf(key)],
    ['reason', key.reason],
    ['ends', endOf(key)],
    ['last used', timeOf(key.lastUsedAt)],
    ['made', `${timeOf(key.createdAt)} by ${key.createdBy}`],
    ['environment', key.environment],
    ['subject', key.subject],
    ['tenant', key.tenant],
    ['roles', key.roles.length === 0 ? 'none' : key.roles.join(', ')],
    ['scopes', key.scopes === null ? 'not narrowed' : key.scopes.join(', ')],
    ['apis', key.apis === null ? 'all' : key.apis.join(', ')],
    ['addresses', key.addresses === null ? 'all' : key.addresses.join(', ')],
    ['replaces', key.replaces],
    ['replaced by', key.replacedBy],
    ['its caller', callerOf(key)],
  ];
  const cells = rows.flatMap(([name, text]) =>
    text === null ? [] : [[{ text: `  ${name}`, paint: paint.faint }, { text: plain(text) }]],
  );
  return alignRows(cells);
}

/** Its caller as `explain --as` takes it; null where that can not be written in one word. */
function callerOf({ subject, tenant, roles, scopes }: ApiKeyReport): string | null {
  const said = [
    `subject=${subject}`,
    `client=${subject}`,
    ...(tenant === null ? [] : [`tenant=${tenant}`]),
    ...(roles.length === 0 ? [] : [`roles=${roles.join(',')}`]),
    ...(scopes === null ? [] : [`scopes=${scopes.join(',')}`]),
  ].join(',');
  const values = [subject, tenant ?? 'x', ...roles, ...(scopes ?? [])];
  return values.every((value) => /^[\w:.@/+-]+$/.test(value)) ? `portcullis explain METHOD URL --as ${said}` : null;
}

function stateOf({ state, stateAt, stateBy }: ApiKeyReport): string {
  const byHand = state === 'disabled' || state === 'revoked';
  return byHand ? `${state} since ${timeOf(stateAt)}, by ${stateBy}` : state;
}

function endOf({ expiresAt }: ApiKeyReport): string {
  return expiresAt === null ? 'never' : timeOf(expiresAt);
}

/** To the minute, UTC. */
function timeOf(ms: number | null): string {
  return ms === null ? 'never' : `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
