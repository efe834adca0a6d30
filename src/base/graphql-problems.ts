import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with a request of GraphQL. */
export const graphqlProblems = {
  'invalid-graphql': {
    status: 400,
    title: 'Invalid GraphQL request',
    cause:
      'The request can be read in two ways, its document is not valid for the schema, or its variables are not of their types.',
    fix: 'Send one document that is valid for the schema, with `query`, `operationName`, `variables` and nothing else.',
  },
  'graphql-too-complex': {
    status: 400,
    title: 'GraphQL request too complex',
    cause:
      'The request asks for too much at once: too deep, too many fields or aliases, too many operations, or too costly.',
    fix: 'Ask for less, or in several requests; give lists a smaller `first`.',
  },
  'graphql-forbidden': {
    status: 403,
    title: 'GraphQL request not allowed',
    cause:
      'The request asks for the schema, for a subscription, or for a document that is not on the list of those that are taken.',
    fix: 'Send a document that is on the list; read the schema where it is kept.',
  },
} as const satisfies Record<string, CatalogueEntry>;
