import type { CoverageCell, CoverageRow } from '../base/index.ts';
import type { CommandContext } from './context.ts';
import type { OperationInputs } from './open-inputs.ts';
import { alignRows, type Cell, palette, type Palette, plain, shortPath } from './terminal.ts';

const COLUMNS = [
  ['authentication', 'AUTHENTICATION'],
  ['authorization', 'AUTHORIZATION'],
  ['limits', 'LIMITS'],
  ['validation', 'VALIDATION'],
  ['policy', 'POLICIES'],
] as const satisfies readonly (readonly [CoverageCell['aspect'], string])[];

/** How many inputs operations have, and how many of them are open, by the ids of their rows. */
type Inputs = ReadonlyMap<string, OperationInputs>;

/**
 * What protects each operation, a row each, with the line of `file` that says so behind each part; and how many inputs
 * are open, where operations are described.
 */
export function coverageTable(
  rows: readonly CoverageRow[],
  file: string,
  context: CommandContext,
  inputs: Inputs,
): string {
  const paint = palette(context.color);
  const place = (from: string | null): string => placeText(from, file, context);
  const titles = ['METHOD', 'PATH', ...COLUMNS.map(([, title]) => title), ...(inputs.size > 0 ? ['INPUTS'] : [])];
  const head = titles.map((text) => ({ text, paint: paint.faint }));
  const lines = alignRows([
    head,
    ...rows.map((row) => [...rowCells(row, place, paint), ...inputCells(inputs, row, paint)]),
  ]);
  const name = shortPath(file, context.workingFolder);
  const legend = paint.faint(`:N is line N of ${name}; what has none is a default.`);
  return `${lines.join('\n')}\n\n${legend}\n`;
}

function rowCells(row: CoverageRow, place: (from: string | null) => string, paint: Palette): readonly Cell[] {
  return [
    { text: plain(row.method), paint: paint.strong },
    { text: plain(row.namedInBody === null ? row.template : `${row.template} ${row.namedInBody}`) },
    ...COLUMNS.map(([aspect]) => cellOf(row, aspect, { place, paint })),
  ];
}

function inputCells(inputs: Inputs, row: CoverageRow, paint: Palette): readonly Cell[] {
  const found = inputs.get(row.operation);
  if (found === undefined || found.inputs === 0) return inputs.size > 0 ? [{ text: 'none' }] : [];
  const open = found.open > 0;
  return [open ? { text: `${found.open} of ${found.inputs} open`, paint: paint.warning } : { text: `${found.inputs}` }];
}

interface Look {
  readonly place: (from: string | null) => string;
  readonly paint: Palette;
}

function cellOf(row: CoverageRow, aspect: CoverageCell['aspect'], { place, paint }: Look): Cell {
  const cells = row.cells.filter((cell) => cell.aspect === aspect);
  const open = cells.some((cell) => cell.open);
  const texts = cells.map(({ holds, from }) => {
    // `public` must be seen for what it is, also without colour.
    const words = open && aspect === 'authentication' ? `${plain(holds)} (open)` : plain(holds);
    return from === null ? words : `${words} ${place(from)}`;
  });
  const text = texts.length === 0 ? 'none' : texts.join(', ');
  return open ? { text, paint: paint.warning } : { text };
}

/** `:12` for a line of the configuration itself, `orders.openapi.yaml:12` for another file's. */
function placeText(from: string | null, file: string, { workingFolder }: CommandContext): string {
  if (from === null) return '';
  return from.startsWith(`${file}:`) ? from.slice(file.length) : shortPath(from, workingFolder);
}
