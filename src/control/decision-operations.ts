import type { Result } from '../base/index.ts';
import type { AdminReply, AdminRequest, OperationOf } from './admin-operation.ts';
import {
  type AskedEvaluations,
  type Evaluation,
  QUESTION_LIMIT_BYTES,
  readEvaluation,
  readEvaluations,
  type Semantic,
} from './decision-request.ts';

/** An answer of the AuthZEN Authorization API 1.0: `context` says why. */
export interface DecisionAnswer {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

/** What the admin API asks of the decision point. */
export interface DecisionsBackend {
  /** Answers in the order of the questions, up to the one that ends them; null where no decision can be made or recorded. */
  ask(
    evaluations: readonly Evaluation[],
    semantic: Semantic,
    asker: AdminRequest['asker'],
  ): Promise<readonly DecisionAnswer[] | null>;
}

/** Where the decision point is, beside the address it was asked at. */
const PATHS = { evaluation: '/access/v1/evaluation', evaluations: '/access/v1/evaluations' } as const;

/** The operations of the decision point, by the AuthZEN Authorization API 1.0. */
export const DECISION_OPERATIONS: readonly OperationOf<DecisionsBackend>[] = [
  {
    id: 'evaluateAccess',
    method: 'POST',
    path: PATHS.evaluation,
    summary: 'Whether a subject may do something, as the gateway would decide (AuthZEN Access Evaluation API 1.0).',
    key: true,
    asks: 'decision',
    body: 'json',
    bodyLimitBytes: QUESTION_LIMIT_BYTES,
    query: {},
    run: (decisions, request) =>
      answer(decisions, request, () => {
        const read = readEvaluation(request.body);
        return read.ok ? { ok: true, value: { kind: 'one', evaluation: read.value } } : read;
      }),
  },
  {
    id: 'evaluateAccesses',
    method: 'POST',
    path: PATHS.evaluations,
    summary: 'The same of several questions, 100 at most (AuthZEN Access Evaluations API 1.0).',
    key: true,
    asks: 'decision',
    body: 'json',
    bodyLimitBytes: QUESTION_LIMIT_BYTES,
    query: {},
    run: (decisions, request) => answer(decisions, request, () => readEvaluations(request.body)),
  },
  {
    id: 'describeDecisionPoint',
    method: 'GET',
    path: '/.well-known/authzen-configuration',
    summary: 'Where decisions are asked for (AuthZEN Policy Decision Point metadata).',
    key: false,
    bodyLimitBytes: null,
    query: {},
    run: (_decisions, { authority }) => {
      const base = `https://${authority}`;
      return Promise.resolve({
        status: 200,
        json: {
          policy_decision_point: base,
          access_evaluation_endpoint: `${base}${PATHS.evaluation}`,
          access_evaluations_endpoint: `${base}${PATHS.evaluations}`,
        },
      });
    },
  },
];

async function answer(
  decisions: DecisionsBackend,
  { contentType, asker }: AdminRequest,
  read: () => Result<AskedEvaluations, string>,
): Promise<AdminReply> {
  if (!/^application\/json(?:[ \t]*;.*)?$/i.test(contentType ?? ''))
    return malformed('the content type is application/json');
  const asked = read();
  if (!asked.ok) return malformed(asked.error);
  const { value } = asked;
  const [evaluations, semantic] =
    value.kind === 'one' ? [[value.evaluation], 'execute_all' as const] : [value.evaluations, value.semantic];
  const answers = await decisions.ask(evaluations, semantic, asker);
  if (answers === null) return { status: 503, problem: { code: 'not-recorded' } };
  return { status: 200, json: value.kind === 'one' ? answers[0] : { evaluations: answers } };
}

function malformed(detail: string): AdminReply {
  return { status: 400, problem: { code: 'invalid-body', detail } };
}
