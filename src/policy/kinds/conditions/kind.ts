import { err, errorIssue, type Issue, ok, type Problem, type ProblemError, type Result } from '../../../base/index.ts';
import { compilePattern, valueOfMessage } from '../../../openapi/index.ts';
import { compileRule, type Declaration, readsOf, type Rule, stepBudget } from '../../../rules/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { DescribedMethod } from '../../described-methods.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { ConditionRule, ConditionsConfig } from './config.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import { conditionContext } from '../../asked/condition-context.ts';
import { whyNoBody } from '../../asked/why-no-body.ts';

/**
 * The kind that lets a request pass only if all conditions of its operation hold. One that is false and one that can't
 * be worked out refuse alike. Those that name no body are asked before one is collected.
 */
export function createConditionsKind(): PolicyKind<ConditionsConfig> {
  return {
    kind: 'conditions',
    summary: 'Refuses requests that do not meet the conditions of their operation.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        const written = saidOf(config.operations, operation);
        if (written === null || written.length === 0) return ok({});
        return stepsFor(written, operation, {
          ...conditionContext(operation, at, got, config),
          isHelpful: config.errors === 'helpful',
        });
      }),
  };
}

interface Condition {
  readonly rule: Rule<AskedRequest>;
  readonly readsBody: boolean;
  /** Its place among the conditions of its operation, as records name it. */
  readonly name: string;
  readonly message: string | null;
}

/** What conditions say, of a request and of a message alike. */
type Judged = typeof PASS | { readonly kind: 'deny'; readonly problem: Problem; readonly rule: string };

interface Context {
  readonly declarations: Declaration<AskedRequest>;
  /** What its messages are read by, where it is one of gRPC. */
  readonly method: DescribedMethod | null;
  readonly isHelpful: boolean;
}

const BODY = 'request.body';

function stepsFor(
  written: readonly ConditionRule[],
  operation: Operation,
  { declarations, method, isHelpful }: Context,
): Result<Steps, readonly Issue[]> {
  const issues: Issue[] = [];
  const conditions: Condition[] = [];
  const noBody = whyNoBody(operation, method);
  for (const [index, { expression, message, path }] of written.entries()) {
    const rule = compileRule(expression, { declarations, compilePattern });
    if (!rule.ok) {
      for (const fault of rule.error) issues.push(issueAt(path, fault.at, fault.message, fault.fix));
      continue;
    }
    const reads = readsOf(expression);
    if (reads.size === 0)
      issues.push(issueAt(path, 0, 'this says the same of every request', 'name something of the request'));
    if (noBody !== null && reads.has(BODY)) issues.push(issueAt(path, 0, noBody, 'name something else of the request'));
    conditions.push({ rule: rule.value, readsBody: reads.has(BODY), name: `rules[${index}]`, message });
  }
  if (issues.length > 0) return err(issues);
  return ok({ decide: method === null ? stepOf(conditions, isHelpful) : messageStep(conditions, method, isHelpful) });
}

function issueAt(path: string, at: number, message: string, fix: string | null): Issue {
  return errorIssue(path, `character ${at + 1}: ${message}`, fix === null ? {} : { fix });
}

function stepOf(conditions: readonly Condition[], isHelpful: boolean): Step<'decide'> {
  const ofBody = conditions.filter(({ readsBody }) => readsBody);
  const ofHead = conditions.filter(({ readsBody }) => !readsBody);
  const judge = (asked: readonly Condition[]): ((exchange: Exchange) => Verdict) => {
    const judged = judgeOf(asked, isHelpful);
    return (exchange) => judged(new AskedRequest(exchange));
  };
  if (ofBody.length === 0) return { reads: READS_NOTHING, run: judge(ofHead) };
  const run = judge(ofBody);
  const reads = { request: 'parsed', response: 'none' } as const;
  return ofHead.length === 0 ? { reads, run } : { reads, head: judge(ofHead), run };
}

/** Of a call of gRPC what names no body is asked at once, the rest of the one message that its client sends. */
function messageStep(conditions: readonly Condition[], method: DescribedMethod, isHelpful: boolean): Step<'decide'> {
  const ofBody = conditions.filter(({ readsBody }) => readsBody);
  const head = judgeOf(
    conditions.filter(({ readsBody }) => !readsBody),
    isHelpful,
  );
  if (ofBody.length === 0) return { reads: READS_NOTHING, run: (exchange) => head(new AskedRequest(exchange)) };
  const { judge, request, types } = method;
  const ask = judgeOf(ofBody, isHelpful);
  return {
    reads: READS_NOTHING,
    run: (exchange) => head(new AskedRequest(exchange)),
    message(exchange, message) {
      // It may have been observed alone: then it came here whatever it is.
      const read = (): unknown =>
        judge.judge(request, message, true) === null ? valueOfMessage(types, request, message) : undefined;
      return ask(new AskedRequest(exchange, read));
    },
  };
}

/** Clients are told of all that is not met, where they are told at all; the record names the first. */
function judgeOf(conditions: readonly Condition[], isHelpful: boolean): (asked: AskedRequest) => Judged {
  return (asked) => {
    // Shared, so that many conditions cost a client's request no more than one may.
    const budget = stepBudget();
    for (const [index, { rule, name }] of conditions.entries()) {
      const words = rule.judge(asked, budget);
      if (words === null) continue;
      const later = isHelpful
        ? conditions.slice(index + 1).filter((each) => each.rule.judge(asked, budget) !== null)
        : [];
      const errors = isHelpful ? messagesOf([conditions[index] as Condition, ...later]) : [];
      const told = errors.length === 0 ? {} : { errors };
      return { kind: 'deny', problem: { code: 'rule-not-met', ...told, internal: `${name} ${words}` }, rule: name };
    }
    return PASS;
  };
}

function messagesOf(conditions: readonly Condition[]): readonly ProblemError[] {
  return conditions.flatMap(({ message }) => (message === null ? [] : [{ detail: message }]));
}
