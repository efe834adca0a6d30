import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { compileValidator } from '../../src/openapi/index.ts';
import { asParsed } from '../../src/openapi/validate/fixtures.test.ts';
import { createTally, type SuiteTally } from './suite-tally.ts';

/** The JSON-Schema-Test-Suite is data beside the repository, and not part of it. */
const SUITE = new URL('../../../shared/suites/json-schema/tests/', import.meta.url);

/** The folders of the suite, with the keywords first and the formats last. */
export const SCHEMA_FOLDERS = [
  'draft2020-12',
  'draft2020-12/optional',
  'draft2020-12/optional/format',
  'draft7',
  'draft7/optional',
  'draft7/optional/format',
] as const;

/** Whether the suite is there. */
export function hasSchemaSuite(): boolean {
  return existsSync(SUITE);
}

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

interface Decision {
  readonly about: RegExp;
  /** What the suite says of the values, which was decided otherwise. */
  readonly suiteSays: boolean;
  readonly why: string;
}

/** What was decided otherwise than the suite has it. But for the media types of content, all of it lets less pass. */
const DECISIONS: readonly Decision[] = [
  { about: /^draft2020-12\/format\.json: /, suiteSays: true, why: 'formats are checked' },
  { about: /^draft2020-12\/content\.json: .*base64/, suiteSays: true, why: 'encodings of content are checked' },
  {
    about: /^draft7\/ref\.json: ref overrides any sibling keywords/,
    suiteSays: true,
    why: 'what stands beside a $ref counts',
  },
  {
    about: /^draft[27].*\/idn-email\.json: .*: a (?:C1 control|noncharacter) in the local part/,
    suiteSays: true,
    why: 'addresses of mail have no control characters',
  },
  {
    about:
      /^draft7\/optional\/content\.json: .*: (?:an invalid JSON document|a validly-encoded invalid JSON document)$/,
    suiteSays: false,
    why: 'a contentMediaType is an annotation, as later drafts have it',
  },
];

/** Runs one folder of the suite: schemas are read as those of OpenAPI 3.1, open. */
export function runSchemaFolder(folder: (typeof SCHEMA_FOLDERS)[number]): SuiteTally {
  const tally = createTally(`json-schema ${folder}`);
  const names = readdirSync(new URL(`${folder}/`, SUITE)).filter((name) => name.endsWith('.json'));
  for (const name of names) {
    const groups = JSON.parse(readFileSync(new URL(`${folder}/${name}`, SUITE), 'utf8')) as readonly Group[];
    for (const group of groups) judgeGroup(tally, group, `${folder}/${name}: ${group.description}`);
  }
  return tally;
}

function judgeGroup(tally: SuiteTally, { schema, tests }: Group, name: string): void {
  tally.total += tests.length;
  const source = { document: schema, specification: '3.1' } as const;
  const compiled = compileValidator(source, '', { closed: false, direction: 'request' });
  if (!compiled.ok) {
    const reason = compiled.error[0]?.message ?? '';
    tally.refused.set(reason, (tally.refused.get(reason) ?? 0) + tests.length);
    return;
  }
  for (const { data, valid, description } of tests) {
    const holds = compiled.value(asParsed(data)) === null;
    const decision = DECISIONS.find(
      ({ about, suiteSays }) => suiteSays === valid && about.test(`${name}: ${description}`),
    );
    if (holds === valid) tally.ok += 1;
    else if (decision === undefined) tally.wrong.push(`${name}: ${description}: ${valid ? 'refused' : 'passed'}`);
    else tally.otherwise.set(decision.why, (tally.otherwise.get(decision.why) ?? 0) + 1);
  }
}
