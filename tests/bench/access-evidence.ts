import { decisionComplaint } from '../access/asked-decisions.ts';
import { type Cell, cellsOf } from '../access/cells.ts';
import { InvoiceScene } from '../access/invoice-scene.ts';
import { RehearsedInvoices } from '../access/rehearsed-invoices.ts';
import { readRights } from '../access/rights.ts';
import { runCelSuite } from '../system/cel-suite.ts';
import { sumOf } from '../system/suite-tally.ts';
import { printTable } from './table.ts';

const SHOWN = 40;

/** A cell that was asked, by which way. */
interface Asked {
  readonly by: string;
  readonly cell: Cell;
  readonly complaint: string | null;
}

/**
 * Asks every cell of the table of rights of the gateway, over both versions of HTTP, at the decision point and in a rehearsal, and every conformance
 * case of CEL of the conditions; counts what is not as it must be.
 */
export async function accessEvidence(): Promise<Record<string, unknown>> {
  const started = performance.now();
  const asked = await askAll();
  const broken = asked.filter(({ complaint }) => complaint !== null);
  for (const { by, cell, complaint } of broken.slice(0, SHOWN)) console.log(`${by}: ${cell.name}: ${complaint}`);
  if (broken.length > SHOWN) console.log(`and ${broken.length - SHOWN} more`);
  const ways = [...Map.groupBy(asked, ({ by }) => by)];
  const cel = runCelSuite();
  const refused = sumOf(cel.refused);
  const allowed = cel.total - refused;
  printTable(
    ['asked', 'cells', 'as it must be'],
    [
      ...ways.map(([by, of]) => [
        by,
        String(of.length),
        String(of.filter(({ complaint }) => complaint === null).length),
      ]),
      ['conformance cases of CEL', String(allowed), String(cel.ok)],
    ],
  );
  printTable(
    ['cases', 'of CEL are not asked: what they ask'],
    [...cel.refused].map(([reason, count]) => [String(count), reason]),
  );
  for (const words of cel.wrong.slice(0, SHOWN)) console.log(`another value: ${words}`);
  return {
    cells: asked.length,
    mismatches: broken.length,
    cells_by: Object.fromEntries(ways.map(([by, of]) => [by, of.length])),
    cel_allowed_total: allowed,
    cel_allowed_ok: cel.ok,
    cel_total: cel.total,
    cel_refused: refused,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

async function askAll(): Promise<readonly Asked[]> {
  const rights = readRights();
  const cells = cellsOf(rights);
  const asked: Asked[] = [];
  const scene = await InvoiceScene.start(rights);
  try {
    for (const client of scene.clients)
      for (const cell of cells)
        asked.push({ by: client.version, cell, complaint: await scene.complaintOf(cell, client) });
    for (const cell of cells)
      asked.push({ by: 'decision point', cell, complaint: await decisionComplaint(scene, rights, cell) });
  } finally {
    await scene.stop();
  }
  const rehearsed = await RehearsedInvoices.of(rights);
  for (const cell of cells) asked.push({ by: 'rehearsal', cell, complaint: await rehearsed.complaintOf(cell) });
  rehearsed.stop();
  return asked;
}
