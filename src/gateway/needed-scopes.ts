import type { ApiConfig } from '../config/compiled.ts';
import { neededBy, type Operation } from '../policy/index.ts';

/** A scope as RFC 6749 §3.3 writes it. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What an operation needs, as scopes: of several alternatives the first; none where one of them is no scope. */
export function scopesOf(operation: Operation, api: ApiConfig): readonly string[] {
  const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  const needs = own?.needs ?? null;
  const [first = []] = neededBy(operation, { operations: needs === null ? {} : { [operation.name]: needs } });
  return first.every((scope) => SCOPE.test(scope)) ? first : [];
}
