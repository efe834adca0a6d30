import { createPicker, type Picker } from '../balance/index.ts';
import type { BalanceConfig, TargetConfig } from '../config/compiled.ts';
import type { CallClient, Upstream, UpstreamCall, UpstreamEvents, UpstreamFailure } from '../wire/index.ts';
import { BalancedCall, type BalancedCallHost, type Endpoint, UNAVAILABLE } from './balanced-call.ts';
import type { Failing } from './failing.ts';
import type { RoutedRequest } from './upstream-caller.ts';
import type { TargetHealthWatch } from './target-health-watch.ts';

/** What a balancer works with besides its targets. */
export interface BalancerPorts {
  /**
   * What carries requests to a target: the same one for the same target, as long as it lives. `count`: how many targets
   * there are; `name` is the target's own, `authority` what it is called in requests.
   */
  open(
    target: TargetConfig,
    count: number,
  ): { readonly name: string; readonly authority: string; readonly upstream: Upstream };
  monotonic(): number;
  /** From 0 up to 1. */
  chance(): number;
  readonly health: TargetHealthWatch;
  readonly failing: Failing;
}

/** How many targets are asked how full their queues are. */
const ASKED_QUEUES = 4;
const NONE: readonly Endpoint[] = [];

/** Carries the requests of one upstream to its targets. */
export class Balancer implements BalancedCallHost {
  readonly #balance: BalanceConfig;
  readonly #ports: BalancerPorts;
  readonly watch: TargetHealthWatch;
  readonly failing: Failing;
  readonly monotonic: () => number;
  #endpoints: readonly Endpoint[] = NONE;
  #picker: Picker<Endpoint> | null = null;

  constructor(balance: BalanceConfig, targets: readonly TargetConfig[], ports: BalancerPorts) {
    this.#balance = balance;
    this.#ports = ports;
    this.watch = ports.health;
    this.failing = ports.failing;
    this.monotonic = () => ports.monotonic();
    this.use(targets);
  }

  get picker(): Picker<Endpoint> {
    if (this.#picker === null) throw new Error('a balancer without its targets');
    return this.#picker;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Puts other targets in place of these. Those that stay keep what is known of them; requests under way go on. */
  use(targets: readonly TargetConfig[]): void {
    const known = new Map(this.#endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#endpoints = targets.map((target) => {
      const { name, authority, upstream } = this.#ports.open(target, targets.length);
      const old = known.get(name);
      if (old !== undefined && old.weight === target.weight && old.upstream === upstream) return old;
      return { name, weight: target.weight, share: old?.share ?? 1, inFlight: 0, authority, upstream };
    });
    const chance = (): number => this.#ports.chance();
    this.#picker = createPicker(this.#balance.rule, this.#endpoints, chance, this.#picker);
    this.watch.use(this.#endpoints, this.#picker);
  }

  /** A live table has a new version. */
  tableReplaced(name: string): void {
    this.watch.tableReplaced(name);
  }

  /** How much of its queue a client finds taken at the emptiest of a few targets: from 0 to 1. */
  waitingShare(client: CallClient): number {
    const count = this.#endpoints.length;
    let least = 1;
    let isAny = false;
    let at = Math.floor(this.#ports.chance() * count);
    for (let asked = 0; asked < Math.min(ASKED_QUEUES, count); asked++, at++) {
      const endpoint = this.#endpoints[at % count] as Endpoint;
      if (endpoint.share === 0) continue;
      isAny = true;
      least = Math.min(least, endpoint.upstream.waitingShare(client));
    }
    // Where none can be asked nobody waits: the call itself fails, by another word.
    return isAny ? least : 0;
  }

  call(
    request: RoutedRequest,
    events: UpstreamEvents,
    client: CallClient,
    atMs: number = this.monotonic(),
  ): UpstreamCall {
    const { breaker, retries } = this.failing;
    const period = breaker === null ? 0 : breaker.begin(atMs);
    if (period === null) return failLater(events, breaker?.refusal(atMs));
    const endpoint = this.picker.pick(request.hash, NONE);
    if (endpoint === null) {
      breaker?.left(period, atMs);
      return failLater(events);
    }
    retries?.requested(atMs);
    return new BalancedCall(this, endpoint, { request, client, atMs, period }, events);
  }
}

/** The caller has no call in hand yet that it could connect a failure with. */
function failLater(events: UpstreamEvents, failure: UpstreamFailure = UNAVAILABLE): UpstreamCall {
  let over = false;
  process.nextTick(() => {
    if (!over) events.failed(failure);
  });
  return { write: () => true, finish() {}, resume() {}, allowIdle() {}, abort: () => void (over = true) };
}
