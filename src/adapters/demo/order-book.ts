import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';

/** One line of an order. */
export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

/** An order, as the sample API shows it. */
export interface Order {
  readonly id: string;
  readonly customerId: string;
  /** The subject of whoever placed it. */
  readonly ownerId: string;
  readonly status: OrderStatus;
  readonly items: readonly Item[];
  readonly note: string;
}

/** How far an order is. */
export type OrderStatus = 'open' | 'paid' | 'shipped' | 'cancelled';

/** Who orders. */
export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Money given back for an order, in cents. */
export interface Refund {
  readonly id: string;
  readonly orderId: string;
  readonly amountCents: number;
}

/** The orders of the sample API. What is full, or names a customer or an order that there is not, gives null. */
export interface OrderBook {
  list(status: string | null, limit: number): readonly Order[];
  get(id: string): Order | null;
  create(given: Omit<Order, 'id' | 'status'>): Order | null;
  refund(orderId: string, amountCents: number): Refund | null;
  customers(): readonly Customer[];
  close(): void;
}

/** Of orders and of refunds, each: a long demonstration can't fill the memory. */
const ROW_LIMIT = 1_000;

const SCHEMA = `
  PRAGMA foreign_keys = ON;
  CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL) STRICT;
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    owner_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'paid', 'shipped', 'cancelled')),
    note TEXT NOT NULL
  ) STRICT;
  CREATE TABLE items (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    line INTEGER NOT NULL,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, line)
  ) STRICT;
  CREATE TABLE refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0)
  ) STRICT;
  INSERT INTO customers VALUES ('c-1', 'Ada Byron', 'ada@example.org'), ('c-2', 'Grace Murray', 'grace@example.org');
  INSERT INTO orders (id, customer_id, owner_id, status, note) VALUES
    (1, 'c-1', 'ada', 'paid', ''), (2, 'c-1', 'ada', 'open', 'fragile'), (3, 'c-2', 'grace', 'shipped', '');
  INSERT INTO items VALUES (1, 0, 'tea', 2), (2, 0, 'cup', 6), (2, 1, 'tea', 1), (3, 0, 'pot', 1);
  INSERT INTO refunds (order_id, amount_cents) VALUES (3, 250);
`;

const COLUMNS = 'id, customer_id, owner_id, status, note';

/** Opens a new order book in SQLite, in memory, with a few rows in it. It is gone when it is closed. */
export function openOrderBook(): OrderBook {
  const database = new DatabaseSync(':memory:', { defensive: true, allowExtension: false });
  database.exec(SCHEMA);
  return new SqliteOrderBook(database);
}

type Row = Record<string, SQLOutputValue>;

class SqliteOrderBook implements OrderBook {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(status: string | null, limit: number): readonly Order[] {
    const rows = this.#sql(`SELECT ${COLUMNS} FROM orders WHERE ?1 IS NULL OR status = ?1 ORDER BY id LIMIT ?2`);
    return rows.all(status, limit).map((row) => this.#order(row));
  }

  get(id: string): Order | null {
    if (!/^[1-9][0-9]{0,14}$/.test(id)) return null;
    const row = this.#sql(`SELECT ${COLUMNS} FROM orders WHERE id = ?`).get(Number(id));
    return row === undefined ? null : this.#order(row);
  }

  create({ customerId, ownerId, items, note }: Omit<Order, 'id' | 'status'>): Order | null {
    const known = this.#sql('SELECT 1 FROM customers WHERE id = ?').get(customerId) !== undefined;
    if (!known || this.#count('orders') >= ROW_LIMIT) return null;
    this.#database.exec('BEGIN');
    try {
      const insert = this.#sql(`INSERT INTO orders (customer_id, owner_id, status, note) VALUES (?, ?, 'open', ?)`);
      const { lastInsertRowid } = insert.run(customerId, ownerId, note);
      for (const [line, { sku, quantity }] of items.entries()) {
        this.#sql('INSERT INTO items VALUES (?, ?, ?, ?)').run(lastInsertRowid, line, sku, quantity);
      }
      this.#database.exec('COMMIT');
      return this.get(String(lastInsertRowid));
    } catch (fault) {
      this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  refund(orderId: string, amountCents: number): Refund | null {
    if (this.get(orderId) === null || this.#count('refunds') >= ROW_LIMIT) return null;
    const insert = this.#sql('INSERT INTO refunds (order_id, amount_cents) VALUES (?, ?)');
    const { lastInsertRowid } = insert.run(Number(orderId), amountCents);
    return { id: String(lastInsertRowid), orderId, amountCents };
  }

  customers(): readonly Customer[] {
    const rows = this.#sql('SELECT id, name, email FROM customers ORDER BY id').all();
    return rows.map(({ id, name, email }) => ({ id: String(id), name: String(name), email: String(email) }));
  }

  close(): void {
    this.#database.close();
  }

  /** Each text is one of this file, so the statements kept are as few as those. */
  #sql(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    this.#prepared.set(text, statement);
    return statement;
  }

  #count(table: 'orders' | 'refunds'): number {
    return Number(this.#sql(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'] ?? 0);
  }

  #order(row: Row): Order {
    const items = this.#sql('SELECT sku, quantity FROM items WHERE order_id = ? ORDER BY line').all(row['id'] ?? null);
    return {
      id: String(row['id']),
      customerId: String(row['customer_id']),
      ownerId: String(row['owner_id']),
      status: String(row['status']) as OrderStatus,
      items: items.map(({ sku, quantity }) => ({ sku: String(sku), quantity: Number(quantity) })),
      note: String(row['note']),
    };
  }
}
