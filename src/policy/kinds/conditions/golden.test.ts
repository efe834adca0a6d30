import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Sent, stepsWith, written } from './fixtures.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };

/** Conditions, a request, and the rule that refuses it. `long`: a list of so many numbers; `text`: so many letters. */
interface Golden extends Sent {
  readonly name: string;
  readonly rules: readonly string[];
  readonly long?: number;
  readonly text?: number;
  readonly verdict: string;
}

function bodyOf({ long, text, body }: Golden): { readonly body?: string } {
  if (long !== undefined) return { body: JSON.stringify({ list: Array.from({ length: long }, (_, at) => at) }) };
  if (text !== undefined) return { body: JSON.stringify({ list: `${'a'.repeat(text)}!` }) };
  return body === undefined ? {} : { body };
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      const steps = stepsWith(written(...golden.rules), golden.operation ?? 'putOrder');
      const began = performance.now();
      const verdict = ask(steps, { ...golden, ...bodyOf(golden) });
      assert.ok(performance.now() - began < 2_000);
      assert.equal(verdict.kind === 'deny' ? verdict.rule : verdict.kind, golden.verdict);
      if (verdict.kind === 'deny') assert.equal(verdict.problem.code, 'rule-not-met');
    });
  }
}
