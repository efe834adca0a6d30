import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeIn, type WayToSize } from './asked-size.ts';

test('a list of a variable is added up once for a field, however many objects it is written into', () => {
  let reads = 0;
  const item = {
    get first(): number {
      reads++;
      return 20;
    },
  };
  const pages = [item, {}, item];
  const way: WayToSize = new Map([['pages', new Map([['first', 'itself' as const]])]]);
  const sums = new Map();
  for (let asked = 0; asked < 90; asked++) assert.equal(sizeIn({ pages }, way, { assumed: 10, sums }), 50);
  assert.equal(reads, 2);
  // Another field takes others of the list to ask for.
  const other: WayToSize = new Map([['pages', new Map([['limit', 'itself' as const]])]]);
  assert.equal(sizeIn({ pages }, other, { assumed: 7, sums }), 21);
});
