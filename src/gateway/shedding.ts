import type { Priority } from '../config/compiled.ts';
import type { ServerExchange } from '../wire/index.ts';
import type { LoadJudge } from './overload.ts';
import type { GatewayPorts } from './runtime.ts';
import type { CompiledOperation, Snapshot } from './snapshot.ts';

/** A thread tells the control side at most this often; that tells the operator each ten minutes. */
const ALERT_HUSH_MS = 10_000;

/** What a thread does with the requests that it can't serve. */
export class Shedding {
  readonly #ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'metrics'>;
  readonly #overload: LoadJudge;
  readonly #hushedUntilMs = new Map<Priority, number>();

  constructor(ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'metrics'>, overload: LoadJudge) {
    this.#ports = ports;
    this.#overload = overload;
  }

  /** So many requests may be under way. */
  get inFlightLimit(): number {
    return this.#overload.inFlightLimit;
  }

  /** Whether a request of this operation is refused, where so many others are under way: see `Overload.sheds`. */
  sheds({ priority }: CompiledOperation, inFlight: number, waitingShare: number): boolean {
    return this.#overload.sheds(priority, inFlight, waitingShare);
  }

  /**
   * Notes that one is refused, and lets its client wait before it is heard again. A proxy that is believed is not made to
   * wait: others speak through it.
   */
  note({ api, priority }: CompiledOperation, stream: ServerExchange, { trusted }: Pick<Snapshot, 'trusted'>): void {
    this.#ports.metrics.shed(api.name, priority);
    this.#tell(priority);
    if (trusted?.trusts(stream.request.peer.address) !== true) stream.hush(this.#overload.hushMs());
  }

  #tell(priority: Priority): void {
    const { alerts, clock } = this.#ports;
    const nowMs = clock.monotonic();
    if (nowMs < (this.#hushedUntilMs.get(priority) ?? 0)) return;
    this.#hushedUntilMs.set(priority, nowMs + ALERT_HUSH_MS);
    alerts({
      kind: 'overload.shedding',
      key: priority,
      severity: priority === 'low' ? 'medium' : 'high',
      message: `the gateway can't serve all: requests of ${priority} priority are refused`,
      fields: { level: this.#overload.level },
    });
  }
}
