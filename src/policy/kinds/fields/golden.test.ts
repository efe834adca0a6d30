import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, type Replied, stepsOf, wordsOf } from './fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import replies from './golden/replies.json' with { type: 'json' };

/** A reply of the shop's, to whom, and what is left of it. */
interface Golden extends Replied {
  readonly name: string;
  readonly verdict: string;
  readonly left?: string;
  /** Whether its very bytes pass. */
  readonly untouched?: boolean;
}

const steps = stepsOf();

for (const [file, list] of Object.entries({ replies, bypass }) as [string, readonly Golden[]][]) {
  for (const { name, verdict, left, untouched = false, ...replied } of list) {
    test(`${file}: ${name}: ${verdict}`, () => {
      const outcome = answered(steps, replied);
      assert.equal(wordsOf(outcome.verdict), verdict);
      if (left !== undefined) assert.equal(outcome.body, left);
      if (untouched) assert.equal(outcome.isReplaced, false);
    });
  }
}
