import assert from 'node:assert/strict';
import test from 'node:test';
import { hasSchemaSuite, runSchemaFolder, SCHEMA_FOLDERS } from './json-schema-suite.ts';
import { sumOf } from './suite-tally.ts';

const skip = hasSchemaSuite() ? false : 'the JSON-Schema-Test-Suite is not there';

/** What of each folder is judged at the least, so that nobody answers by refusing. */
const JUDGED = {
  'draft2020-12': 1150,
  'draft2020-12/optional': 100,
  'draft2020-12/optional/format': 760,
  draft7: 860,
  'draft7/optional': 100,
  'draft7/optional/format': 670,
} as const satisfies Record<(typeof SCHEMA_FOLDERS)[number], number>;

/** Why a schema may be refused: it means something outside itself, or an older dialect. */
const REASONS = /^(?:refers to no schema|is inside a schema with an `\$id`|names no dialect)/;

for (const folder of SCHEMA_FOLDERS) {
  test(`every verdict is the suite's, or one that was decided otherwise: ${folder}`, { skip }, () => {
    const { total, ok, refused, otherwise, wrong } = runSchemaFolder(folder);
    assert.deepEqual(wrong, []);
    assert.ok(ok >= JUDGED[folder], `only ${ok} of ${total} were judged`);
    assert.equal(ok + sumOf(refused) + sumOf(otherwise), total);
    for (const reason of refused.keys()) assert.match(reason, REASONS);
  });
}
