import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMarkMemory, PlaceMarks } from './place-marks.ts';

test('what one raises all who share the memory read, and only of that place', () => {
  const memory = createMarkMemory();
  const [one, other] = [new PlaceMarks(memory), new PlaceMarks(memory)];
  const [a, b] = [PlaceMarks.of('shop\nhttps://a/1'), PlaceMarks.of('shop\nhttps://a/2')];
  assert.notEqual(a, b);
  assert.deepEqual([one.read(a), other.read(a)], [0, 0]);
  one.raise(a);
  one.raise(a);
  assert.deepEqual([other.read(a), other.read(b)], [2, 0]);
});

test('places are spread over the marks', () => {
  const marks = new Set(
    Array.from({ length: 4_000 }, (_, at) => PlaceMarks.of(`shop\nhttps://x.example/orders/${at}`)),
  );
  assert.ok(marks.size > 3_400, `${marks.size}`);
});
