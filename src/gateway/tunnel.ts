import { type Problem, problemStatus } from '../base/index.ts';
import type { WebSocketConfig } from '../config/compiled.ts';
import type { Timer } from '../ports/index.ts';
import { CloseCode, type OutgoingHead, type TunnelEnds, type TunnelSide } from '../wire/index.ts';
import { FramePace } from './frame-pace.ts';
import type { StreamEnd } from './stream-metrics.ts';
import { TunnelEndpoint, type TunnelHost } from './tunnel-endpoint.ts';
import type { Standing, Walk } from './walk.ts';

/** So long the two may take over their goodbyes. */
const CLOSING_MS = 5_000;
/** A client whose frames have waited for so long sends more than it may. */
const STALL_LIMIT_MS = 10_000;
/** Frames are let go in handfuls: a timer for each would cost more than they do. */
const LEAST_WAIT_MS = 20;

/**
 * A WebSocket between a client and an upstream, from the upstream's 101 to the end of both. It ends exactly once, and with
 * it the walk that began it.
 */
export class Tunnel implements Standing, TunnelHost {
  readonly kind = 'websocket';
  readonly walk: Walk;
  readonly #rules: WebSocketConfig;
  readonly #client: TunnelEndpoint;
  readonly #upstream: TunnelEndpoint;
  readonly #upstreamSide: TunnelSide;
  #phase: 'judged' | 'open' | 'closing' | 'over' = 'judged';
  /** Why it ends; null while nothing has happened but that the two may have said goodbye. */
  #end: StreamEnd | null = null;
  /** Whether each said goodbye to the other, as far as is known. */
  #isWhole = true;
  #movedMs: number;
  #idleTimer: Timer | null = null;
  #stallTimer: Timer | null = null;
  #closingTimer: Timer | null = null;

  constructor(walk: Walk, rules: WebSocketConfig, upstream: TunnelSide) {
    this.walk = walk;
    this.#rules = rules;
    this.#upstreamSide = upstream;
    this.#movedMs = this.nowMs();
    const { messageBytes, rate } = rules;
    this.#client = new TunnelEndpoint('client', this, { messageBytes, pace: new FramePace(rate, this.#movedMs) });
    this.#upstream = new TunnelEndpoint('upstream', this, { messageBytes, pace: null });
    this.#upstream.join(upstream, this.#client);
  }

  /** Who hears of the upstream's side. */
  get upstreamEnds(): TunnelEnds {
    return this.#upstream;
  }

  /** The upstream's switch has been judged, and may be passed on: both may speak from here on. */
  open(head: OutgoingHead): void {
    if (this.#phase !== 'judged') return;
    this.#phase = 'open';
    const client = this.walk.stream.switchTo(head, this.#client);
    this.#client.join(client, this.#upstream);
    this.walk.stand(this);
    this.#watchIdle(this.#rules.idleMs);
    client.resume();
    this.#upstreamSide.resume();
  }

  /** The walk is over, whatever the two have to say: what stands upstream goes with the call. */
  abandon(): void {
    this.#leave('reload');
  }

  close(problem: Problem): void {
    const code = closeCodeOf(problem);
    this.#shut({ end: 'refused', problem, client: code, upstream: code });
  }

  drain(): void {
    this.#shut({ end: 'drain', problem: null, client: CloseCode.serviceRestart, upstream: CloseCode.goingAway });
  }

  nowMs(): number {
    return this.walk.context.ports.clock.monotonic();
  }

  mask(): Uint8Array {
    return Buffer.from(this.walk.context.ports.traces.nextSpan(), 'hex').subarray(0, 4);
  }

  passed(from: TunnelEndpoint, bytes: number, messages: number): void {
    this.#movedMs = this.nowMs();
    const isClient = from === this.#client;
    if (!isClient) this.walk.sent(bytes);
    if (messages === 0) return;
    const { metrics } = this.walk.context.ports;
    metrics.messages(this.walk.operation.api, isClient ? 'client' : 'upstream', messages);
  }

  faulted(from: TunnelEndpoint, fault: 'protocol' | 'too-large'): void {
    const own = fault === 'protocol' ? CloseCode.protocolError : CloseCode.messageTooBig;
    const internal = `${fault} in a frame`;
    if (from === this.#upstream) {
      const problem: Problem = { code: 'upstream-malformed-reply', internal };
      this.#shut({ end: 'message', problem, client: CloseCode.badGateway, upstream: own });
      return;
    }
    const problem: Problem = { code: fault === 'protocol' ? 'malformed-message' : 'message-too-large', internal };
    this.#shut({ end: 'message', problem, client: own, upstream: own });
  }

  lost(from: TunnelEndpoint): void {
    if (this.#phase === 'closing') {
      this.#answerFor(from);
      return;
    }
    if (from === this.#client) {
      this.#shut({ end: 'client', problem: null, client: CloseCode.goingAway, upstream: CloseCode.goingAway });
      return;
    }
    const detail = 'connection closed by the upstream';
    if (this.#phase === 'judged') {
      this.#phase = 'over';
      this.walk.failed({ code: 'upstream-incomplete-reply', detail });
      return;
    }
    const problem: Problem = { code: 'upstream-incomplete-reply', internal: detail };
    this.#shut({ end: 'upstream', problem, client: CloseCode.badGateway, upstream: CloseCode.goingAway });
  }

  stalled(from: TunnelEndpoint, waitMs: number): void {
    if (from.stalledMs(this.nowMs()) >= STALL_LIMIT_MS) {
      const code = CloseCode.policyViolation;
      this.#shut({ end: 'rate', problem: { code: 'rate-limited' }, client: code, upstream: code });
      return;
    }
    this.#stallTimer?.cancel();
    const delayMs = Math.min(STALL_LIMIT_MS, Math.max(LEAST_WAIT_MS, waitMs));
    this.#stallTimer = this.walk.context.ports.clock.after(delayMs, () => from.goOn());
  }

  closing(from: TunnelEndpoint): void {
    this.#end ??= from === this.#client ? 'client' : 'upstream';
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#idleTimer?.cancel();
    this.#closingTimer = this.walk.context.ports.clock.after(CLOSING_MS, () => {
      this.#isWhole = false;
      this.#client.reset();
      this.#upstream.reset();
    });
  }

  settled(): void {
    if (this.#client.over && this.#upstream.over) this.#finish();
  }

  /** Says goodbye to both. Only the first reason counts. */
  #shut(why: {
    readonly end: StreamEnd;
    readonly problem: Problem | null;
    readonly client: CloseCode;
    readonly upstream: CloseCode;
  }): void {
    if (this.#phase !== 'open' || this.#end !== null) return;
    this.#end = why.end;
    this.#isWhole = why.end === 'idle' || why.end === 'drain';
    if (why.problem !== null) this.walk.note(why.problem);
    this.closing(this.#client);
    this.#client.close(why.client);
    this.#upstream.close(why.upstream);
  }

  /** One has gone that was told goodbye, and has not answered: where the other waits for that, it need wait no longer. */
  #answerFor(gone: TunnelEndpoint): void {
    const [other, code] =
      gone === this.#client ? [this.#upstream, CloseCode.goingAway] : [this.#client, CloseCode.badGateway];
    if (!other.awaitsClose) return;
    this.#isWhole = false;
    other.close(code);
  }

  /** Ends it when nothing has come from either side for too long. */
  #watchIdle(delayMs: number): void {
    this.#idleTimer = this.walk.context.ports.clock.after(delayMs, () => {
      const leftMs = this.#movedMs + this.#rules.idleMs - this.nowMs();
      if (leftMs > 0) this.#watchIdle(leftMs);
      else this.#shut({ end: 'idle', problem: null, client: CloseCode.goingAway, upstream: CloseCode.goingAway });
    });
  }

  #finish(): void {
    if (this.#leave(this.#end ?? 'client')) this.walk.finished(this.#isWhole);
  }

  #leave(end: StreamEnd): boolean {
    if (this.#phase === 'over') return false;
    this.#phase = 'over';
    this.#idleTimer?.cancel();
    this.#stallTimer?.cancel();
    this.#closingTimer?.cancel();
    this.walk.context.standing.remove(this, end);
    return true;
  }
}

/** What a client is told by a Close frame where a reply would have told it of a problem (RFC 6455 §7.4.1). */
function closeCodeOf({ code }: Problem): CloseCode {
  switch (problemStatus(code)) {
    case 400:
      return CloseCode.protocolError;
    case 413:
      return CloseCode.messageTooBig;
    case 502:
    case 504:
      return CloseCode.badGateway;
    case 503:
      return CloseCode.serviceRestart;
    default:
      return CloseCode.policyViolation;
  }
}
