import type { DescribedOperation } from '../openapi/index.ts';

/** Stable name of an operation within one configuration: `API/OPERATION`. */
export type OperationId = string;

/** One thing an API can be asked to do, as policies see it. */
export interface Operation {
  readonly id: OperationId;
  readonly api: string;
  /** The operation's own name: its operationId, or `METHOD template`. */
  readonly name: string;
  /** Upper case; `*` for a route that takes every method. */
  readonly method: string;
  /** As clients see it, base path included. */
  readonly template: string;
  readonly deprecated: boolean;
  /** Its description, or null for a route written by hand. */
  readonly described: DescribedOperation | null;
  /**
   * Whether it is named in a body, as a field of GraphQL is: then it has no route, and is judged behind `inspect` of the
   * route that such a body came by, as often as the body asks for it.
   */
  readonly inBody?: boolean;
}

/** What a request's host, path and method lead to; `target` is what the router keeps for an operation, `params` are decoded once. */
export type Match<T> =
  | { readonly kind: 'matched'; readonly target: T; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'methodNotAllowed'; readonly allow: readonly string[] }
  | { readonly kind: 'misdirected' };
