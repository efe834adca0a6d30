import type { DescribedInputs } from '../config/index.ts';
import type { CommandContext } from './context.ts';
import { alignRows, type Cell, count, palette, type Palette, plain, shortPath } from './terminal.ts';

/** What the description of one API leaves open. */
export interface ApiInputs extends DescribedInputs {
  readonly api: string;
}

/** How many inputs an operation has, and how many of them are open. */
export type OperationInputs = DescribedInputs['operations'][number];

type Input = DescribedInputs['open'][number];

/** Those that most operations take are the first to be mended. */
const FIRST = 10;

const WORDS: Readonly<Record<Input['missing'][number], string>> = {
  type: 'no type',
  length: 'no length',
  range: 'no range',
  count: 'no number',
  items: 'no items',
  names: 'any names',
};

/** For each API how many inputs are open, and the first of them, or all; nothing where none is. */
export function openInputsReport(apis: readonly ApiInputs[], all: boolean, context: CommandContext): string {
  const paint = palette(context.color);
  return apis.map((api) => reportOf(api, all, { paint, context })).join('');
}

interface Look {
  readonly paint: Palette;
  readonly context: CommandContext;
}

function reportOf({ api, operations, open }: ApiInputs, all: boolean, look: Look): string {
  if (open.length === 0) return '';
  const inputs = operations.reduce((sum, operation) => sum + operation.inputs, 0);
  const left = operations.reduce((sum, operation) => sum + operation.open, 0);
  const sum = `${left} of ${count(inputs, 'input')}`;
  const schemas = count(open.length, 'schema');
  const head = `\n${look.paint.strong(`OPEN INPUTS OF ${plain(api)}`)}: ${look.paint.warning(sum)}, by ${schemas}\n`;
  const shown = all ? open : open.slice(0, FIRST);
  const rows = alignRows(shown.map((input) => cellsOf(input, look)));
  const more = open.length - shown.length;
  const rest = more === 0 ? '' : `${look.paint.faint(`and ${more} more: --open-inputs tells all`)}\n`;
  return `${head}${rows.join('\n')}\n${rest}`;
}

function cellsOf(input: Input, { paint, context }: Look): readonly Cell[] {
  const { at, place, name, missing, proposal, operations, operation } = input;
  const where =
    at === null ? plain(input.pointer) : `${shortPath(at.file, context.workingFolder)}:${at.line}:${at.column}`;
  const taken = operations === 1 ? plain(operation) : `${operations} operations`;
  return [
    { text: where },
    { text: `${place} ${plain(name)}`, paint: paint.strong },
    { text: missing.map((what) => WORDS[what]).join(', ') },
    { text: plain(proposalText(proposal)), paint: paint.good },
    { text: taken, paint: paint.faint },
  ];
}

/** For each operation, by the id of its row in the coverage, how many of its inputs are open. */
export function inputsByOperation(apis: readonly ApiInputs[]): ReadonlyMap<string, OperationInputs> {
  return new Map(
    apis.flatMap(({ api, operations }) => operations.map((one) => [`${api}/${one.operation}`, one] as const)),
  );
}

/** As it can be written into a document, be it YAML or JSON: keywords with values in JSON. */
function proposalText(proposal: Input['proposal']): string {
  return Object.entries(proposal)
    .map(([keyword, value]) => `${keyword}: ${typeof value === 'string' ? textOf(value) : JSON.stringify(value)}`)
    .join(', ');
}

/** YAML takes text in single quotes as it stands; a plain word needs none. */
function textOf(value: string): string {
  return /^[a-z][a-z0-9-]*$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
}
