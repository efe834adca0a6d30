import { err, errorIssue, type Issue, ok, type Problem, type Result } from '../../../base/index.ts';
import { compilePattern } from '../../../openapi/index.ts';
import { compileRule, type Declaration, readsOf, type Rule, stepBudget } from '../../../rules/index.ts';
import type { AskedRequest } from '../../asked/asked-request.ts';
import { whyNoBody } from '../../asked/why-no-body.ts';
import type { DescribedMethod } from '../../described-methods.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import type { ObjectRule } from './config.ts';
import { lookupIssues, readsBodyForUrl } from './lookup-issues.ts';
import { compileOwnerUrl, type WriteOwnerUrl } from './owner-url.ts';

/** What is known of a rule, as far as what it names is there. `open`: it depends on what is still to come. */
export type Answer =
  | { readonly kind: 'allowed' | 'open' }
  /** In words of the rule alone. */
  | { readonly kind: 'refused'; readonly why: string };

/** A rule on objects, ready to be asked. */
export interface CompiledRule extends Pick<ObjectRule, 'id' | 'each' | 'observed'> {
  readonly readsBody: boolean;
  /** Whether it may depend on the query, which is cleaned after it was asked first. */
  readonly readsQuery: boolean;
  /** Whether it may depend on the reply. */
  readonly readsReply: boolean;
  readonly rule: Rule<AskedRequest>;
  /** Where it is asked whose the object is; null where nobody is. */
  readonly writeOwnerUrl: WriteOwnerUrl | null;
  /** The refusal that clients get, and why in the rule's own words. */
  readonly refuse: (why: string) => Extract<Verdict, { kind: 'deny' }>;
}

/** What replies can be judged before anything has come of their requests (RFC 9110 §9.2.1; QUERY is safe too). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'QUERY']);
const BODY = 'request.body';
const QUERY = 'request.query';
const OF_REPLY = /^(?:response|item)(?:\.|$)/;
const OF_ITEM = /^item(?:\.|$)/;

const ALLOWED: Answer = { kind: 'allowed' };
const OPEN: Answer = { kind: 'open' };
const FALSE = 'is not so';

interface Context {
  readonly declarations: Declaration<AskedRequest>;
  /** What its messages are read by, where it is one of gRPC. */
  readonly method: DescribedMethod | null;
}

/** Compiles what is said of an operation, or says all that is wrong with it. */
export function compileObjectRule(
  written: ObjectRule,
  operation: Operation,
  { declarations, method }: Context,
): Result<CompiledRule, readonly Issue[]> {
  const { id, path, expression, each, observed, otherwise, lookup } = written;
  const reads = [...readsOf(expression)];
  const readsBody = reads.includes(BODY) || (lookup !== null && readsBodyForUrl(lookup));
  const readsQuery = reads.includes(QUERY);
  const readsReply = reads.some((name) => OF_REPLY.test(name));
  const rule = compileRule(expression, { declarations, compilePattern });
  const issues = [
    ...(rule.ok ? [] : rule.error.map(({ at, message, fix }) => issueAt(path, `character ${at + 1}: ${message}`, fix))),
    ...wholeIssues(written, reads),
    ...(lookup === null && (readsReply || each !== null) ? replyIssues(written, operation, readsBody) : []),
    ...(lookup === null ? [] : lookupIssues(written, operation, { reads, declarations })),
  ];
  const writeOwnerUrl = lookup === null ? null : compileOwnerUrl(lookup, declarations);
  const noBody = readsBody ? whyNoBody(operation, method) : null;
  if (noBody !== null) issues.push(issueAt(path, noBody, 'name something else of the request'));
  if (issues.length > 0 || !rule.ok || writeOwnerUrl?.ok === false) return err(issues);
  const refuse = (why: string): ReturnType<CompiledRule['refuse']> => {
    const problem: Problem = { code: otherwise, internal: `${id} ${why}` };
    return { kind: 'deny', problem, rule: id };
  };
  const ready = { rule: rule.value, refuse, writeOwnerUrl: writeOwnerUrl?.value ?? null };
  return ok({ id, each, observed, readsBody, readsQuery, readsReply, ...ready });
}

function wholeIssues({ path, each }: ObjectRule, reads: readonly string[]): readonly Issue[] {
  if (reads.length === 0)
    return [issueAt(path, 'this says the same of every request', 'name the caller, and the object')];
  if (each === null || reads.some((name) => OF_ITEM.test(name))) return [];
  return [issueAt(path, 'this names nothing of the elements that it is asked of', 'name `item`, or leave `each` out')];
}

/** Why a rule can't wait for the reply. */
function replyIssues({ path }: ObjectRule, operation: Operation, readsBody: boolean): readonly Issue[] {
  const { method, name, inBody } = operation;
  if (inBody === true)
    return [issueAt(path, `${name} has no reply of its own that a rule could see`, 'name what is known before')];
  if (!SAFE.has(method)) {
    const done = `what a ${method} does is done when its reply comes, so the reply is too late to decide by`;
    return [issueAt(path, done, 'name what is known before: caller, path, query, body')];
  }
  if (!readsBody) return [];
  return [issueAt(path, 'a rule asks the body of the request or the reply, not both', 'ask for the body in `when`')];
}

function issueAt(path: string, message: string, fix: string | null): Issue {
  return errorIssue(path, message, fix === null ? {} : { fix });
}

/**
 * What a rule says as far as is known. What it gives then it would give whatever came: a part that is missing is a fault,
 * and no operator makes of a fault what it would not make of every value.
 */
export function answerOf(rule: Rule<AskedRequest>, asked: AskedRequest): Answer {
  const said = rule.answer(asked, stepBudget());
  if (said === true) return ALLOWED;
  if (said === false) return { kind: 'refused', why: FALSE };
  return asked.missed ? OPEN : { kind: 'refused', why: said };
}
