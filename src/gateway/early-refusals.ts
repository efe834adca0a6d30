import type { Problem, RecordedVerdict } from '../base/index.ts';
import type { Peer, ServerHandler } from '../wire/index.ts';
import type { EntryFault } from './entrance.ts';
import { earlyCompletion, intentOf } from './ledger-records.ts';
import type { RefusalSums } from './refusal-sums.ts';
import { answerHead, createDateSource, problemAnswer } from './reply.ts';
import type { GatewayPorts } from './runtime.ts';
import { addSecurityFields } from './security-fields.ts';
import type { Snapshot } from './snapshot.ts';

/** A request that is refused before any operation is known. */
export interface Refused {
  readonly id: string;
  readonly peer: Peer;
  /** Empty where it could not be read. */
  readonly method: string;
  readonly verdict: Extract<RecordedVerdict, 'deny' | 'malformed'>;
  /** Whether the reply's body goes out. */
  readonly sendsBody: boolean;
  /** What it was not let in for; null where it was something else. */
  readonly fault?: Omit<EntryFault, 'problem'> | null;
  /** Whether one of our APIs sent it, to a third party. */
  readonly outbound: boolean;
}

/** The head and the body of the answer to one. */
export type Refusal = ReturnType<ServerHandler['refused']>;

/** What they are answered with. */
interface EarlyRefusalsOptions {
  readonly ports: GatewayPorts;
  readonly sums: Pick<RefusalSums, 'counts'>;
  readonly current: () => Pick<Snapshot, 'revision' | 'strictTransport'> | null;
}

/** Answers requests that are refused before any operation is known: recorded, or counted in a sum, and told the client. */
export class EarlyRefusals {
  readonly #options: EarlyRefusalsOptions;
  readonly #date: () => string;

  constructor(options: EarlyRefusalsOptions) {
    this.#options = options;
    this.#date = createDateSource(() => options.ports.clock.now());
  }

  /** What the client is told of a problem, which stands in the ledger before: else it is told that. */
  answer(problem: Problem, { id, peer, method, verdict, sendsBody, fault = null, outbound }: Refused): Refusal {
    const { clock, ledger, log, metrics } = this.#options.ports;
    const snapshot = this.#options.current();
    const revision = snapshot?.revision ?? 0;
    const { address } = peer;
    const who = { id, at: clock.now(), revision, method, address };
    const rule = fault === null ? null : fault.rule;
    const intent = { ...who, verdict, problem: problem.code, rule };
    const summed = this.#options.sums.counts(problem.code, address);
    const record = intentOf(intent);
    const taken = summed || ledger.append(outbound ? { ...record, direction: 'outbound' } : record);
    const answered: Problem = taken ? problem : { code: 'not-recorded' };
    const answer = problemAnswer(answered, id);
    metrics.refused(answered.code, answered.internal);
    metrics.finished(null, answer.status, 0);
    if (taken && !summed) {
      const responseBytes = sendsBody ? answer.body.length : 0;
      ledger.append(
        earlyCompletion(id, clock.now(), { status: answer.status, problemCode: answered.code, responseBytes }),
      );
    }
    const detail = rule ?? problem.internal;
    log.write('debug', 'request.refused', answered.code, { request: id, address, detail });
    answer.added.push('date', this.#date(), 'x-request-id', id);
    const tls = peer.tls !== null;
    const strictTransport = tls && snapshot?.strictTransport === true;
    const { status, added } = answer;
    addSecurityFields(added, { status, fields: null, tls, strictTransport, authenticated: false, wallMs: clock.now() });
    const head = answerHead(answer);
    return { head: fault?.endsSession === true ? { ...head, closes: true, retires: true } : head, body: answer.body };
  }
}
