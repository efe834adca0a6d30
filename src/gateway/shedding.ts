import { networkOf } from '../base/index.ts';
import type { Priority } from '../config/compiled.ts';
import type { Peer, ServerExchange } from '../wire/index.ts';
import type { LoadJudge } from './overload.ts';
import type { GatewayPorts } from './runtime.ts';
import type { CompiledOperation, Snapshot } from './snapshot.ts';

/** So long after a first refusal it is told, for by then it is known whether one network has most of them. */
const LISTEN_MS = 1_000;
/** A thread tells the control side at most this often; that tells the operator each ten minutes. */
const ALERT_HUSH_MS = 10_000;

/** What a thread does with the requests that it can't serve. */
export class Shedding {
  readonly #ports: Pick<GatewayPorts, 'alerts' | 'clock' | 'metrics'>;
  readonly #overload: LoadJudge;
  /** What is to be told of each priority; kept until the next may be told. */
  readonly #untold = new Map<Priority, Refusals>();

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
   * Notes that one of this client is refused, and lets its connection wait before it is heard again. A proxy that is
   * believed is not made to wait: others speak through it.
   */
  note(
    { api, priority }: CompiledOperation,
    stream: ServerExchange,
    { trusted, peer }: Pick<Snapshot, 'trusted'> & { readonly peer: Peer },
  ): void {
    this.#ports.metrics.shed(api.name, priority);
    this.#count(priority, networkOf(peer.address));
    if (trusted?.trusts(stream.request.peer.address) !== true) stream.hush(this.#overload.hushMs());
  }

  #count(priority: Priority, network: string): void {
    let refusals = this.#untold.get(priority);
    if (refusals === undefined) {
      refusals = new Refusals();
      this.#untold.set(priority, refusals);
      const { clock } = this.#ports;
      const counted = refusals;
      clock.after(LISTEN_MS, () => this.#tell(priority, counted));
      clock.after(ALERT_HUSH_MS, () => this.#untold.delete(priority));
    }
    refusals.count(network);
  }

  #tell(priority: Priority, { greedy }: Refusals): void {
    const whose = greedy === null ? '' : `, most of them of ${greedy}, which asks for more than its share`;
    this.#ports.alerts({
      kind: 'overload.shedding',
      key: priority,
      severity: priority === 'low' ? 'medium' : 'high',
      message: `the gateway can't serve all: requests of ${priority} priority are refused${whose}`,
      fields: { level: this.#overload.level, ...(greedy === null ? {} : { network: greedy }) },
    });
  }
}

/** Counts refusals and keeps the one network that may have most of them, in the memory of one (Boyer and Moore 1981). */
class Refusals {
  #total = 0;
  #network = '';
  /** Refusals of that network beyond those that were set off against other networks'. */
  #lead = 0;

  count(network: string): void {
    this.#total++;
    if (this.#lead === 0) this.#network = network;
    this.#lead += network === this.#network ? 1 : -1;
  }

  /** The network that surely has half of them or more; null where none surely has, or where they are too few to say. */
  get greedy(): string | null {
    return this.#total >= FEW && this.#lead * 2 >= this.#total ? this.#network : null;
  }
}

/** A single client that asks twice is not greedy. */
const FEW = 20;
