import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Caller, caller, RateBench } from './bench.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import sequences from './golden/sequences.json' with { type: 'json' };

/** Calls in turn, each with the milliseconds that pass before it, and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly rules: readonly string[];
  readonly calls: readonly GoldenCall[];
}

interface GoldenCall {
  readonly afterMs: number;
  readonly caller?: Caller;
  readonly address?: string;
  readonly refusedBetween?: boolean;
  readonly verdict: string;
}

for (const [file, list] of Object.entries({ sequences, bypass })) {
  for (const { name, rules, calls } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const bench = new RateBench(rules);
      for (const { afterMs, caller: who, verdict, ...call } of calls) {
        bench.nowMs += afterMs;
        const principal = who === undefined ? null : caller(who.subject, who);
        const { problem, rule } = bench.call({ ...call, principal });
        const fields = (problem?.headers ?? []).map(([field, value]) => `${field} ${value}`);
        assert.equal(problem === null ? 'pass' : [problem.code, rule, ...fields].join(' '), verdict);
      }
    });
  }
}
