import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { compileValidator } from '../../src/openapi/index.ts';
import { asParsed } from '../../src/openapi/validate/fixtures.test.ts';

// The JSON-Schema-Test-Suite is data beside the repository, and not part of it.
const suite = new URL('../../../shared/suites/json-schema/tests/', import.meta.url);
const skip = existsSync(suite) ? false : 'the JSON-Schema-Test-Suite is not there';

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

/** What another meaning was chosen for: formats are checked, and a document can't take keywords away. */
const OTHERWISE = new Set(['format.json', 'vocabulary.json', 'content.json']);

/** What of a format is judged leniently, or is an annotation. */
const LENIENT = new Set(['idn-hostname.json', 'idn-email.json', 'uri-template.json', 'hostname.json']);

for (const [draft, least] of [
  ['draft2020-12/', 1000],
  ['draft2020-12/optional/format/', 400],
  ['draft7/', 700],
] as const) {
  test(`the suite's verdicts hold for every schema that compiles: ${draft}`, { skip }, () => {
    let judged = 0;
    for (const file of filesOf(draft)) {
      for (const group of JSON.parse(readFileSync(new URL(draft + file, suite), 'utf8')) as readonly Group[]) {
        // In draft 7 a `$ref` had no siblings; here they count, which lets less pass.
        if (draft === 'draft7/' && group.description === 'ref overrides any sibling keywords') continue;
        judged += judgeGroup(group, `${draft}${file}`);
      }
    }
    assert.ok(judged >= least, `only ${judged} verdicts were asked for`);
  });
}

test('a schema of the suite that does not compile refers to elsewhere', { skip }, () => {
  for (const file of filesOf('draft2020-12/')) {
    for (const { schema } of JSON.parse(
      readFileSync(new URL(`draft2020-12/${file}`, suite), 'utf8'),
    ) as readonly Group[]) {
      const compiled = compile(schema);
      if (!compiled.ok) assert.match(compiled.error.map(({ message }) => message).join(), /refers to no schema|\$id/);
    }
  }
});

function filesOf(folder: string): string[] {
  const names = readdirSync(new URL(folder, suite)).filter((name) => name.endsWith('.json'));
  return names.filter((name) => !OTHERWISE.has(name) && !LENIENT.has(name));
}

function judgeGroup({ schema, description, tests }: Group, file: string): number {
  const compiled = compile(schema);
  if (!compiled.ok) return 0;
  for (const { data, valid, description: what } of tests) {
    assert.equal(compiled.value(asParsed(data)) === null, valid, `${file}: ${description}: ${what}`);
  }
  return tests.length;
}

function compile(schema: unknown): ReturnType<typeof compileValidator> {
  return compileValidator({ document: schema, specification: '3.1' }, '', { closed: false, direction: 'request' });
}
