import { type CompletionRecord, type IntentRecord, RECORD_VERSION } from '../base/index.ts';
import type { Outcome } from '../policy/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import { askedWords } from './children.ts';
import type { GatewayPorts } from './runtime.ts';
import type { Walk } from './walk.ts';

/** What every intent says, and what only that of a request that matched, or was decided by somebody, can say. */
export type IntentParts = Pick<IntentRecord, 'id' | 'at' | 'revision' | 'method' | 'address' | 'verdict'> &
  Partial<Pick<IntentRecord, 'api' | 'operation' | 'subject' | 'problem' | 'policy' | 'rule'>>;

/** The record of who, what and the verdict. What is not said is null. */
export function intentOf(said: IntentParts): IntentRecord {
  return {
    version: RECORD_VERSION,
    kind: 'intent',
    id: said.id,
    at: said.at,
    revision: said.revision,
    api: said.api ?? null,
    operation: said.operation ?? null,
    method: said.method,
    subject: said.subject ?? null,
    address: said.address,
    verdict: said.verdict,
    problem: said.problem ?? null,
    policy: said.policy ?? null,
    rule: said.rule ?? null,
  };
}

/** Who decided what of a request, and why. */
type Decision = Pick<Outcome, 'verdict' | 'problem' | 'policy' | 'rule'>;

/** What became of an intent. `summed`: it stands in a sum of refusals only, and so does its end. */
export type IntentState = 'taken' | 'summed' | 'refused';

/**
 * Records who, what and the verdict of a request that matched. Only a refusal may be summed, where nobody knows who sent
 * it and nothing of it has gone upstream.
 */
export function recordIntent(walk: Walk, decision: Decision, forwarded: boolean): IntentState {
  const { ports, refusals } = walk.context;
  const { verdict, problem } = decision;
  const strange = verdict === 'deny' && walk.principal === null && !forwarded;
  if (strange && problem !== null && refusals.counts(problem.code, walk.request.peer.address)) return 'summed';
  return ports.ledger.append(passageIntent(walk, decision)) ? 'taken' : 'refused';
}

/** What a body was found to ask for stands where no rule has decided. */
function passageIntent(walk: Walk, { verdict, problem, policy, rule }: Decision): IntentRecord {
  const { id, startedAtMs, context, compiled, request, callerTexts } = walk;
  const { operation, api } = compiled;
  const asks = compiled.children !== null && rule === null ? askedWords(walk) : null;
  const intent: IntentRecord = {
    version: RECORD_VERSION,
    kind: 'intent',
    id,
    at: startedAtMs,
    revision: context.installed.snapshot.revision,
    api: operation.api,
    operation: operation.id,
    method: request.method,
    subject: callerTexts === null ? null : callerTexts.pseudonym,
    address: request.peer.address,
    verdict,
    problem: problem === null ? null : problem.code,
    policy,
    rule: rule ?? asks,
  };
  const whole: IntentRecord = api.party === null ? intent : { ...intent, direction: 'outbound' };
  return walk.observations === null ? whole : { ...whole, ...walk.observations.take() };
}

/** How an exchange ended, as far as its record says it. */
type CompletionParts = Omit<Outcome, 'verdict' | 'problem' | 'policy' | 'rule'>;

/** Who decided something, and by which rule. */
export type DecidedBy = Pick<Outcome, 'policy' | 'rule'>;

/** The record that closes a request's intent. `since`: who has decided on it since that was recorded. */
export function completionOf(
  { id, at }: Pick<CompletionRecord, 'id' | 'at'>,
  outcome: CompletionParts,
  since: DecidedBy,
): CompletionRecord {
  return {
    version: RECORD_VERSION,
    kind: 'completion',
    id,
    at,
    status: outcome.status,
    upstreamStatus: outcome.upstreamStatus,
    problem: outcome.problemCode,
    requestBytes: outcome.requestBytes,
    responseBytes: outcome.responseBytes,
    durationUs: outcome.durationUs,
    upstreamUs: outcome.upstreamUs,
    grpcStatus: outcome.grpcStatus,
    originalHash: outcome.originalHash,
    cleaned: outcome.cleaned === null ? null : outcome.cleaned.what,
    receivedHash: outcome.cleaned === null ? null : outcome.cleaned.receivedHash,
    policy: since.policy,
    rule: since.rule,
    complete: outcome.complete,
  };
}

/** The same for a request that the gateway answered at once, before any operation or upstream was known. */
export function earlyCompletion(
  id: string,
  at: number,
  reply: Pick<Outcome, 'status' | 'problemCode' | 'responseBytes'>,
): CompletionRecord {
  const nothing = {
    upstreamStatus: null,
    requestBytes: 0,
    durationUs: 0,
    upstreamUs: null,
    grpcStatus: null,
    originalHash: null,
    cleaned: null,
    complete: true,
  };
  return completionOf({ id, at }, { ...nothing, ...reply }, { policy: null, rule: null });
}

/** What the gateway answered by itself to somebody unknown, and why. */
export interface OwnOutcome {
  readonly rule: string;
  readonly status: number;
  readonly bytes: number;
}

/** Records such an answer, whole; false where the ledger gives no room for it. */
export function recordOwnReply(
  { clock, ledger }: Pick<GatewayPorts, 'clock' | 'ledger'>,
  { request, id, revision }: { readonly request: CanonicalRequest; readonly id: string; readonly revision: number },
  { rule, status, bytes }: OwnOutcome,
): boolean {
  const { method, peer } = request;
  const at = clock.now();
  if (!ledger.append(intentOf({ id, at, revision, method, address: peer.address, verdict: 'reply', rule })))
    return false;
  ledger.append(earlyCompletion(id, at, { status, problemCode: null, responseBytes: bytes }));
  return true;
}
