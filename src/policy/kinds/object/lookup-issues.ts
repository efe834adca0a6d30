import { errorIssue, type Issue } from '../../../base/index.ts';
import type { Declaration } from '../../../rules/index.ts';
import type { AskedRequest } from '../../asked/asked-request.ts';
import type { Operation } from '../../operation.ts';
import type { ObjectRule } from './config.ts';
import type { OwnerLookup } from './owner-lookup.ts';
import { compileOwnerUrl } from './owner-url.ts';

const OF_OWNER = /^owner(?:\.|$)/;
const OF_REPLY = /^(?:response|item)(?:\.|$)/;

interface Read {
  /** What the rule names. */
  readonly reads: readonly string[];
  readonly declarations: Declaration<AskedRequest>;
}

/** Why a lookup would decide nothing, or can't be made. */
export function lookupIssues(
  { lookup, each, path }: ObjectRule,
  { name, inBody, described }: Operation,
  { reads, declarations }: Read,
): readonly Issue[] {
  if (lookup === null) return [];
  const issues: Issue[] = [];
  const complain = (at: string, message: string, fix: string): void =>
    void issues.push(errorIssue(at, message, { fix }));
  if (inBody === true || described?.grpc !== undefined) {
    const why = inBody === true ? 'operations of GraphQL' : 'methods of gRPC';
    complain(
      lookup.path,
      `owners are not looked up for ${why}, such as ${name}`,
      'let the rule name what is known before',
    );
  }
  if (!reads.some((each) => OF_OWNER.test(each)))
    complain(lookup.path, 'nothing asks for what this service says', 'name `owner` in `allow`, or leave `lookup` out');
  if (each !== null || reads.some((each) => OF_REPLY.test(each)))
    complain(path, 'a rule asks the owner service or the reply, not both', 'name `owner` and what the request says');
  const url = compileOwnerUrl(lookup, declarations);
  for (const fault of url.ok ? [] : url.error)
    complain(`${lookup.path}.url`, fault, 'name a parameter of this operation, such as {params.orderId}');
  return issues;
}

/** Whether where it is asked depends on the body of the request. */
export function readsBodyForUrl({ pieces }: Pick<OwnerLookup, 'pieces'>): boolean {
  return pieces.some((piece) => typeof piece !== 'string' && piece.names[0] === 'request' && piece.names[1] === 'body');
}
