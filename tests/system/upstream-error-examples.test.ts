import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findTrace } from '../../src/policy/kinds/upstream-errors/stack-trace.ts';

/** What stands in documents as an example of a reply, or of anything else. */
function* examplesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'example' || key === 'examples' || key === 'value') yield JSON.stringify(inner) ?? '';
    else yield* examplesIn(inner);
  }
}

test('the examples of public APIs show no trace', () => {
  const folder = dirname(createRequire(import.meta.url).resolve('@readme/oas-examples/package.json'));
  const files = globSync('3.*/json/*.json', { cwd: folder });
  let examples = 0;
  const found: string[] = [];
  for (const file of files) {
    for (const example of examplesIn(JSON.parse(readFileSync(join(folder, file), 'utf8')))) {
      examples++;
      const trace = findTrace(Buffer.from(example.slice(0, 65_536)));
      if (trace !== null) found.push(`${file}: ${trace}: ${example.slice(0, 200)}`);
    }
  }
  assert.ok(examples > 250, `${examples} examples`);
  assert.deepEqual(found, []);
});
