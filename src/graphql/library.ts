import type * as graphql from 'graphql';
import { createRequire } from 'node:module';

/** What the package `graphql` offers. */
export type GraphqlLibrary = typeof graphql;

let loaded: GraphqlLibrary | null = null;

/**
 * The package `graphql`, loaded when it is first asked for: a gateway without an API that needs it never holds its 2 MB.
 * At once and not by a promise, since plans are built in one go.
 */
export function graphqlLibrary(): GraphqlLibrary {
  return (loaded ??= createRequire(import.meta.url)('graphql') as GraphqlLibrary);
}
