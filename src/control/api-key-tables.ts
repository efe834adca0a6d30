import {
  API_KEY_HASH_ROW,
  API_KEY_HASH_TABLE,
  API_KEY_TABLES,
  type ApiKeyHashRow,
  type ApiKeyRow,
  apiKeyTableOf,
} from '../credential/index.ts';

/** What threads judge keys by: the rows of live tables that have changed, by the name of the table. */
export type ApiKeyRows = ReadonlyMap<string, ReadonlyMap<string, ApiKeyRow | ApiKeyHashRow>>;

/** Puts rows in the place of those that were in these tables; resolves when every thread judges by them. */
export type PublishApiKeys = (rows: ApiKeyRows) => Promise<void>;

/** The rows of all API keys, in the tables that threads get them by. */
export class ApiKeyTables {
  readonly #publish: PublishApiKeys;
  readonly #rows = new Map(API_KEY_TABLES.map(({ name }) => [name, new Map<string, ApiKeyRow>()]));
  /** Tables whose rows are not in force yet. */
  readonly #changed = new Set<string>();
  #bytes = 0;
  #count = 0;

  constructor(publish: PublishApiKeys) {
    this.#publish = publish;
  }

  /** How many keys there are. */
  get count(): number {
    return this.#count;
  }

  /** How much all rows would hold as text, with this one. */
  bytesWith(row: ApiKeyRow): number {
    return this.#bytes + sizeOf(row);
  }

  has(id: string): boolean {
    return this.#tableOf(id).has(id);
  }

  put(id: string, row: ApiKeyRow): void {
    const table = this.#tableOf(id);
    const before = table.get(id);
    this.#bytes += sizeOf(row) - (before === undefined ? 0 : sizeOf(before));
    if (before === undefined) this.#count++;
    table.set(id, row);
    this.#changed.add(apiKeyTableOf(id));
  }

  delete(id: string): void {
    const table = this.#tableOf(id);
    const row = table.get(id);
    if (row === undefined) return;
    this.#bytes -= sizeOf(row);
    this.#count--;
    table.delete(id);
    this.#changed.add(apiKeyTableOf(id));
  }

  /** Puts all tables in force, with the key of the hashes. */
  async publishAll(hashKey: string): Promise<void> {
    const hash = new Map<string, ApiKeyHashRow>([[API_KEY_HASH_ROW, { hashKey }]]);
    this.#changed.clear();
    await this.#publish(
      new Map<string, ReadonlyMap<string, ApiKeyRow | ApiKeyHashRow>>([[API_KEY_HASH_TABLE.name, hash], ...this.#rows]),
    );
  }

  /** Puts what has changed in force. */
  async publish(): Promise<void> {
    const names = [...this.#changed];
    this.#changed.clear();
    await this.#publish(new Map(names.map((name) => [name, this.#rows.get(name) ?? new Map()])));
  }

  #tableOf(id: string): Map<string, ApiKeyRow> {
    const table = this.#rows.get(apiKeyTableOf(id));
    if (table === undefined) throw new Error('no API key has such an id');
    return table;
  }
}

function sizeOf(row: ApiKeyRow): number {
  return Buffer.byteLength(JSON.stringify(row));
}
