import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameTable, packNames } from './name-table.ts';

const label = fc.constantFrom('a', 'b', 'www', 'example', 'com', 'xn--p1ai');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const entry = fc.tuple(fc.boolean(), name).map(([wild, text]) => (wild ? `*.${text}` : text));

test('the table says of every name what a walk over all entries says', () => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 30 }),
      fc.array(name, { minLength: 1, maxLength: 20 }),
      (entries, names) => {
        const table = new NameTable(packNames(entries));
        for (const each of names) {
          const held = entries.some((one) => (one.startsWith('*.') ? each.endsWith(one.slice(1)) : one === each));
          assert.equal(table.has(each), held, `${each} in ${entries.join(' ')}`);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a hundred thousand names are found, and no others', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `mail${index}.example`);
  const table = new NameTable(packNames(names));
  assert.equal(table.entries, 100_000);
  for (const each of names) assert.equal(table.has(each), true);
  for (let index = 100_000; index < 110_000; index++) assert.equal(table.has(`mail${index}.example`), false);
});
