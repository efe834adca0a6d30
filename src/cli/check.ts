import type { CoverageRow, Issue } from '../base/index.ts';
import type { DescribedInputs } from '../config/index.ts';
import { type Command, CONFIG_OPTION, EXIT, JSON_OPTION } from './command.ts';
import { configurationPath, loadConfiguration } from './configuration.ts';
import type { TestOutcome } from '../gateway/index.ts';
import { runOwnTests, testReport } from './configuration-tests.ts';
import type { CommandContext } from './context.ts';
import { coverageTable } from './coverage-table.ts';
import { type ApiInputs, inputsByOperation, openInputsReport } from './open-inputs.ts';
import { issueCount, issueReport } from './issues.ts';
import { count, jsonText, palette, shortPath } from './terminal.ts';

/** `portcullis check`: everything that is wrong with a configuration, and what protects each operation. */
export const checkCommand: Command = {
  verb: 'check',
  summary: 'says what is wrong with a configuration, and what protects each operation',
  operands: [],
  options: {
    config: CONFIG_OPTION,
    'open-inputs': { value: null, says: 'tell every input that a description leaves open, not only the first' },
    'strict-inputs': { value: null, says: 'exit with 1 if a description leaves an input open' },
    json: JSON_OPTION,
  },
  details: [
    'Reads what the gateway would read, OpenAPI documents, certificates and secrets included, and builds what it',
    'would run; nothing is started or changed. Then it sends the requests under `tests` through it and says what came',
    'of them; no upstream hears of that, and no limit is spent. It counts the inputs for which the OpenAPI documents',
    'bound neither type, length, range nor names, and proposes what would: mended at its line, a schema is mended for',
    'every operation that takes it. With --json: { ok, issues, coverage, openInputs, tests }, all inputs included.',
    'Exit code 2 if there is an error, 1 if a test failed; warnings and open inputs alone are fine.',
  ],
  async run(given, context) {
    const file = configurationPath(given, context);
    if (!file.ok) {
      context.complain(`portcullis: ${file.error}.\n`);
      return EXIT.unusable;
    }
    const inputs: ApiInputs[] = [];
    const tellInputs = (api: string, described: DescribedInputs): void => void inputs.push({ api, ...described });
    const built = await loadConfiguration(file.value, context, { tellInputs });
    const issues = built.ok ? built.value.warnings : built.error;
    const coverage = built.ok ? built.value.snapshot.coverage : [];
    const tests = built.ok ? await runOwnTests(built.value, context) : [];
    if (given.flags.has('json')) context.write(jsonText({ ok: built.ok, issues, coverage, openInputs: inputs, tests }));
    else {
      const all = given.flags.has('open-inputs');
      report({ file: file.value, ok: built.ok, issues, coverage, inputs, all, tests }, context);
    }
    if (!built.ok) return EXIT.unusable;
    if (given.flags.has('strict-inputs') && inputs.some(({ open }) => open.length > 0)) return EXIT.findings;
    return tests.every(({ passed }) => passed) ? EXIT.fine : EXIT.findings;
  },
};

interface Findings {
  readonly file: string;
  readonly ok: boolean;
  readonly issues: readonly Issue[];
  readonly coverage: readonly CoverageRow[];
  readonly inputs: readonly ApiInputs[];
  /** Whether every open input is told. */
  readonly all: boolean;
  readonly tests: readonly TestOutcome[];
}

function report({ file, ok, issues, coverage, inputs, all, tests }: Findings, context: CommandContext): void {
  const paint = palette(context.color);
  if (issues.length > 0) context.complain(`${issueReport(issues, context)}\n`);
  const name = shortPath(file, context.workingFolder);
  if (!ok) {
    context.complain(`${paint.bad(`${name} can't be used`)}: ${issueCount(issues)}.\n`);
    return;
  }
  context.write(coverageTable(coverage, file, context, inputsByOperation(inputs)));
  context.write(openInputsReport(inputs, all, context));
  const apis = new Set(coverage.map((row) => row.api)).size;
  const open = coverage.filter(isOpen).length;
  const openWords = open === 0 ? 'none is open to everybody' : paint.warning(`${open} open to everybody`);
  const warned = issues.length === 0 ? '' : `; ${issueCount(issues)}`;
  context.write(
    `\n${name} can be used: ${count(apis, 'API')}, ${count(coverage.length, 'operation')}, ${openWords}${warned}.\n`,
  );
  if (tests.length > 0) context.write(`\n${testReport(tests, context)}`);
}

function isOpen({ cells }: CoverageRow): boolean {
  return cells.some(({ aspect, open }) => aspect === 'authentication' && open);
}
