import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Asked, stepsWith } from './fixtures.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };

/** Rules, a request, and what becomes of it: `pass`, or the rule that refuses it. `long`: a list of so many numbers. */
interface Golden extends Asked {
  readonly name: string;
  readonly long?: number;
  readonly verdict: string;
}

const FILES = { passing, refused, bypass } as unknown as Readonly<Record<string, readonly Golden[]>>;

for (const [file, list] of Object.entries(FILES)) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      const { long } = golden;
      const body = long === undefined ? {} : { body: JSON.stringify({ list: Array.from({ length: long }, () => 7) }) };
      const verdict = ask(stepsWith(golden), { ...golden, ...body });
      assert.equal(verdict.kind === 'deny' ? verdict.rule : verdict.kind, golden.verdict);
      if (verdict.kind === 'deny') assert.equal(verdict.problem.code, 'forbidden');
    });
  }
}
