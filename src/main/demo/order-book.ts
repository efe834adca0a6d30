/** One line of an order. */
export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

/** An order, as the API shows it. */
export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly ownerId: string;
  readonly status: 'open' | 'paid' | 'shipped' | 'cancelled';
  readonly items: readonly Item[];
  readonly note: string;
}

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
  readonly amount: number;
}

const ROW_LIMIT = 1000;

const CUSTOMERS: readonly Customer[] = [
  { id: 'c-1', name: 'Ada Byron', email: 'ada@example.org' },
  { id: 'c-2', name: 'Grace Murray', email: 'grace@example.org' },
];

const ORDERS: readonly Order[] = [
  { id: '1', customerId: 'c-1', ownerId: 'ada', status: 'paid', items: [{ sku: 'tea', quantity: 2 }], note: '' },
  { id: '2', customerId: 'c-1', ownerId: 'ada', status: 'open', items: [{ sku: 'cup', quantity: 6 }], note: 'fragile' },
  { id: '3', customerId: 'c-2', ownerId: 'grace', status: 'shipped', items: [{ sku: 'pot', quantity: 1 }], note: '' },
];

/** The sample's data: orders, customers and refunds in memory, bounded so that a long demonstration can't fill it. */
export class OrderBook {
  readonly customers: ReadonlyMap<string, Customer> = new Map(CUSTOMERS.map((customer) => [customer.id, customer]));
  readonly #orders = new Map<string, Order>(ORDERS.map((order) => [order.id, order]));
  readonly #refunds: Refund[] = [];
  #lastId = ORDERS.length;

  list(status: string | null): readonly Order[] {
    return [...this.#orders.values()].filter((order) => status === null || order.status === status);
  }

  get(id: string): Order | null {
    return this.#orders.get(id) ?? null;
  }

  /** The new order, or null when the book is full. */
  create(given: Pick<Order, 'customerId' | 'items' | 'note'>): Order | null {
    if (this.#orders.size >= ROW_LIMIT) return null;
    const order: Order = { ...given, id: this.#nextId(), ownerId: given.customerId, status: 'open' };
    this.#orders.set(order.id, order);
    return order;
  }

  change(order: Order, changes: Partial<Pick<Order, 'status' | 'note'>>): Order {
    const changed = { ...order, ...changes };
    this.#orders.set(order.id, changed);
    return changed;
  }

  refundsOf(orderId: string): readonly Refund[] {
    return this.#refunds.filter((refund) => refund.orderId === orderId);
  }

  /** The new refund, or null when the book is full. */
  refund(order: Order, amount: number): Refund | null {
    if (this.#refunds.length >= ROW_LIMIT) return null;
    const refund: Refund = { id: this.#nextId(), orderId: order.id, amount };
    this.#refunds.push(refund);
    return refund;
  }

  #nextId(): string {
    return String(++this.#lastId);
  }
}
