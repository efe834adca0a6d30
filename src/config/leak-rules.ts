import type { LeaksConfig, ReplyLeaks } from '../policy/index.ts';
import type { ApiConfig, OperationConfig, PolicyMode, PolicyUse } from './config.ts';

/** What is looked for in the replies of an operation; null for nothing. `own` null: as the API says. */
export function leaksOf(api: Pick<ApiConfig, 'leaks'>, own: Pick<OperationConfig, 'leaks'> | null): ReplyLeaks | null {
  const said = own?.leaks ?? api.leaks;
  return said === 'off' ? null : said;
}

/** The policy that looks for what must not leave; none where nobody says so. */
export function leaksPolicy(api: ApiConfig): readonly PolicyUse[] {
  if (api.source.kind === 'descriptors') return [];
  const own = Object.entries(api.operations).filter(([, { leaks }]) => leaks !== null);
  const first = own.find(([, { leaks }]) => leaks !== 'off');
  if (api.leaks === null && first === undefined) return [];
  const operations = own.map(([name, said]) => [name, leaksOf(api, said)] as const);
  const config: LeaksConfig = { api: api.leaks, operations: Object.fromEntries(operations) };
  const modes = operations.flatMap(([name, rules]) => (rules === null ? [] : [[name, modeOf(rules)] as const]));
  return [
    {
      kind: 'leaks',
      name: `${api.name}/leaks`,
      config,
      mode: api.leaks === null ? 'enforce' : modeOf(api.leaks),
      modes: Object.fromEntries(modes),
      path: `${api.leaks === null ? (first?.[1].path ?? api.path) : api.path}.leaks`,
    },
  ];
}

/** Where all is only told of, nothing is refused for what can't be looked into either. */
function modeOf(rules: ReplyLeaks): PolicyMode {
  return onlyReports(rules) ? 'observe' : 'enforce';
}

/** Whether nothing that is found changes a reply. */
export function onlyReports({ classes, fields, own }: ReplyLeaks): boolean {
  const actions = [
    ...Object.values(classes),
    ...Object.values(fields),
    ...Object.values(own).map(({ action }) => action),
  ];
  return actions.every((action) => action === 'report' || action === 'pass');
}
