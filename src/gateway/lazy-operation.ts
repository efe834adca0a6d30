import type { Issue, Result } from '../base/index.ts';
import type { DescribedOperation } from '../openapi/index.ts';
import type { Operation } from '../policy/index.ts';
import type { Plan } from './plan.ts';
import type { CompiledApi, CompiledOperation } from './snapshot.ts';

/** What is known of an operation from the start. */
export type OperationHead = Omit<Operation, 'described' | 'inBody'> & { readonly inBody: boolean };

/**
 * An operation whose description is read when a policy first asks for it, and then kept: a thread uses few of many.
 * All are of one shape, since every request reads them.
 */
class LazyOperation implements Operation {
  readonly id: string;
  readonly api: string;
  readonly name: string;
  readonly method: string;
  readonly template: string;
  readonly deprecated: boolean;
  readonly inBody: boolean;
  #read: (() => DescribedOperation) | null;
  #described: DescribedOperation | null = null;

  constructor(head: OperationHead, read: (() => DescribedOperation) | null) {
    this.id = head.id;
    this.api = head.api;
    this.name = head.name;
    this.method = head.method;
    this.template = head.template;
    this.deprecated = head.deprecated;
    this.inBody = head.inBody;
    this.#read = read;
  }

  get described(): DescribedOperation | null {
    if (this.#read !== null) {
      this.#described = this.#read();
      this.#read = null;
    }
    return this.#described;
  }

  /** The same operation for one reading: it keeps nothing here that was not kept before. */
  passing(): Operation {
    return this.#read === null ? this : new LazyOperation(this, this.#read);
  }
}

/** What compiling an operation takes. `read` gives its description, null where there is none; `build` its plan. */
export interface OperationParts
  extends Pick<
    CompiledOperation,
    | 'bodyLimitBytes'
    | 'bodyDescribed'
    | 'grpc'
    | 'priority'
    | 'websocket'
    | 'cache'
    | 'timeoutMs'
    | 'deadlineMs'
    | 'children'
  > {
  readonly api: CompiledApi;
  readonly head: OperationHead;
  readonly read: (() => DescribedOperation) | null;
  /** One function for all operations of an API. */
  readonly build: (operation: Operation) => Result<Plan, readonly Issue[]>;
}

/** An operation whose plan is built at its first use, and then kept. */
export class LazyPlan implements CompiledOperation {
  readonly operation: LazyOperation;
  readonly api: CompiledApi;
  readonly bodyLimitBytes: number;
  readonly bodyDescribed: boolean;
  readonly grpc: CompiledOperation['grpc'];
  readonly priority: CompiledOperation['priority'];
  readonly websocket: CompiledOperation['websocket'];
  readonly cache: CompiledOperation['cache'];
  readonly timeoutMs: number | null;
  readonly deadlineMs: number | null;
  readonly children: CompiledOperation['children'];
  readonly #build: OperationParts['build'];
  #plan: Result<Plan, readonly Issue[]> | null = null;

  constructor(parts: OperationParts) {
    this.operation = new LazyOperation(parts.head, parts.read);
    this.api = parts.api;
    this.bodyLimitBytes = parts.bodyLimitBytes;
    this.bodyDescribed = parts.bodyDescribed;
    this.grpc = parts.grpc;
    this.priority = parts.priority;
    this.websocket = parts.websocket;
    this.cache = parts.cache;
    this.timeoutMs = parts.timeoutMs;
    this.deadlineMs = parts.deadlineMs;
    this.children = parts.children;
    this.#build = parts.build;
  }

  plan(): Result<Plan, readonly Issue[]> {
    return (this.#plan ??= this.#build(this.operation));
  }

  tryPlan(): Result<Plan, readonly Issue[]> {
    return this.#build(this.operation.passing());
  }
}
