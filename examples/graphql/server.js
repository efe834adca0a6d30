// The API behind the gateway: a GraphQL server in one page. `node examples/graphql/server.js` starts it at port 4000.
// It believes what the gateway says of the caller, and so must be reached by nobody else.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, graphql } from 'graphql';

const sources = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');
// What the gateway counts costs by is not known here.
const schema = buildSchema(`directive @listSize(assumedSize: Int) on FIELD_DEFINITION\n${sources}`);

/** @param {string} id */
const customer = (id) => ({ id, name: `Customer ${id}`, mail: `${id}@customers.example` });
/** @param {string} id */
const order = (id) => ({ id, totalCents: 1250, customer: customer('ada'), lines: [{ sku: 'tea', quantity: 2 }] });

const root = {
  /** @param {unknown} _arguments @param {{ subject: string | undefined }} caller */
  me: (_arguments, { subject }) => (subject === undefined ? null : customer(subject)),
  orders: () => ({ nodes: [order('7')] }),
  /** @param {{ id: string }} given */
  order: ({ id }) => {
    if (id === '0') throw new Error('relation "orders" does not exist at character 15');
    return order(id);
  },
  signUp: () => true,
  /** @param {{ order: string }} given */
  refund: (given) => order(given.order),
};

/** @typedef {{ query: string, operationName?: string, variables?: Record<string, unknown> }} Asked */

/** @type {(request: import('node:http').IncomingMessage, reply: import('node:http').ServerResponse) => Promise<void>} */
async function answer(request, reply) {
  const pieces = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  const asked = /** @type {Asked} */ (JSON.parse(Buffer.concat(pieces).toString()));
  const subject = request.headers['x-portcullis-subject'];
  const result = await graphql({
    schema,
    source: asked.query,
    operationName: asked.operationName,
    variableValues: asked.variables,
    rootValue: root,
    contextValue: { subject },
  });
  reply.setHeader('content-type', 'application/json').end(JSON.stringify(result));
}

const server = createServer((request, reply) => void answer(request, reply));

server.listen(Number(process.env['PORT'] ?? 4000), '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
