import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';

/** As much of the server as is used here: its own types bring those of browsers along, which others contradict. */
interface Yoga {
  createYoga(options: object): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  createSchema(options: object): object;
}

const require = createRequire(import.meta.url);
const { createSchema, createYoga } = require('graphql-yoga') as Yoga;

/** The schema of the shop, as its server and the gateway have it. */
export const SHOP_SCHEMA = `
type Query { me: User!, orders(first: Int = 10, after: String): OrderConnection!, order(id: ID!): Order, node(id: ID!): Node, explode: Int }
type Mutation { refund(order: ID!, amount: Int): Order!, signIn(name: String!): Boolean! }
type Subscription { ticks(to: Int!): Int!, forever: Int! }
interface Node { id: ID! }
type User implements Node { id: ID!, name: String!, email: String!, friends(first: Int): [User!]!, shop: Query! }
type Order implements Node { id: ID!, total: Int!, owner: User!, lines: [Line!]! }
type Line { sku: String!, order: Order! }
type OrderConnection { edges: [OrderEdge!]!, pageInfo: PageInfo! }
type OrderEdge { node: Order!, cursor: String! }
type PageInfo { hasNextPage: Boolean! }
`;

/** A real GraphQL server, and what it was asked. */
export interface GraphqlServer {
  readonly url: string;
  /** The bodies and targets that came, in their order. */
  readonly asked: string[];
  stop(): Promise<void>;
}

const user = (id: string): object => ({ id, name: `user ${id}`, email: `${id}@acme.example`, friends: [], shop: {} });
const order = (id: string): object => ({ id, total: 5, owner: user('1'), lines: [] });

/** Starts graphql-yoga with the schema of the shop, batching and introspection on, errors not masked. */
export async function startGraphqlServer(): Promise<GraphqlServer> {
  const yoga = createYoga({
    batching: true,
    maskedErrors: false,
    logging: false,
    schema: createSchema({
      typeDefs: SHOP_SCHEMA,
      resolvers: {
        Query: {
          me: () => user('1'),
          orders: () => ({ edges: [{ node: order('7'), cursor: 'a' }], pageInfo: { hasNextPage: false } }),
          order: (_root: unknown, { id }: { id: string }) => order(id),
          node: (_root: unknown, { id }: { id: string }) => ({ __typename: 'User', ...user(id) }),
          explode: () => {
            throw new Error('relation "users" does not exist at character 15');
          },
        },
        Mutation: { refund: (_root: unknown, { order: id }: { order: string }) => order(id), signIn: () => true },
        Subscription: {
          forever: {
            async *subscribe() {
              yield { forever: 1 };
              // Nothing more comes until the client has left.
              await new Promise(() => {});
            },
          },
          ticks: {
            async *subscribe(_root: unknown, { to }: { to: number }) {
              for (let tick = 1; tick <= to; tick++) yield { ticks: tick };
            },
          },
        },
      },
    }),
  });
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const target = `${request.method} ${request.url}`;
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => asked.push(`${target} ${Buffer.concat(pieces).toString()}`));
    void yoga(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
