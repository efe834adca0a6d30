import { join } from 'node:path';
import { writeRequests } from './request-lines.ts';

/** What is held against a description, by the names of the keys of the bench. */
export type ValidateLoad = 'params' | 'body_1kb' | 'body_100kb' | 'response_10kb';

/** All of them. */
export const VALIDATE_LOADS: readonly ValidateLoad[] = ['params', 'body_1kb', 'body_100kb', 'response_10kb'];

/** What is also measured in one process, and not as requests to a gateway. */
export type InnerLoad = ValidateLoad | 'xml';

/** All of these. */
export const INNER_LOADS: readonly InnerLoad[] = [...VALIDATE_LOADS, 'xml'];

/** One request: what goes into a line of the load generators' files. */
interface Sent {
  readonly path: string;
  readonly body: string;
}

/** How many different requests there are of each load. */
const REQUESTS: Readonly<Record<ValidateLoad, number>> = {
  params: 500,
  body_1kb: 500,
  body_100kb: 16,
  response_10kb: 500,
};

const ITEMS_1KB = 12;
const ITEMS_100KB = 1_700;
const STATUSES = ['open', 'paid', 'shipped', 'returned'] as const;

/** The request of this number. */
export function requestOf(load: ValidateLoad, at: number): Sent {
  switch (load) {
    case 'params':
      return { path: `/orders/${1000 + at}?${queryOf(at)}`, body: '' };
    case 'body_1kb':
      return { path: '/orders', body: orderOf(at, ITEMS_1KB, 1024) };
    case 'body_100kb':
      return { path: '/imports', body: orderOf(at, ITEMS_100KB, 100 * 1024) };
    case 'response_10kb':
      return { path: `/catalogue?page=${1 + (at % 100)}`, body: '' };
  }
}

/** Five parameters of the query, one of them a list. */
export function queryOf(at: number): string {
  const day = String(1 + (at % 28)).padStart(2, '0');
  const status = `${STATUSES[at % 4]},${STATUSES[(at + 1) % 4]}`;
  return `limit=${1 + (at % 50)}&status=${status}&since=2026-02-${day}&express=${at % 2 === 0}&sku=BK-${1000 + at}`;
}

/** Writes the requests of a load, for the load generators. */
export async function writeLoad(folder: string, load: ValidateLoad): Promise<string> {
  const file = join(folder, `${load}.requests`);
  await writeRequests(
    file,
    Array.from({ length: REQUESTS[load] }, (_, at) => requestOf(load, at)),
  );
  return file;
}

/** An order of so many items and exactly so many bytes. */
function orderOf(at: number, count: number, bytes: number): string {
  const items = Array.from({ length: count }, (_, item) => ({
    sku: `BK-${1000 + ((at + item) % 9000)}`,
    count: 1 + (item % 9),
    price: 9.5 + (item % 90),
    ...(count > ITEMS_1KB ? { gift: item % 3 === 0 } : {}),
  }));
  const order = { customer: 1 + at, currency: 'EUR', express: at % 2 === 0, items, note: '' };
  return JSON.stringify({ ...order, note: '.'.repeat(bytes - JSON.stringify(order).length) });
}

const PAGE_BYTES = 10 * 1024;

/** The reply of 10 KB: a page of a catalogue. */
export const PAGE_BODY = pageOf();

function pageOf(): string {
  const entries = Array.from({ length: 50 }, (_, at) => ({
    id: `7d0c3a52-9f41-4c1e-8a6b-0000000${String(10_000 + at)}`,
    sku: `BK-${1000 + at}`,
    title: `Title number ${at} of the catalogue`,
    price: 9.5 + at,
    stock: at % 7,
    tags: ['paper', `shelf-${at % 9}`],
  }));
  const page = { page: 1, total: 4711, entries, note: '' };
  return JSON.stringify({ ...page, note: '.'.repeat(PAGE_BYTES - JSON.stringify(page).length) });
}

/** What they are all held against. It is read by the gateway and by its peers alike. */
export const VALIDATE_DESCRIPTION = `openapi: 3.1.0
info: { title: Validated, version: '1' }
paths:
  /orders/{orderId}:
    get:
      operationId: getOrder
      parameters:
        - { name: orderId, in: path, required: true, schema: { type: integer, minimum: 1, maximum: 999999 } }
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 100 } }
        - name: status
          in: query
          explode: false
          schema: { type: array, maxItems: 4, items: { type: string, enum: [${STATUSES.join(', ')}] } }
        - { name: since, in: query, schema: { type: string, format: date } }
        - { name: express, in: query, schema: { type: boolean } }
        - { name: sku, in: query, schema: { $ref: '#/components/schemas/Sku' } }
      responses:
        '200': { description: The order, content: { application/json: { schema: { type: object } } } }
  /orders:
    post:
      operationId: createOrder
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } }
      responses:
        '200': { description: The order, content: { application/json: { schema: { type: object } } } }
  /imports:
    post:
      operationId: importOrder
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } }
      responses:
        '200': { description: The order, content: { application/json: { schema: { type: object } } } }
  /catalogue:
    get:
      operationId: listCatalogue
      parameters:
        - { name: page, in: query, schema: { type: integer, minimum: 1, maximum: 100 } }
      responses:
        '200':
          description: A page
          content: { application/json: { schema: { $ref: '#/components/schemas/Page' } } }
components:
  schemas:
    Sku: { type: string, pattern: '^[A-Z]{2}-[0-9]{4}$' }
    Order:
      type: object
      additionalProperties: false
      required: [customer, currency, items]
      properties:
        customer: { type: integer, minimum: 1 }
        currency: { type: string, enum: [EUR, USD, GBP] }
        express: { type: boolean }
        note: { type: string, maxLength: 30000 }
        items:
          type: array
          minItems: 1
          maxItems: 5000
          items:
            type: object
            additionalProperties: false
            required: [sku, count]
            properties:
              sku: { $ref: '#/components/schemas/Sku' }
              count: { type: integer, minimum: 1, maximum: 99 }
              price: { type: number, minimum: 0 }
              gift: { type: boolean }
    Page:
      type: object
      additionalProperties: false
      required: [page, total, entries]
      properties:
        page: { type: integer, minimum: 1 }
        total: { type: integer, minimum: 0 }
        note: { type: string, maxLength: 10000 }
        entries:
          type: array
          maxItems: 100
          items:
            type: object
            additionalProperties: false
            required: [id, sku, title, price]
            properties:
              id: { type: string, format: uuid }
              sku: { $ref: '#/components/schemas/Sku' }
              title: { type: string, minLength: 1, maxLength: 200 }
              price: { type: number, minimum: 0 }
              stock: { type: integer, minimum: 0, maximum: 100000 }
              tags: { type: array, maxItems: 10, items: { type: string, maxLength: 40 } }
`;
