import assert from 'node:assert/strict';
import test from 'node:test';
import { Cuts } from './cuts.ts';

function noted(objects: readonly object[], name: string, reason: 'undescribed' | 'hidden' = 'undescribed'): Cuts {
  const cuts = new Cuts();
  for (const object of objects) cuts.cut(object, name, reason);
  return cuts;
}

test('the smaller of two is added to the larger, so that a level of a tree does not copy what is below it', () => {
  const list = Array.from({ length: 100 }, () => ({}));
  const around = {};
  const below = noted(list, 'x');
  const { members } = below;
  const whole = noted([around], 'y');
  whole.add(below);
  assert.equal(whole.members, members);
  assert.deepEqual([whole.count, whole.members.size], [101, 101]);
});

test('a member counts once, and stays hidden, whichever is the larger', () => {
  const [one, two] = [{}, {}];
  for (const [first, second] of [
    [noted([one], 'x', 'hidden'), noted([one, two], 'x')],
    [noted([one, two], 'x'), noted([one], 'x', 'hidden')],
  ] as const) {
    first.add(second);
    assert.equal(first.count, 2);
    assert.deepEqual([first.members.get(one)?.get('x'), first.members.get(two)?.get('x')], ['hidden', 'undescribed']);
  }
});

test('an object that keeps all shares nothing with others that do', () => {
  const [one, two] = [{}, {}];
  const cuts = new Cuts();
  cuts.visit(one);
  cuts.visit(two);
  cuts.cut(one, 'x', 'undescribed');
  assert.equal(cuts.members.get(two)?.size, 0);
  const other = new Cuts();
  other.visit(two);
  assert.ok(other.agreesWith(cuts) && cuts.agreesWith(other));
  assert.ok(!other.agreesWith(noted([two], 'x')));
});
