import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressSet } from '../base/index.ts';
import type { FoundTarget } from '../ports/index.ts';
import { judgeTargets, sameTargets, scaleWeight, settleTargets } from './target-list.ts';

const target = (host: string, port = 80, weight = 1): FoundTarget => ({ host, port, weight });

test('targets at addresses that no upstream may have are left out, in whatever form they come', () => {
  const bad = [
    '127.0.0.1',
    '169.254.169.254',
    '::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '0.0.0.0',
    'fe80::1',
    'a.internal',
    '224.0.0.1',
  ];
  const fine = ['10.0.0.1', '192.168.1.1', 'fd00::1', '192.0.2.1', '2001:db8::1'];
  const judged = judgeTargets(
    [...bad, ...fine].map((host) => target(host)),
    null,
  );
  assert.deepEqual(
    judged.targets.map(({ host }) => host),
    fine,
  );
  assert.equal(judged.refused.length, 5);
  assert.equal(judged.refused[0], '127.0.0.1 is an address of this machine itself');
});

test('addresses that are allowed stay', () => {
  const allowed = AddressSet.of(['127.0.0.0/8', '::1']);
  const judged = judgeTargets(
    ['127.0.0.9', '::1', '::ffff:127.0.0.1', '169.254.1.1'].map((host) => target(host)),
    allowed,
  );
  assert.deepEqual(
    judged.targets.map(({ host }) => host),
    ['127.0.0.9', '::1', '::ffff:127.0.0.1'],
  );
});

test('a list is in order, each target once with all its weight, and bounded, whatever the order it came in', () => {
  const settled = settleTargets([target('10.0.0.2'), target('::ffff:10.0.0.1', 80, 700), target('10.0.0.1', 80, 400)]);
  assert.deepEqual(settled, [target('10.0.0.1', 80, 1_000), target('10.0.0.2')]);
  const targets = fc.array(
    fc.record({ host: fc.ipV4(), port: fc.integer({ min: 1, max: 9 }), weight: fc.integer({ min: 1, max: 1_000 }) }),
  );
  fc.assert(
    fc.property(targets, (list) => {
      const one = settleTargets(list);
      assert.deepEqual(settleTargets(list.toReversed()), one);
      assert.deepEqual(settleTargets(one), one);
      assert.ok(sameTargets(one, settleTargets(list)));
    }),
  );
  assert.equal(settleTargets(Array.from({ length: 1_500 }, (_, at) => target('10.0.0.1', at + 1))).length, 1_000);
});

test('weights keep their proportion, and none is nothing', () => {
  assert.deepEqual(
    [0, 1, 500, 1_000].map((weight) => scaleWeight(weight, 1_000)),
    [1, 1, 500, 1_000],
  );
  assert.deepEqual(
    [0, 65_535, 32_768].map((weight) => scaleWeight(weight, 65_535)),
    [1, 1_000, 500],
  );
  assert.equal(scaleWeight(0, 0), 1);
});
