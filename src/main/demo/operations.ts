import type { Item, Order, OrderBook } from './order-book.ts';

/** A request to the sample API; `body` is what its JSON says, null where it has none. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** The reply. */
export interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly location?: string;
}

interface Call extends Asked {
  readonly book: OrderBook;
  readonly id: string;
}

const ITEM_LIMIT = 100;
const STATUSES = ['open', 'paid', 'shipped', 'cancelled'] as const;

/** The operations of orders.openapi.yaml, by method and path. */
const OPERATIONS: readonly (readonly [method: string, path: RegExp, run: (call: Call) => Answer])[] = [
  ['GET', /^\/orders$/, listOrders],
  ['POST', /^\/orders$/, createOrder],
  ['GET', /^\/orders\/([^/]+)$/, (call) => withOrder(call, (order) => ({ status: 200, json: order }))],
  ['PATCH', /^\/orders\/([^/]+)$/, (call) => withOrder(call, (order) => changeOrder(call, order))],
  [
    'GET',
    /^\/orders\/([^/]+)\/refunds$/,
    (call) => withOrder(call, ({ id }) => ({ status: 200, json: call.book.refundsOf(id) })),
  ],
  ['POST', /^\/orders\/([^/]+)\/refunds$/, (call) => withOrder(call, (order) => refundOrder(call, order))],
  ['GET', /^\/customers$/, ({ book }) => ({ status: 200, json: [...book.customers.values()] })],
  ['GET', /^\/customers\/([^/]+)$/, getCustomer],
];

/** Answers a request as the description says. */
export function answer(book: OrderBook, asked: Asked): Answer {
  for (const [method, path, run] of OPERATIONS) {
    const found = path.exec(asked.path);
    if (found !== null && method === asked.method)
      return run({ ...asked, book, id: decodeURIComponent(found[1] ?? '') });
  }
  return refusal(404, 'there is nothing here');
}

function refusal(status: number, error: string): Answer {
  return { status, json: { error } };
}

function withOrder(call: Call, run: (order: Order) => Answer): Answer {
  const order = call.book.get(call.id);
  return order === null ? refusal(404, 'there is no such order') : run(order);
}

function listOrders({ book, query }: Call): Answer {
  return { status: 200, json: book.list(query.get('status')) };
}

function createOrder({ book, body }: Call): Answer {
  const { customerId, items, note = '' } = fieldsOf(body);
  if (typeof customerId !== 'string' || !book.customers.has(customerId)) return refusal(422, 'customerId names nobody');
  if (!isItems(items)) return refusal(422, 'items are a list of { sku, quantity }');
  if (typeof note !== 'string') return refusal(422, 'note is text');
  const order = book.create({ customerId, items: items.map(({ sku, quantity }) => ({ sku, quantity })), note });
  if (order === null) return refusal(409, 'the order book is full');
  return { status: 201, json: order, location: `/v1/orders/${order.id}` };
}

function changeOrder({ book, body }: Call, order: Order): Answer {
  const { status = order.status, note = order.note } = fieldsOf(body);
  const known = STATUSES.find((name) => name === status);
  if (known === undefined) return refusal(422, `status is one of ${STATUSES.join(', ')}`);
  if (typeof note !== 'string') return refusal(422, 'note is text');
  return { status: 200, json: book.change(order, { status: known, note }) };
}

function refundOrder({ book, body }: Call, order: Order): Answer {
  const { amount } = fieldsOf(body);
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 1)
    return refusal(422, 'amount is in cents');
  const refund = book.refund(order, amount);
  return refund === null ? refusal(409, 'the order book is full') : { status: 201, json: refund };
}

function getCustomer({ book, id }: Call): Answer {
  const customer = book.customers.get(id);
  return customer === undefined ? refusal(404, 'there is no such customer') : { status: 200, json: customer };
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
}

function isItems(value: unknown): value is readonly Item[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > ITEM_LIMIT) return false;
  return value.every((item: unknown) => {
    const { sku, quantity } = fieldsOf(item);
    return typeof sku === 'string' && typeof quantity === 'number' && Number.isSafeInteger(quantity) && quantity > 0;
  });
}
