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
  /**
   * For protocols that name the operation in the body, such as GraphQL: the operation meant, to be judged from `decide`
   * on. No operation of this version has any: `compile` makes none, and nothing calls it. A kind of API that needs it
   * brings both.
   */
  children?(parsed: ParsedBody): Operation;
}

/** What a request's host, path and method lead to; `target` is what the router keeps for an operation, `params` are decoded once. */
export type Match<T> =
  | { readonly kind: 'matched'; readonly target: T; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'methodNotAllowed'; readonly allow: readonly string[] }
  | { readonly kind: 'misdirected' };
