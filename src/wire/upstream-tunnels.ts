import { type CallClient, NetworkShares } from './network-shares.ts';
import type { UpstreamCall, UpstreamEvents, UpstreamFailure } from './upstream-call.ts';
import { UpstreamTunnelCall, type UpstreamTunnelOptions } from './upstream-tunnel.ts';
import type { UpgradeRequest } from './write-head.ts';

/**
 * The upgrades of one upstream: those that were asked for, and those that became tunnels. They stand for hours, so they
 * have a bound of their own, and no client network gets more than its share of it.
 */
export class UpstreamTunnels {
  readonly #limit: number;
  readonly #options: Omit<UpstreamTunnelOptions, 'over'>;
  readonly #calls = new Map<UpstreamTunnelCall, CallClient>();
  readonly #shares = new NetworkShares(() => this.#calls.values());

  constructor(limit: number, options: Omit<UpstreamTunnelOptions, 'over'>) {
    this.#limit = limit;
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#calls.size;
  }

  /** Asks for an upgrade, on a new connection. Where there is no room for one, it fails in the next moment. */
  open(request: UpgradeRequest, events: UpstreamEvents, client: CallClient): UpstreamCall {
    if (!this.#shares.mayTake(client, this.size, this.#limit - this.size)) {
      process.nextTick(fail, events);
      return NO_CALL;
    }
    const call = new UpstreamTunnelCall(request, events, {
      ...this.#options,
      over: (done) => this.#over(done, client),
    });
    this.#calls.set(call, client);
    this.#shares.took(client);
    return call;
  }

  /** Holds the bounds on time. */
  sweep(now: number): void {
    for (const call of this.#calls.keys()) call.sweep(now);
  }

  #over(call: UpstreamTunnelCall, client: CallClient): void {
    if (this.#calls.delete(call)) this.#shares.gaveBack(client, this.size, this.#limit - this.size);
  }
}

const NO_CALL: UpstreamCall = { write: () => true, finish() {}, resume() {}, allowIdle() {}, abort() {} };
const NO_ROOM: UpstreamFailure = {
  code: 'upstream-overloaded',
  detail: 'there are as many upgraded connections as may be, or its network has its share of them',
  unprocessed: true,
};

function fail(events: UpstreamEvents): void {
  events.failed(NO_ROOM);
}
