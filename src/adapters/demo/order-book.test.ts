import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type OrderBook, openOrderBook } from './order-book.ts';

let book: OrderBook;

beforeEach(() => {
  book = openOrderBook();
});

afterEach(() => book.close());

const GIVEN = { customerId: 'c-2', ownerId: 'grace', items: [{ sku: 'tea', quantity: 2 }], note: 'soon' };

test('a new book holds a few orders with their items', () => {
  const orders = book.list(null, 100);
  assert.deepEqual(
    orders.map(({ id, ownerId, status, items }) => [id, ownerId, status, items.length]),
    [
      ['1', 'ada', 'paid', 1],
      ['2', 'ada', 'open', 2],
      ['3', 'grace', 'shipped', 1],
    ],
  );
  assert.deepEqual(
    book.customers().map(({ id }) => id),
    ['c-1', 'c-2'],
  );
});

test('orders are listed by status, and no more than were asked for', () => {
  assert.deepEqual(
    book.list('open', 100).map(({ id }) => id),
    ['2'],
  );
  assert.equal(book.list(null, 2).length, 2);
  assert.deepEqual(book.list(`open' OR '1'='1`, 100), []);
});

test('an order that was placed is open and can be read', () => {
  const created = book.create(GIVEN);
  assert.deepEqual(created, { ...GIVEN, id: '4', status: 'open' });
  assert.deepEqual(book.get('4'), created);
});

test('an order for nobody is not placed', () => {
  assert.equal(book.create({ ...GIVEN, customerId: 'c-9' }), null);
  assert.equal(book.list(null, 100).length, 3);
});

test('an order with an item that does not fit leaves nothing behind', () => {
  assert.throws(() => book.create({ ...GIVEN, items: [...GIVEN.items, { sku: 'cup', quantity: 0 }] }));
  assert.equal(book.list(null, 100).length, 3);
  assert.equal(book.create(GIVEN)?.items.length, 1);
});

for (const id of ['0', '9', '', '1 OR 1=1', '1.0', '01', '99999999999999999999', "'"]) {
  test(`there is no order ${JSON.stringify(id)}`, () => {
    assert.equal(book.get(id), null);
    assert.equal(book.refund(id, 100), null);
  });
}

test('a refund belongs to its order', () => {
  assert.deepEqual(book.refund('1', 250), { id: '2', orderId: '1', amountCents: 250 });
});

test('a full book takes no more', () => {
  let placed = 0;
  while (book.create(GIVEN) !== null) placed++;
  assert.equal(placed, 997);
  let refunded = 0;
  while (book.refund('1', 1) !== null) refunded++;
  assert.equal(refunded, 999);
});

test('each book has its own rows', () => {
  const other = openOrderBook();
  book.create(GIVEN);
  assert.equal(other.list(null, 100).length, 3);
  other.close();
});
