import { AddressTree } from './address-tree.ts';
import { GeoDatabase, type GeoQuestion } from './geo-database.ts';
import { type ListFile, listKey } from './list-rules.ts';
import { NameTable } from './name-table.ts';

/** Says by which names the DNS knows an address, as far as that has been found out and confirmed. */
export interface ReverseNames {
  /** None where it has none that lead back to it; null where nobody knows yet, which makes somebody find out. */
  of(address: string): readonly string[] | null;
}

/** What lists are read from, where a configuration is compiled. */
export interface ListSources {
  /** As it was gathered, by `listKey`. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** What has come since, by the same keys; the same object as long as nothing has. Null where nothing comes. */
  readonly live: (() => ReadonlyMap<string, Uint8Array>) | null;
  /** Null where nobody finds out. */
  readonly names: ReverseNames | null;
}

/** The lists and databases of a Snapshot in their newest versions. */
export class ListMaterial {
  readonly names: ReverseNames | null;
  /** How many verdicts the gates over it remember. */
  remembered = 0;
  readonly #sources: ListSources;
  readonly #opened = new Map<string, { readonly bytes: Uint8Array; readonly list: unknown }>();
  #rows: ReadonlyMap<string, Uint8Array> | null = null;
  #version = 0;

  constructor(sources: ListSources) {
    this.#sources = sources;
    this.names = sources.names;
  }

  /** Another number whenever any of them may have changed. */
  get version(): number {
    const rows = this.#sources.live?.() ?? null;
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#version++;
    }
    return this.#version;
  }

  /** Whether it was read. */
  has(named: Pick<ListFile, 'kind' | 'file'>): boolean {
    return this.#bytesOf(listKey(named)) !== undefined;
  }

  addresses(file: string): AddressTree {
    return this.#open({ kind: 'addresses', file }, (bytes) => new AddressTree(bytes));
  }

  domains(file: string): NameTable {
    return this.#open({ kind: 'names', file }, (bytes) => new NameTable(bytes));
  }

  geo(kind: GeoQuestion, file: string): GeoDatabase {
    // It was judged when it was read: here a request waits, and each new version of any list opens it again.
    return this.#open({ kind, file }, (bytes) => GeoDatabase.reopen(bytes, kind));
  }

  /** One that was not read is a bug, and throws: then nobody is let in. */
  #open<T>(named: Pick<ListFile, 'kind' | 'file'>, open: (bytes: Uint8Array) => T): T {
    const key = listKey(named);
    const bytes = this.#bytesOf(key);
    if (bytes === undefined) throw new Error(`the list ${named.file} was not read`);
    const known = this.#opened.get(key);
    if (known !== undefined && known.bytes === bytes) return known.list as T;
    const list = open(bytes);
    this.#opened.set(key, { bytes, list });
    return list;
  }

  #bytesOf(key: string): Uint8Array | undefined {
    const { files, live } = this.#sources;
    return live?.().get(key) ?? (Object.hasOwn(files, key) ? files[key] : undefined);
  }
}
