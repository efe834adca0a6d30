import {
  type ListEntries,
  type ListFile,
  listFileOf,
  type ListPair,
  type ListRules,
  pairsIn,
  sizeOf,
} from '../lists/index.ts';
import type { ApiConfig, Config } from './config.ts';
import type { ChangeEffect, Comparable, ConfigChange } from './config-change.ts';

/** Lists that say who the client is: in `allow` one of them must have it, so the second lets in more. */
const CLIENT_LISTS = ['addresses', 'countries', 'asns', 'reverseNames'] as const;
const LISTS = [...CLIENT_LISTS, 'hosts', 'origins', 'mailDomains', 'methods'] as const;
type ListName = (typeof LISTS)[number] | 'except';
/** Entries that are told one by one; of more only how many there are. */
const TOLD = 5;

/** Whose lists they are. */
type Whose = Pick<ConfigChange, 'api' | 'operation'>;

/** What differs in the lists of one place. */
function listChanges(before: ListPair | null, after: ListPair | null, whose: Whose): readonly ConfigChange[] {
  return [
    ...denyChanges(before?.deny ?? null, after?.deny ?? null, whose),
    ...allowChanges(before?.allow ?? null, after?.allow ?? null, whose),
  ];
}

/** What differs in the lists and databases of a whole gateway. */
export function nodeListChanges(before: Comparable, after: Comparable): readonly ConfigChange[] {
  const node = { api: null, operation: null };
  const changes = [...listChanges(before.config.lists, after.config.lists, node)];
  for (const [kind, words] of [
    ['country', 'countries'],
    ['asn', 'autonomous systems'],
  ] as const)
    if (before.config.geo[kind] !== after.config.geo[kind])
      changes.push(change(node, 'changes', `another database says of which ${words} addresses are`));
  return changes;
}

/** What differs in a file of lists that is still called the same; null for any other file. `config`: what names it now. */
export function listFileChange(
  key: string,
  { before, after, config }: { readonly before: Uint8Array; readonly after: Uint8Array; readonly config: Config },
): ConfigChange | null {
  const named = listFileOf(key);
  if (named === null) return null;
  const [was, is] = [sizeOf(named.kind, before), sizeOf(named.kind, after)];
  const words = was === is ? 'has changed' : `holds ${is} entries instead of ${was}`;
  const grows = (is ?? 0) - (was ?? 0);
  const letsIn = usesOf(named, config).some((use) => (use === 'deny' ? grows < 0 : grows > 0));
  return change({ api: null, operation: null }, letsIn ? 'loosens' : 'changes', `the list ${named.file} ${words}`);
}

/** What the entries of a file are for: to keep out, or to let in. */
function usesOf({ file }: Pick<ListFile, 'file'>, config: Config): readonly ('deny' | 'allow')[] {
  const names = (rules: ListRules | null, list: ListName): boolean => {
    const entries = rules === null ? null : rules[list];
    return entries !== null && 'files' in entries && entries.files.includes(file);
  };
  return pairsIn(config).flatMap(({ deny, allow }) => [
    ...(LISTS.some((list) => names(deny, list)) ? ['deny' as const] : []),
    ...(names(deny, 'except') || LISTS.some((list) => names(allow, list)) ? ['allow' as const] : []),
  ]);
}

function denyChanges(was: ListRules | null, is: ListRules | null, whose: Whose): readonly ConfigChange[] {
  return [...LISTS, 'except' as const].flatMap((name) => {
    const { added, gone } = differences(entriesOf(was, name), entriesOf(is, name));
    const [more, less] = name === 'except' ? (['loosens', 'tightens'] as const) : (['tightens', 'loosens'] as const);
    const [in_, out] =
      name === 'except' ? ['is excepted', 'is no longer excepted'] : ['is kept out', 'is no longer kept out'];
    return [
      ...told(whose, more, { added, words: `deny.${name}: #: ${in_}` }),
      ...told(whose, less, { added: gone, words: `deny.${name}: #: ${out}` }),
    ];
  });
}

function allowChanges(was: ListRules | null, is: ListRules | null, whose: Whose): readonly ConfigChange[] {
  return LISTS.flatMap((name) => {
    const [had, has] = [entriesOf(was, name), entriesOf(is, name)];
    const isClients = (CLIENT_LISTS as readonly string[]).includes(name);
    const others = (rules: ListRules | null): boolean =>
      isClients && CLIENT_LISTS.some((each) => each !== name && rules !== null && rules[each] !== null);
    if (had === null && has === null) return [];
    if (had === null && !others(was)) return [change(whose, 'tightens', `allow.${name}: only those on it are let in`)];
    if (has === null && !others(is))
      return [change(whose, 'loosens', `allow.${name}: it no longer matters who is on it`)];
    const { added, gone } = differences(had, has);
    return [
      ...told(whose, 'loosens', { added, words: `allow.${name}: #: is let in too` }),
      ...told(whose, 'tightens', { added: gone, words: `allow.${name}: #: is no longer let in` }),
    ];
  });
}

function told(
  whose: Whose,
  effect: ChangeEffect,
  { added, words }: { readonly added: readonly string[]; readonly words: string },
): readonly ConfigChange[] {
  if (added.length === 0) return [];
  if (added.length > TOLD) return [change(whose, effect, words.replace('#', `${added.length} entries`))];
  return added.map((each) =>
    change(
      whose,
      effect,
      words.replace('#', () => each),
    ),
  );
}

/** The entries of a list as texts; null where it was not written. */
function entriesOf(rules: ListRules | null, name: ListName): readonly string[] | null {
  const list: ListEntries | readonly (string | number)[] | null = rules === null ? null : rules[name];
  if (list === null) return null;
  if (!('files' in list)) return list.map(String);
  return [...list.entries, ...list.files.map((file) => `the file ${file}`)];
}

function differences(
  had: readonly string[] | null,
  has: readonly string[] | null,
): { readonly added: readonly string[]; readonly gone: readonly string[] } {
  const [before, after] = [new Set(had ?? []), new Set(has ?? [])];
  return {
    added: [...after].filter((each) => !before.has(each)),
    gone: [...before].filter((each) => !after.has(each)),
  };
}

function change(whose: Whose, effect: ChangeEffect, message: string): ConfigChange {
  return { ...whose, about: 'authorization', effect, message };
}

/** What differs in the lists of an API and of its operations. */
export function apiListChanges(old: ApiConfig, next: ApiConfig): readonly ConfigChange[] {
  const names = new Set([...Object.keys(next.operations), ...Object.keys(old.operations)]);
  const own = ({ operations }: ApiConfig, name: string): ListPair | null =>
    Object.hasOwn(operations, name) ? (operations[name]?.lists ?? null) : null;
  return [
    ...listChanges(old.lists, next.lists, { api: next.name, operation: null }),
    ...[...names].flatMap((name) => listChanges(own(old, name), own(next, name), { api: next.name, operation: name })),
  ];
}
