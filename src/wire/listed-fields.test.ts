import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PRESENCE } from './field-names.ts';
import { listedFields } from './listed-fields.ts';

type Pair = readonly [name: string, value: string];

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map((text) => `q-${text}`);
const known = fc.constantFrom('date', 'vary', 'etag', 'content-type', 'cache-control');
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,20}[!-~])?)?$/);
const pairs: fc.Arbitrary<readonly Pair[]> = fc.array(fc.tuple(fc.oneof(name, known), value), { maxLength: 40 });

test('fields from a list are those of the list, in its order, by every way of asking', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const fields = listedFields(list);
      assert.deepEqual([...fields.entries()], list);
      assert.deepEqual([...fields.kept()], list);
      assert.equal(fields.keptLines(), list.map(([each, text]) => `${each}: ${text}\r\n`).join(''));
      for (const [each] of list)
        assert.deepEqual(
          fields.all(each),
          list.filter(([other]) => other === each).map(([, text]) => text),
        );
      assert.equal((fields.present & PRESENCE.date) !== 0, fields.has('date'));
      assert.equal(fields.has('q-'), false);
    }),
  );
});

test('what no client gets is marked again, of a copy too', () => {
  const fields = listedFields([
    ['server', 'secret/1.0'],
    ['etag', '"1"'],
    ['connection', 'close'],
  ]);
  assert.deepEqual([...fields.kept()], [['etag', '"1"']]);
  assert.deepEqual([...fields.copy().kept()], [['etag', '"1"']]);
});

test('what is dropped of a copy is not dropped of the others', () => {
  const fields = listedFields([
    ['etag', '"1"'],
    ['vary', 'accept'],
  ]);
  const copy = fields.copy();
  copy.drop('etag');
  assert.deepEqual([...copy.kept()], [['vary', 'accept']]);
  assert.deepEqual([...fields.kept()], [...fields.entries()]);
  assert.equal(copy.get('etag'), '"1"');
  assert.deepEqual([...copy.copy().kept()], [...copy.kept()]);
});

test('what was dropped before is dropped of a copy too, wherever it stands', () => {
  const fields = listedFields(Array.from({ length: 40 }, (_, at): Pair => [`q-${at}`, '1']));
  for (const name of ['q-1', 'q-35']) fields.drop(name);
  const copy = fields.copy();
  assert.deepEqual([...copy.kept()], [...fields.kept()]);
  copy.drop('q-36');
  assert.deepEqual(
    [copy, fields].map((each) => [...each.kept()].length),
    [37, 38],
  );
});

test('more than one head may hold is refused', () => {
  const many = Array.from({ length: 101 }, (_, at): Pair => [`q-${at}`, '1']);
  assert.equal(listedFields(many.slice(1)).size, 100);
  assert.throws(() => listedFields(many), RangeError);
  assert.throws(() => listedFields([['q', 'x'.repeat(16_384)]]), RangeError);
});
