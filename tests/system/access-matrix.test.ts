import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decisionComplaint } from '../access/asked-decisions.ts';
import { type Cell, cellsOf } from '../access/cells.ts';
import { InvoiceScene } from '../access/invoice-scene.ts';
import { RehearsedInvoices } from '../access/rehearsed-invoices.ts';
import { readRights } from '../access/rights.ts';

const rights = readRights();
const cells = cellsOf(rights);
let scene: InvoiceScene;

before(async () => {
  scene = await InvoiceScene.start(rights);
});

after(() => scene?.stop());

test('the table of rights has a cell for every operation, caller and object', () => {
  const [operations, callers] = [new Set(rights.rows.map(({ operation }) => operation)), Object.keys(rights.callers)];
  assert.deepEqual([operations.size, callers.length], [10, 9]);
  assert.equal(cells.length, 427);
});

for (const version of ['http/1.1', 'h2'] as const) {
  test(`${version}: every cell of the table of rights is as it was written, in the reply and in the database`, async () => {
    const client = scene.clients.find((each) => each.version === version) ?? assert.fail(version);
    await none((cell) => scene.complaintOf(cell, client));
  });

  test(`${version}: what is not the caller's is told like what is not there, to GET and to HEAD`, async () => {
    const client = scene.clients.find((each) => each.version === version) ?? assert.fail(version);
    const token = scene.tokenOf('customer');
    const told = async (method: string, id: string): Promise<string> => {
      const { status, headers, body } = await client.ask({ method, target: `/invoices/${id}`, token, body: null });
      const fields = Object.entries(headers).filter(([name]) => !CHANGING.has(name));
      return JSON.stringify([status, fields, body.replace(/urn:uuid:[0-9a-f-]+/, '')]);
    };
    assert.match(await told('GET', 'ada-1'), /^\[200,/);
    for (const method of ['GET', 'HEAD']) {
      const missing = await told(method, 'nobody-1');
      assert.match(missing, /^\[404,/);
      for (const id of ['hal-1', 'ben-1', 'ida-1']) assert.equal(await told(method, id), missing);
    }
  });
}

test('a rehearsal of every cell, with the reply that the API would give, comes to the same', async () => {
  const rehearsed = await RehearsedInvoices.of(rights);
  try {
    await none((cell) => rehearsed.complaintOf(cell));
  } finally {
    rehearsed.stop();
  }
});

test('the decision point permits of every cell what traffic gets', async () => {
  await none((cell) => decisionComplaint(scene, rights, cell));
});

/** What is of one reply alone. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'x-request-id', 'traceparent']);

/** That nobody has anything to say against any cell. */
async function none(complaintOf: (cell: Cell) => Promise<string | null>): Promise<void> {
  const complaints: string[] = [];
  for (const cell of cells) {
    const complaint = await complaintOf(cell);
    if (complaint !== null) complaints.push(`${cell.name}: ${complaint}`);
  }
  assert.deepEqual(complaints, []);
}
