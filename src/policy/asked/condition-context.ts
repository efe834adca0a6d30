import type { Declaration } from '../../rules/index.ts';
import { type DescribedMethod, describedMethod } from '../described-methods.ts';
import type { CompileAt, Sources } from '../kind.ts';
import type { ValuesSource } from '../kinds/conditions/config.ts';
import { namedValues } from '../kinds/conditions/values.ts';
import type { Operation } from '../operation.ts';
import type { AskedRequest } from './asked-request.ts';
import { declarationsOf } from './declarations.ts';

/** What the conditions of an operation are compiled with. */
export interface ConditionContext {
  readonly declarations: Declaration<AskedRequest>;
  /** What its messages are read by, where it is one of gRPC. */
  readonly method: DescribedMethod | null;
}

/** Where conditions of an operation are compiled. `values` are those of its API, and `more` names besides, as for `declarationsOf`. */
export function conditionContext(
  operation: Operation,
  { api }: Pick<CompileAt, 'api'>,
  got: Pick<Sources, 'document' | 'file'>,
  {
    values,
    more,
  }: {
    readonly values: Readonly<Record<string, ValuesSource>>;
    readonly more?: Readonly<Record<string, Declaration<AskedRequest>>>;
  },
): ConditionContext {
  const document = got.document(api);
  const isGrpc = operation.described?.grpc !== undefined;
  return {
    declarations: declarationsOf(operation, document, namedValues(values, got), more),
    method: isGrpc ? describedMethod(document, operation.name) : null,
  };
}
