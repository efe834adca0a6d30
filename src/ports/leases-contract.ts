import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Lease, Leases } from './leases.ts';

/** What Leases promise, of one thread. */
export function leasesContract(name: string, makeLeases: () => Leases): void {
  describe(`${name} keep the contract of Leases`, () => {
    test('so many as the limit are held at once, and one that is given back is free again', () => {
      const leases = makeLeases();
      const held = Array.from({ length: 3 }, () => leases.take('ada', 3) ?? assert.fail());
      assert.equal(leases.take('ada', 3), null);
      held[1]?.release();
      assert.ok(leases.take('ada', 3));
      assert.equal(leases.take('ada', 3), null);
    });

    test('giving a lease back again changes nothing', () => {
      const leases = makeLeases();
      const [one] = [leases.take('ada', 2), leases.take('ada', 2)];
      for (let n = 0; n < 3; n++) one?.release();
      assert.ok(leases.take('ada', 2));
      assert.equal(leases.take('ada', 2), null);
    });

    test('any text is a key of its own', () => {
      const leases = makeLeases();
      for (const key of ['', ' ', 'a', 'a\0', '__proto__', '\ud800', '\udfff', 'x'.repeat(10_000)]) {
        assert.ok(leases.take(key, 1));
        assert.equal(leases.take(key, 1), null);
      }
    });

    test('a limit that is no whole number above zero is a bug and throws', () => {
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.throws(() => makeLeases().take('ada', limit), RangeError);
      }
    });

    test('what is held is what was taken and not given back', () => {
      const step = fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        limit: fc.integer({ min: 1, max: 4 }),
        back: fc.nat(),
      });
      fc.assert(
        fc.property(fc.array(fc.oneof(step, step, fc.nat()), { maxLength: 60 }), (steps) => {
          const leases = makeLeases();
          const held: { readonly key: string; readonly lease: Lease }[] = [];
          for (const each of steps) {
            if (typeof each === 'number') {
              const [gone] = held.length === 0 ? [] : held.splice(each % held.length, 1);
              gone?.lease.release();
              continue;
            }
            const lease = leases.take(each.key, each.limit);
            assert.equal(lease !== null, held.filter(({ key }) => key === each.key).length < each.limit);
            if (lease !== null) held.push({ key: each.key, lease });
          }
        }),
      );
    });
  });
}
