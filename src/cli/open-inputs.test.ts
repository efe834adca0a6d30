import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

const CONFIGURATION = `version: 1
apis:
  orders: { openapi: orders.yaml, upstream: http://127.0.0.1:3001, auth: public }
`;

/** A description in which the properties `p0` to `pN` of a shared schema are open, and the parameter of one operation. */
function descriptionOf(count: number): string {
  const properties = Array.from({ length: count }, (_, index) => `        p${index}: { type: string }\n`).join('');
  const body = `requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }`;
  return `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    get:
      parameters: [{ name: limit, in: query, schema: { type: integer } }]
      responses: { default: { description: x } }
    post: { ${body}, responses: { default: { description: x } } }
    put: { ${body}, responses: { default: { description: x } } }
    delete: { responses: { default: { description: x } } }
components:
  schemas:
    Order:
      type: object
      properties:
${properties}`;
}

function around(description: string): ReturnType<typeof surroundings> {
  const made = surroundings(CONFIGURATION);
  made.files.put(`${FOLDER}/orders.yaml`, description);
  return made;
}

test('open inputs are counted for each operation, and the first are told with line and proposal', async () => {
  const { code, out, complaints } = await runIn(around(descriptionOf(12)), 'check');
  assert.deepEqual([code, complaints], [0, '']);
  assert.match(out, /^METHOD .* POLICIES +INPUTS$/m);
  assert.match(out, /^GET +\/orders .* 1 of 1 open$/m);
  assert.match(out, /^POST +\/orders .* 12 of 13 open$/m);
  assert.match(out, /^DELETE +\/orders .* none$/m);
  assert.match(out, /^OPEN INPUTS OF orders: 25 of 27 inputs, by 13 schemas$/m);
  assert.match(out, /^orders\.yaml:16:9 +body Order\.p0 +no length +maxLength: 255 +2 operations$/m);
  assert.equal(out.match(/^orders\.yaml:/gm)?.length, 10);
  assert.match(out, /^and 3 more: --open-inputs tells all$/m);
});

test('--open-inputs tells all of them', async () => {
  const { code, out } = await runIn(around(descriptionOf(12)), 'check', '--open-inputs');
  assert.deepEqual([code, out.match(/^orders\.yaml:/gm)?.length], [0, 13]);
  assert.match(out, /^orders\.yaml:6:\d+ +query limit +no range +minimum: 1, maximum: 100 +GET \/orders$/m);
  assert.doesNotMatch(out, /more: --open-inputs/);
});

test('--json tells all of them as data', async () => {
  const { out } = await runIn(around(descriptionOf(12)), 'check', '--json');
  const { openInputs } = JSON.parse(out) as { openInputs: { api: string; operations: unknown[]; open: unknown[] }[] };
  const [orders] = openInputs;
  assert.ok(orders !== undefined && openInputs.length === 1);
  assert.equal(orders.api, 'orders');
  assert.deepEqual(orders.operations[0], { operation: 'GET /orders', inputs: 1, open: 1 });
  assert.equal(orders.open.length, 13);
  assert.deepEqual(orders.open[0], {
    name: 'Order.p0',
    place: 'body',
    pointer: '/components/schemas/Order/properties/p0',
    missing: ['length'],
    proposal: { maxLength: 255 },
    operations: 2,
    operation: 'PUT /orders',
    at: { file: `${FOLDER}/orders.yaml`, line: 16, column: 9 },
  });
});

test('with --strict-inputs an open input is a finding, and what is closed is none', async () => {
  assert.equal((await runIn(around(descriptionOf(1)), 'check', '--strict-inputs')).code, 1);
  const closed = descriptionOf(1)
    .replace('type: string', 'type: string, maxLength: 255')
    .replace('type: integer', 'type: integer, minimum: 1, maximum: 100');
  const { code, out } = await runIn(around(closed), 'check', '--strict-inputs');
  assert.equal(code, 0);
  assert.doesNotMatch(out, /OPEN INPUTS/);
  assert.match(out, /^POST +\/orders .* 2$/m);
});

test('names of a document can do nothing to the terminal', async () => {
  const hostile = descriptionOf(1).replace('p0:', '"p\\e[31m":');
  const { out } = await runIn(around(hostile), 'check', '--open-inputs');
  assert.match(out, /body Order\.p/);
  assert.doesNotMatch(out, /\x1b/);
});
