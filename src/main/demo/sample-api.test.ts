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
function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(api.url, { method, path, headers, agent: false }, (message) => {
      let text = '';
      message.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      message.on('end', () =>
        resolve({
          status: message.statusCode ?? 0,
          location: message.headers.location,
          json: text === '' ? null : (JSON.parse(text) as unknown),
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

test('no more orders are listed than were asked for', async () => {
  assert.equal(((await ask('GET', '/orders?limit=2')).json as unknown[]).length, 2);
});

test('an order can be placed in the name of the caller, read and refunded', async () => {
  const order = { customerId: 'c-2', items: [{ sku: 'tea', quantity: 2, extra: true }], note: 'soon' };
  const created = await ask('POST', '/orders', JSON.stringify(order), { 'x-portcullis-subject': 'ada' });
  const { id } = created.json as { id: string };
  assert.deepEqual([created.status, created.location], [201, `/v1/orders/${id}`]);
  const now = {
    id,
    customerId: 'c-2',
    ownerId: 'ada',
    status: 'open',
    items: [{ sku: 'tea', quantity: 2 }],
    note: 'soon',
  };
  assert.deepEqual(created.json, now);
  assert.deepEqual((await ask('GET', `/orders/${id}`)).json, now);
  const refund = await ask('POST', `/orders/${id}/refunds`, '{"amountCents":250}');
  assert.deepEqual([refund.status, refund.json], [201, { id: '2', orderId: id, amountCents: 250 }]);
});

test('customers can be listed', async () => {
  const customers = (await ask('GET', '/customers')).json as unknown[];
  assert.deepEqual(customers[0], { id: 'c-1', name: 'Ada Byron', email: 'ada@example.org' });
});

test('it shows whom it was told', async () => {
  const told = { 'x-portcullis-subject': 'sam', 'x-portcullis-roles': 'support,customer' };
  assert.deepEqual((await ask('GET', '/whoami', undefined, told)).json, {
    subject: 'sam',
    roles: ['support', 'customer'],
  });
  assert.deepEqual((await ask('GET', '/whoami')).json, { subject: null, roles: [] });
});

const REFUSED = [
  ['GET', '/orders/none', undefined, 404],
  ['POST', '/orders/9/refunds', '{"amountCents":5}', 404],
  ['GET', '/else', undefined, 404],
  ['GET', '/orders?limit=0', undefined, 422],
  ['GET', '/orders?limit=1000', undefined, 422],
  ['POST', '/orders', '{"customerId":"c-9","items":[{"sku":"tea","quantity":1}]}', 409],
  ['POST', '/orders', '{"customerId":"c-1","items":[]}', 422],
  ['POST', '/orders', '{"customerId":"c-1","items":[{"sku":"tea","quantity":0}]}', 422],
  ['POST', '/orders', 'null', 422],
  ['POST', '/orders', '{', 400],
  ['POST', '/orders/1/refunds', '{"amountCents":-5}', 422],
  ['GET', '/orders/%zz', undefined, 404],
  ['GET', '//', undefined, 400],
] as const;

for (const [method, path, body, status] of REFUSED) {
  test(`${method} ${path}${body === undefined ? '' : ` with ${body}`} is ${status}, and the API lives on`, async () => {
    assert.equal((await ask(method, path, body)).status, status);
  });
}

test('HEAD is answered where GET is, without content', async () => {
  for (const path of ['/orders', '/orders/1', '/customers', '/whoami']) {
    const { status, json } = await ask('HEAD', path);
    assert.deepEqual([status, json], [200, null], path);
  }
  assert.equal((await ask('HEAD', '/orders/none')).status, 404);
  assert.equal((await ask('HEAD', '/orders/1/refunds')).status, 404);
});

test('its description names every operation it has', async () => {
  const text = await readFile(api.openapiFile, 'utf8');
  const names = [...text.matchAll(/operationId: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(names, ['listOrders', 'createOrder', 'getOrder', 'refundOrder', 'listCustomers', 'whoAmI']);
});
