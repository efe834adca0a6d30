import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { type DemoApi, startDemoApi } from './index.ts';

interface Reply {
  readonly status: number;
  readonly location: string | undefined;
  readonly json: unknown;
}

let api: DemoApi;

before(async () => {
  api = await startDemoApi();
});

after(() => api.close());

/** Sends a path as it stands, which `fetch` would tidy. */
function ask(method: string, path: string, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(api.url, { method, path, agent: false }, (message) => {
      let text = '';
      message.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      message.on('end', () =>
        resolve({
          status: message.statusCode ?? 0,
          location: message.headers.location,
          json: JSON.parse(text) as unknown,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('orders can be listed, also by status', async () => {
  const all = await ask('GET', '/orders');
  assert.equal(all.status, 200);
  assert.equal((all.json as unknown[]).length, 3);
  const shipped = (await ask('GET', '/orders?status=shipped')).json as { id: string }[];
  assert.deepEqual(
    shipped.map(({ id }) => id),
    ['3'],
  );
});

test('an order can be placed, read, changed and refunded', async () => {
  const order = { customerId: 'c-2', items: [{ sku: 'tea', quantity: 2, extra: true }], note: 'soon' };
  const created = await ask('POST', '/orders', JSON.stringify(order));
  const { id } = created.json as { id: string };
  assert.deepEqual([created.status, created.location], [201, `/v1/orders/${id}`]);
  const changed = await ask('PATCH', `/orders/${id}`, '{"status":"paid"}');
  const now = {
    id,
    ownerId: 'c-2',
    customerId: 'c-2',
    status: 'paid',
    items: [{ sku: 'tea', quantity: 2 }],
    note: 'soon',
  };
  assert.deepEqual([changed.status, changed.json], [200, now]);
  assert.deepEqual((await ask('GET', `/orders/${id}`)).json, now);
  const refund = await ask('POST', `/orders/${id}/refunds`, '{"amount":250}');
  assert.equal(refund.status, 201);
  assert.deepEqual((await ask('GET', `/orders/${id}/refunds`)).json, [refund.json]);
});

test('customers can be listed and read', async () => {
  assert.equal(((await ask('GET', '/customers')).json as unknown[]).length, 2);
  assert.deepEqual((await ask('GET', '/customers/c-1')).json, {
    id: 'c-1',
    name: 'Ada Byron',
    email: 'ada@example.org',
  });
});

const REFUSED = [
  ['GET', '/orders/none', undefined, 404],
  ['PATCH', '/orders/none', '{}', 404],
  ['GET', '/customers/none', undefined, 404],
  ['GET', '/else', undefined, 404],
  ['POST', '/orders', '{"customerId":"c-9","items":[]}', 422],
  ['POST', '/orders', '{"customerId":"c-1","items":[{"sku":"tea","quantity":0}]}', 422],
  ['POST', '/orders', 'null', 422],
  ['POST', '/orders', '{', 400],
  ['PATCH', '/orders/1', '{"status":"eaten"}', 422],
  ['POST', '/orders/1/refunds', '{"amount":-5}', 422],
  ['GET', '/orders/%zz', undefined, 400],
  ['GET', '//', undefined, 400],
] as const;

for (const [method, path, body, status] of REFUSED) {
  test(`${method} ${path}${body === undefined ? '' : ` with ${body}`} is ${status}, and the API lives on`, async () => {
    assert.equal((await ask(method, path, body)).status, status);
  });
}

test('its description names every operation it has', async () => {
  const text = await readFile(api.openapiFile, 'utf8');
  const names = [...text.matchAll(/operationId: (\w+)/g)].map(([, name]) => name);
  const all = [
    'listOrders',
    'createOrder',
    'getOrder',
    'changeOrder',
    'listRefunds',
    'refundOrder',
    'listCustomers',
    'getCustomer',
  ];
  assert.deepEqual(names, all);
});
