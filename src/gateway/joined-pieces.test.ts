import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JoinedPieces } from './joined-pieces.ts';

test('all that was added is there in order, also behind a look at it, and what was given out stays', () => {
  const step = fc.oneof(fc.constant('look' as const), fc.nat(9_000));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const joined = new JoinedPieces();
      const added: Buffer[] = [];
      const looks: (readonly [given: Buffer, expected: Buffer])[] = [];
      for (const [at, each] of steps.entries()) {
        if (each === 'look') looks.push([Buffer.concat(joined.all()), Buffer.concat(added)]);
        else {
          const piece = Buffer.alloc(each, at);
          added.push(piece);
          joined.add(piece);
        }
        assert.equal(
          joined.isEmpty,
          added.every(({ length }) => length === 0),
        );
      }
      const last = joined.all();
      looks.push([Buffer.concat(last), Buffer.concat(added)]);
      joined.clear();
      assert.ok(joined.isEmpty && joined.all().length === 0);
      joined.add(Buffer.from('x'));
      for (const [given, expected] of looks) assert.deepEqual(given, expected);
      assert.deepEqual(Buffer.concat(last), Buffer.concat(added));
    }),
  );
});

test('small pieces are copied together, and large ones held as they are', () => {
  const joined = new JoinedPieces();
  const large = Buffer.alloc(4_096);
  const small = Buffer.from('a');
  for (let times = 0; times < 10_000; times++) joined.add(small);
  joined.add(large);
  small.fill('b');
  const all = joined.all();
  assert.equal(all.length, 4);
  assert.equal(all[3], large);
  assert.equal(Buffer.concat(all.slice(0, 3)).toString(), 'a'.repeat(10_000));
});
