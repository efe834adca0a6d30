import { growthDescription } from './growth-description.ts';

/** What a configuration has besides a route, and the files that it names. */
export interface Feature {
  /** Lines of an API, but for its upstream. */
  readonly api: string;
  /** Keys beside `apis`. */
  readonly more?: string;
  /** A file that it names, made when it is asked for: what others need is not to be in memory. */
  readonly file?: () => Promise<string | Uint8Array>;
}

const MANY = 1_000;
const FIELDS = 10;
const OPERATIONS = 10_000;
const ROUTE = "routes: ['POST /notes']";

/** The features of which the memory is measured, by the names of their keys; `none` is what all are compared with. */
export const FEATURES: Readonly<Record<string, Feature>> = {
  none: { api: ROUTE },
  graphql: {
    api: "routes: ['POST /graphql']\n    graphql: { schema: ./schema.graphql }",
    file: async () => 'type Query { me: User!, note(id: ID!): String }\ntype User { id: ID!, name: String }\n',
  },
  graphql_1000_types: {
    api: "routes: ['POST /graphql']\n    graphql: { schema: ./schema.graphql }",
    file: async () => largeSchema(),
  },
  sanitize: { api: `${ROUTE}\n    sanitize: { body: { /text: [trim, nfc, control, bidi, invisible] } }` },
  sanitize_html: { api: `${ROUTE}\n    sanitize: { body: { /text: html } }` },
  descriptors_1000_messages: {
    api: 'descriptors: ./bench.binpb',
    file: async () => (await import('./memory-descriptors.ts')).largeDescriptors(),
  },
  leaks: { api: `${ROUTE}\n    leaks: default` },
  files: { api: `${ROUTE}\n    files: { types: [image/png, application/zip] }` },
  egress: {
    api: ROUTE,
    more: "egress: { port: 0, callers: any, parties: { pay: { url: 'https://api.pay.example/v1', allow: ['GET /{what}'] } } }\n",
  },
  requests_10000: described('requests'),
  strict_10000: described('strict'),
};

function described(validate: string): Feature {
  return {
    api: `openapi: ./bench.json\n    validate: ${validate}`,
    file: async () => growthDescription(OPERATIONS),
  };
}

function largeSchema(): string {
  const types = Array.from({ length: MANY }, (_, at) => {
    const fields = Array.from(
      { length: FIELDS },
      (__, field) => `field${field}(first: Int): [Type${(at + field) % MANY}!]`,
    );
    return `type Type${at} { id: ID!, ${fields.join(', ')} }`;
  });
  return `type Query { first: Type0 }\n${types.join('\n')}\n`;
}
