import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Lists, type Sent, stepsWith } from './fixtures.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };

/** Lists, a request, and what becomes of it: `pass`, the rule that refuses a field of it, or the code of another problem. */
interface Golden extends Sent {
  readonly name: string;
  readonly lists: Lists;
  readonly verdict: string;
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      const sent = golden.type === '' ? { ...golden, type: null } : golden;
      const verdict = ask(stepsWith(golden.lists), sent);
      if (verdict.kind !== 'deny') return assert.equal(verdict.kind, golden.verdict);
      const { problem, rule } = verdict;
      if (problem.code === 'field-not-allowed') return assert.equal(rule, golden.verdict);
      assert.equal(problem.code, golden.verdict);
      assert.equal(rule, 'orders.x.accepts');
    });
  }
}
