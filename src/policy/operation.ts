import type { ParsedBody } from '../body/index.ts';
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
  /** For protocols that name the operation in the body (GraphQL, JSON-RPC): the operation meant, judged again from `decide` on. */
  children?(parsed: ParsedBody): Operation;
}

/** What a request's host, path and method lead to. */
export type Match =
  | { readonly kind: 'matched'; readonly operation: Operation; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'methodNotAllowed'; readonly allow: readonly string[] }
  | { readonly kind: 'misdirected' };
