import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, type Sent, stepsWith, type Written } from './fixtures.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import lists from './golden/lists.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };

/** A rule, a request with its reply, and what becomes of it. `left`: the body that goes out, where it is another. */
interface Golden extends Sent {
  readonly name: string;
  readonly object: Written;
  readonly end: string;
  readonly left?: string;
}

for (const [file, list] of Object.entries({ passing, refused, lists, bypass }) as unknown as [
  string,
  readonly Golden[],
][]) {
  for (const golden of list) {
    test(`${file}: ${golden.name}`, () => {
      const { end, body } = judged(stepsWith(golden.object, golden.operation), golden);
      assert.equal(end, golden.end);
      if (body !== null) assert.equal(body, golden.left ?? golden.reply?.body ?? '');
    });
  }
}
