import type { CoverageRow, Issue, ProblemCode } from '../base/index.ts';
import type { Stage } from '../policy/index.ts';
import type { Plan } from './plan.ts';
import { type CanonicalForm, type Question, type QuestionHeaders, readQuestionHead } from './question-head.ts';
import type { CompiledOperation, Snapshot } from './snapshot.ts';
import { upstreamTarget } from './upstream-target.ts';

/** One thing that a policy does with the request, in the order in which it happens. */
export interface ExplainedStep {
  readonly stage: Stage;
  readonly policy: string;
  /** Whether its refusals are only noted. */
  readonly observed: boolean;
}

/** What would happen to a request that matches an operation. */
export interface ExplainedRoute {
  readonly api: string;
  readonly operation: string;
  readonly method: string;
  readonly template: string;
  readonly params: Readonly<Record<string, string>>;
  readonly bodyLimitBytes: number;
  /** Whether a GET or HEAD may have a body here. */
  readonly bodyDescribed: boolean;
  readonly signInNeeded: boolean;
  /** For whom a reply to this request may be stored: for its caller alone, or for everybody; null where none is stored. */
  readonly cache: 'user' | 'everybody' | null;
  readonly steps: readonly ExplainedStep[];
  /** The request as the upstream gets it. */
  readonly upstream: { readonly method: string; readonly url: string };
  readonly coverage: CoverageRow | null;
}

/**
 * What the gateway does, as far as method, host and target decide. `refused` is certain. `judged`: the steps decide with
 * the rest of the request. `forwarded`: nothing else stands before the upstream but the framing and size of the body.
 */
export type ExplainedVerdict =
  | {
      readonly kind: 'refused';
      readonly code: ProblemCode;
      readonly allow: readonly string[] | null;
      readonly issues: readonly Issue[];
    }
  | { readonly kind: 'judged' }
  | { readonly kind: 'forwarded' };

/** The answer: `canonical` is null where the request can't be read, `route` where no operation matches. */
export interface Explanation {
  readonly canonical: CanonicalForm | null;
  readonly route: ExplainedRoute | null;
  readonly verdict: ExplainedVerdict;
}

/**
 * Says what a request would meet, by the same canonicalizer and the same router that traffic goes through; of its fields
 * those alone matter that make it a preflight. Pure.
 */
export function explain(snapshot: Snapshot, question: Question, headers: QuestionHeaders = []): Explanation {
  const head = readQuestionHead(question, headers);
  if (typeof head === 'string') return { canonical: null, route: null, verdict: refused(head) };
  const { host } = head.authority;
  const { path, query, method, fields } = head;
  const canonical = { host, path, query };
  const preflight = snapshot.preflights?.find({ host, path, method, headers: fields }) ?? null;
  const found = preflight ?? snapshot.router.find(host, path, method);
  switch (found.kind) {
    case 'misdirected':
      return { canonical, route: null, verdict: refused('misdirected-request') };
    case 'notFound':
      return { canonical, route: null, verdict: refused('not-found') };
    case 'methodNotAllowed':
      return { canonical, route: null, verdict: refused('method-not-allowed', found.allow) };
    case 'matched':
      return explainRoute(snapshot, found.target, { question, canonical, params: found.params });
  }
}

function refused(
  code: ProblemCode,
  allow: readonly string[] | null = null,
  issues: readonly Issue[] = [],
): ExplainedVerdict {
  return { kind: 'refused', code, allow, issues };
}

interface Matched {
  readonly question: Question;
  readonly canonical: CanonicalForm;
  readonly params: Readonly<Record<string, string>>;
}

function explainRoute(snapshot: Snapshot, compiled: CompiledOperation, matched: Matched): Explanation {
  const { operation, bodyLimitBytes, bodyDescribed } = compiled;
  const { question, canonical, params } = matched;
  const plan = compiled.plan();
  const route: ExplainedRoute = {
    api: operation.api,
    operation: operation.id,
    method: operation.method,
    template: operation.template,
    params,
    bodyLimitBytes,
    bodyDescribed,
    signInNeeded: !plan.ok || plan.value.signInNeeded,
    cache: cacheOf(compiled, question.method),
    steps: plan.ok ? stepsOf(plan.value) : [],
    upstream: { method: question.method, url: upstreamUrl(compiled, canonical) },
    coverage: snapshot.coverage.find((row) => row.operation === operation.id) ?? null,
  };
  return { canonical, route, verdict: plan.ok ? verdictOf(plan.value) : refused('gateway-fault', null, plan.error) };
}

function cacheOf({ cache }: CompiledOperation, method: string): ExplainedRoute['cache'] {
  if (cache === null || (method !== 'GET' && method !== 'HEAD')) return null;
  return cache.perUser ? 'user' : 'everybody';
}

function stepsOf(plan: Plan): readonly ExplainedStep[] {
  const steps = [...plan.request, ...plan.respond.all, ...plan.record];
  return steps
    .filter(({ head }) => !head)
    .map(({ stage, policy, observed }) => ({
      stage,
      policy,
      observed,
    }));
}

function verdictOf({ request, signInNeeded }: Plan): ExplainedVerdict {
  if (request.length > 0) return { kind: 'judged' };
  return signInNeeded ? refused('unauthenticated') : { kind: 'forwarded' };
}

function upstreamUrl({ api }: CompiledOperation, canonical: CanonicalForm): string {
  return `${api.upstream.scheme}://${api.authority}${upstreamTarget(api, canonical, null)}`;
}
