import type { GeoQuestion } from './geo-database.ts';
import type { ListKind } from './list-file.ts';

/** A list of one kind: what stands in the configuration, and files with more of it, by their absolute paths. */
export interface ListEntries {
  readonly entries: readonly string[];
  readonly files: readonly string[];
}

/** What one of `deny` and `allow` says, in canonical spellings. A list that is null was not written. */
export interface ListRules {
  /** Blocks of addresses. */
  readonly addresses: ListEntries | null;
  /** Of those, and of countries, systems and reverse names, these are not meant. */
  readonly except: ListEntries | null;
  /** Codes of two letters (ISO 3166-1). */
  readonly countries: readonly string[] | null;
  /** Numbers of autonomous systems. */
  readonly asns: readonly number[] | null;
  /** The names that clients' addresses have in the DNS. */
  readonly reverseNames: ListEntries | null;
  /** The hosts that are asked for. */
  readonly hosts: ListEntries | null;
  /** `scheme://host` with a port that is not the scheme's; a host may begin with `*.`; or a name of a host alone, for any scheme and port; or `null`. */
  readonly origins: ListEntries | null;
  readonly mailDomains: ListEntries | null;
  readonly methods: readonly string[] | null;
  /** The key path of what says it. */
  readonly path: string;
}

/** Who is kept out, and who alone is let in; null where nothing is said. Whoever is denied is not let in by `allow`. */
export interface ListPair {
  readonly deny: ListRules | null;
  readonly allow: ListRules | null;
}

/** Databases in MaxMind's format, by their absolute paths. */
export interface GeoFiles {
  readonly country: string | null;
  readonly asn: string | null;
}

/** What lists are read from. */
export type ListFileKind = ListKind | GeoQuestion;

/** A file that lists are read from. */
export interface ListFile {
  readonly kind: ListFileKind;
  readonly file: string;
  /** Where it is named first. */
  readonly path: string;
}

/** By what a file is called where it has been read. One file may be several things. */
export function listKey({ kind, file }: Pick<ListFile, 'kind' | 'file'>): string {
  return `list:${kind}:${file}`;
}

/** The file of such a key; null for any other text. */
export function listFileOf(key: string): Pick<ListFile, 'kind' | 'file'> | null {
  const found = /^list:(addresses|names|country|asn):(.*)$/s.exec(key);
  return found === null ? null : { kind: found[1] as ListFileKind, file: found[2] as string };
}

const NAMED = ['reverseNames', 'hosts', 'origins', 'mailDomains'] as const;

/** What of a configuration has lists: the gateway, its APIs and their operations. */
export interface Listed {
  readonly lists: ListPair | null;
  readonly geo: GeoFiles;
  readonly apis: readonly {
    readonly lists: ListPair | null;
    readonly operations: Readonly<Record<string, { readonly lists: ListPair | null }>>;
  }[];
}

/** All lists of a configuration. */
export function pairsIn({ lists, apis }: Pick<Listed, 'lists' | 'apis'>): readonly ListPair[] {
  const ofApis = apis.flatMap((api) => [api.lists, ...Object.values(api.operations).map((own) => own.lists)]);
  return [lists, ...ofApis].filter((pair) => pair !== null);
}

/** The files that the lists of a configuration are read from, each once. Databases are among them where countries or systems are asked for. */
export function listsIn(config: Listed): readonly ListFile[] {
  const { geo } = config;
  const found = new Map<string, ListFile>();
  const add = (file: ListFile): void => {
    if (!found.has(listKey(file))) found.set(listKey(file), file);
  };
  for (const rules of pairsIn(config).flatMap(({ deny, allow }) => [deny, allow])) {
    if (rules === null) continue;
    for (const key of ['addresses', 'except'] as const)
      for (const file of rules[key]?.files ?? []) add({ kind: 'addresses', file, path: `${rules.path}.${key}` });
    for (const key of NAMED)
      for (const file of rules[key]?.files ?? []) add({ kind: 'names', file, path: `${rules.path}.${key}` });
    if (rules.countries !== null && geo.country !== null)
      add({ kind: 'country', file: geo.country, path: 'geo.country' });
    if (rules.asns !== null && geo.asn !== null) add({ kind: 'asn', file: geo.asn, path: 'geo.asn' });
  }
  return [...found.values()];
}
