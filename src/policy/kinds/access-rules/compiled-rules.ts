import { err, errorIssue, type Issue, ok, type Problem, type Result } from '../../../base/index.ts';
import { compilePattern } from '../../../openapi/index.ts';
import { compileRule, type Declaration, readsOf, type Rule, stepBudget } from '../../../rules/index.ts';
import type { AccessRule } from '../../access-rule.ts';
import type { AskedRequest } from '../../asked/asked-request.ts';
import { whyNoBody } from '../../asked/why-no-body.ts';
import type { DescribedMethod } from '../../described-methods.ts';
import type { Operation } from '../../operation.ts';

/** What rules say of a request; null where all of them let it pass. */
export type Refusal = (Refused & { readonly kind: 'deny'; readonly also?: readonly Refused[] }) | null;

interface Refused {
  readonly problem: Problem;
  readonly rule: string;
}

/** How rules are asked. */
export interface Asking {
  /** Whether clients are told the messages of the rules that refuse them. */
  readonly isHelpful: boolean;
  /** Whether all are asked, also behind the first that refuses. */
  readonly isWhole: boolean;
}

/** The rules of an operation, ready to be asked: those that deny before those that must hold. */
export interface CompiledRules {
  readonly all: readonly CompiledRule[];
  /** Those of them that may depend on the body. */
  readonly ofBody: readonly CompiledRule[];
  /** Those of the others that may depend on the query, which is cleaned after they were asked first. */
  readonly ofQuery: readonly CompiledRule[];
}

interface CompiledRule {
  readonly id: string;
  readonly message: string | null;
  /** What the rule says where it refuses. */
  readonly refuses: boolean;
  readonly rule: Rule<AskedRequest>;
  readonly readsBody: boolean;
  readonly readsQuery: boolean;
  /** Whether a HEAD is asked of as the GET that it stands for, too. */
  readonly asGet: boolean;
}

interface Context {
  readonly declarations: Declaration<AskedRequest>;
  /** What its messages are read by, where it is one of gRPC. */
  readonly method: DescribedMethod | null;
}

const BODY = 'request.body';
const QUERY = 'request.query';

/** Compiles the rules of one operation, or says all that is wrong with them. */
export function compileRules(
  written: { readonly deny: readonly AccessRule[]; readonly when: readonly AccessRule[] },
  operation: Operation,
  { declarations, method }: Context,
): Result<CompiledRules, readonly Issue[]> {
  const issues: Issue[] = [];
  const noBody = whyNoBody(operation, method);
  const compile = ({ id, message, path, expression }: AccessRule, refuses: boolean): CompiledRule[] => {
    const tell = (at: number, why: string, fix: string | null): void => {
      const said = `of ${operation.id}, character ${at + 1}: ${why}`;
      issues.push(errorIssue(path, said, fix === null ? {} : { fix }));
    };
    const rule = compileRule(expression, { declarations, compilePattern });
    const reads = readsOf(expression);
    const [readsBody, readsQuery] = [reads.has(BODY), reads.has(QUERY)];
    if (reads.size === 0) tell(0, 'this says the same of every request', 'name something of the request');
    if (noBody !== null && readsBody)
      tell(0, noBody, 'name something else, or write the rule below the operations that have one');
    const asGet = reads.has('request.method') && operation.method !== 'HEAD';
    if (rule.ok) return [{ id, message, refuses, rule: rule.value, readsBody, readsQuery, asGet }];
    for (const { at, message: why, fix } of rule.error) tell(at, why, fix);
    return [];
  };
  const all = [
    ...written.deny.flatMap((rule) => compile(rule, true)),
    ...written.when.flatMap((rule) => compile(rule, false)),
  ];
  if (issues.length > 0) return err(issues);
  const ofBody = all.filter(({ readsBody }) => readsBody);
  return ok({ all, ofBody, ofQuery: all.filter(({ readsBody, readsQuery }) => readsQuery && !readsBody) });
}

/**
 * Asks rules in their order. The first that refuses is the answer: one that denies and holds, one that must hold and does
 * not, and any that can't be worked out; where all are asked the others come with it. What depends on a body that is still
 * to come is left open.
 */
export function ruleAsker(
  rules: readonly CompiledRule[],
  { isHelpful, isWhole }: Asking,
): (asked: AskedRequest) => Refusal {
  return (asked) => {
    // Shared, so that many rules cost a request no more than one may.
    const budget = stepBudget();
    const refused: Refused[] | null = isWhole ? [] : null;
    for (const rule of rules) {
      const why = refusalOf(rule, asked, budget);
      if (why === null) continue;
      const { id, message } = rule;
      const told = isHelpful && message !== null ? { errors: [{ detail: message }] } : {};
      const problem: Problem = { code: 'forbidden', ...told, internal: `${id} ${why}` };
      if (refused === null) return { kind: 'deny', problem, rule: id };
      refused.push({ problem, rule: id });
    }
    const [first, ...also] = refused ?? [];
    return first === undefined ? null : { kind: 'deny', ...first, also };
  };
}

type Budget = ReturnType<typeof stepBudget>;

/** Why a rule refuses, in words of the rule alone; null where it does not, or not yet. What is denied of GET is of its HEAD. */
function refusalOf(rule: CompiledRule, asked: AskedRequest, budget: Budget): string | null {
  const why = askedOnce(rule, asked, budget);
  if (why !== null || !rule.asGet || asked.method !== 'HEAD') return why;
  asked.method = 'GET';
  const whyGet = askedOnce(rule, asked, budget);
  asked.method = 'HEAD';
  return whyGet;
}

function askedOnce({ rule, refuses, readsBody }: CompiledRule, asked: AskedRequest, budget: Budget): string | null {
  const said = rule.answer(asked, budget);
  if (said === refuses) return refuses ? 'denies this' : 'is not so';
  if (typeof said === 'boolean') return null;
  return readsBody && asked.missed && budget.left >= 0 ? null : `can't be worked out: ${said}`;
}
