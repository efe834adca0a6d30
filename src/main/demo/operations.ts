import type { Item, Order, OrderBook } from '../../adapters/index.ts';

/** A request to the sample API; `body` is what its JSON says, null where it has none. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Whom the gateway says it comes from; null where it says nothing. */
  readonly subject: string | null;
  readonly roles: readonly string[];
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
const LIST_LIMIT = 100;

/** The operations of orders.openapi.yaml, by method and path. */
const OPERATIONS: readonly (readonly [method: string, path: RegExp, run: (call: Call) => Answer])[] = [
  ['GET', /^\/orders$/, listOrders],
  ['POST', /^\/orders$/, createOrder],
  ['GET', /^\/orders\/([^/]+)$/, (call) => withOrder(call, (order) => ({ status: 200, json: order }))],
  ['POST', /^\/orders\/([^/]+)\/refunds$/, (call) => withOrder(call, (order) => refundOrder(call, order))],
  ['GET', /^\/customers$/, ({ book }) => ({ status: 200, json: book.customers() })],
  ['GET', /^\/whoami$/, ({ subject, roles }) => ({ status: 200, json: { subject, roles } })],
];

/** Answers a request as the description says. Who may ask it is the gateway's to judge. */
export function answer(book: OrderBook, asked: Asked): Answer {
  // HEAD is GET without the content of its reply (RFC 9110 §9.3.2), which the server leaves out by itself.
  const wanted = asked.method === 'HEAD' ? 'GET' : asked.method;
  for (const [method, path, run] of OPERATIONS) {
    const found = path.exec(asked.path);
    if (found !== null && method === wanted) return run({ ...asked, book, id: found[1] ?? '' });
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
  const limit = Number(query.get('limit') ?? LIST_LIMIT);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIST_LIMIT) return refusal(422, 'limit is from 1 to 100');
  return { status: 200, json: book.list(query.get('status'), limit) };
}

function createOrder({ book, body, subject }: Call): Answer {
  const { customerId, items, note = '' } = fieldsOf(body);
  if (typeof customerId !== 'string' || !isItems(items) || typeof note !== 'string') {
    return refusal(422, 'an order has a customerId, items of { sku, quantity }, and perhaps a note');
  }
  const lines = items.map(({ sku, quantity }) => ({ sku, quantity }));
  const order = book.create({ customerId, ownerId: subject ?? 'nobody', items: lines, note });
  if (order === null) return refusal(409, 'there is no such customer, or the order book is full');
  return { status: 201, json: order, location: `/v1/orders/${order.id}` };
}

function refundOrder({ book, body }: Call, order: Order): Answer {
  const { amountCents } = fieldsOf(body);
  if (typeof amountCents !== 'number' || !Number.isSafeInteger(amountCents) || amountCents < 1) {
    return refusal(422, 'amountCents is a whole number from 1 on');
  }
  const refund = book.refund(order.id, amountCents);
  return refund === null ? refusal(409, 'the order book is full') : { status: 201, json: refund };
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
