export { ACME_CHALLENGES, AcmeChallenges, type ChallengeRow, nameKey, tokenKey } from './acme-challenges.ts';
export { createTraceIds } from './trace-context.ts';
export { createUnspentLimiter } from './unspent-limiter.ts';
export type { CompileContext } from './compilation.ts';
export { compile, compileInSlices, compileWhole, verify } from './compile.ts';
export { kindTable, type KindTable } from './kind-table.ts';
export { coverageInSlices } from './coverage-in-slices.ts';
export { createGateway, type Gateway } from './gateway.ts';
export { createMarkMemory, PlaceMarks } from './place-marks.ts';
export { wholeCacheShare } from './reply-caches.ts';
export { createGatewayMetrics, type GatewayMetrics } from './metrics.ts';
export type { GatewayPorts } from './runtime.ts';
export type { CompiledOperation, Snapshot } from './snapshot.ts';
export { GatewayThread, type GatewayThreadOptions } from './gateway-thread.ts';
export { LISTS_TABLE } from './lists-table.ts';
export { ThreadDesk } from './thread-desk.ts';
export { ThreadKeyRequests } from './key-requests.ts';
export { inFlightLimitOf, Overload } from './overload.ts';
export type { UpstreamReport } from './target-health-watch.ts';
export { healthKey, UPSTREAM_HEALTH, type UpstreamHealthRow } from './upstream-health-table.ts';
export { Router } from './router.ts';
export { ThreadOriginals } from './thread-originals.ts';
export type { FromThread, ListenPlan, OpenPorts, ThreadStatus, ToThread } from './thread-protocol.ts';
export {
  explain,
  type ExplainedRoute,
  type ExplainedStep,
  type ExplainedVerdict,
  type Explanation,
} from './explain.ts';
export type { CanonicalForm, Question, QuestionHeaders } from './question-head.ts';
export { egressView } from './rerouted-snapshot.ts';
export { type ToldCaller, toldCaller } from '../policy/index.ts';
export { rehearse, type RehearsalQuestion, type Rehearsal, type RehearsedVerdict } from './rehearse.ts';
export { readQuestion, withOpening, withType, type WrittenQuestion } from './written-question.ts';
export { runTests, testParcel, type TestOutcome } from './test-run.ts';
export { principalOf as givenPrincipal, type RehearsedStep } from './rehearsed-plan.ts';
export { judgedTables, type TableReader } from './sources.ts';
export {
  type DecisionReason,
  type NamedCaller,
  rehearsalReason,
  type ToldRefusal,
} from './decision-sentence.ts';
export { type RecordedRefusal, recordedReason } from './recorded-reason.ts';
export type { RuleBook } from './rule-place.ts';
