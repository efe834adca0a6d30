import { networkOf, type ProblemCode, RECORD_VERSION, refusalSumFields } from '../base/index.ts';
import type { Timer } from '../ports/index.ts';
import { AlertHush } from './alert-hush.ts';
import type { GatewayPorts } from './runtime.ts';

/** So many refusals a second have records of their own: all that honest clients cause, and a tenth of a MiB. */
export const SINGLE_REFUSALS = 200;
const SECOND_MS = 1_000;
/** Networks that are told apart while a sum grows, for each code: a crowd takes no more memory than this. */
const NETWORKS_HELD = 256;
/** Those of them that its record names; all of them would not fit in a record's text. */
export const NETWORKS_NAMED = 16;

/** What a sum counts: refusals by their code, and what serves nothing either: the plain port's redirects, and reports of browsers. */
export type Summed = ProblemCode | 'redirect' | 'csp-report';

type SumPorts = Pick<GatewayPorts, 'alerts' | 'clock' | 'ledger' | 'log' | 'metrics' | 'nextId'>;

interface GrowingSum {
  count: number;
  readonly sinceMs: number;
  readonly networks: Map<string, number>;
}

/**
 * Bounds what refusals of strangers may write into the ledger of one thread: beyond so many a second they are counted by
 * code and network, and each second's counts are one record for each code. Nothing is counted that the ledger does not
 * take in the end: where it takes no sum, refusals are tried singly again, and turn into 503 where it takes none either.
 */
export class RefusalSums {
  readonly #ports: SumPorts;
  /** By code, of which there are less than a hundred. */
  readonly #sums = new Map<Summed, GrowingSum>();
  readonly #hush = new AlertHush<'refusals'>();
  #secondMs = Number.NEGATIVE_INFINITY;
  #single = 0;
  #timer: Timer | null = null;
  /** The ledger did not take a sum, and has taken none since. */
  #stuck = false;
  #closed = false;

  constructor(ports: SumPorts) {
    this.#ports = ports;
  }

  /**
   * Whether this refusal was counted in a sum; else it is to be recorded by itself. Only for requests of which nobody
   * knows who sends them, and of which nothing goes upstream.
   */
  counts(code: Summed, address: string): boolean {
    if (this.#closed) return false;
    const { clock, metrics } = this.#ports;
    const nowMs = clock.monotonic();
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#single = 0;
    }
    if (this.#single < SINGLE_REFUSALS) {
      this.#single++;
      return false;
    }
    if (this.#stuck) this.#write();
    if (this.#stuck) return false;
    this.#add(code, networkOf(address));
    metrics.summed();
    if (this.#hush.mayTell('refusals', nowMs)) this.#tell();
    this.#timer ??= clock.after(SECOND_MS, () => this.#tick());
    return true;
  }

  #add(code: Summed, network: string): void {
    let sum = this.#sums.get(code);
    if (sum === undefined) {
      sum = { count: 0, sinceMs: this.#ports.clock.now(), networks: new Map() };
      this.#sums.set(code, sum);
    }
    sum.count++;
    const { networks } = sum;
    const counted = networks.get(network);
    if (counted !== undefined) networks.set(network, counted + 1);
    else if (networks.size < NETWORKS_HELD) networks.set(network, 1);
  }

  #tell(): void {
    const message =
      'so many requests of strangers are refused that the ledger holds them in sums; these name the networks';
    this.#ports.alerts({ kind: 'attack.bounded', key: 'refusals', severity: 'medium', message });
  }

  #tick(): void {
    this.#timer = null;
    this.#write();
    if (this.#stuck) this.#timer = this.#ports.clock.after(SECOND_MS, () => this.#tick());
  }

  #write(): void {
    const { clock, ledger, nextId } = this.#ports;
    this.#stuck = false;
    for (const [code, sum] of this.#sums) {
      const at = clock.now();
      const fields = refusalSumFields(code, namedSum(sum));
      this.#stuck = !ledger.append({ version: RECORD_VERSION, kind: 'change', id: nextId(at), at, ...fields });
      if (this.#stuck) return;
      this.#sums.delete(code);
    }
  }

  /** Writes what has been counted, and counts nothing more: each refusal is to be recorded by itself from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#write();
    if (!this.#stuck) return;
    let lost = 0;
    for (const { count } of this.#sums.values()) lost += count;
    this.#ports.log.write('error', 'ledger.sums-lost', 'the ledger took no more sums of refusals', { lost });
  }
}

/** With the networks of the most refusals; `others` is what is left, those beyond what was told apart included. */
function namedSum({ count, sinceMs, networks }: GrowingSum): Parameters<typeof refusalSumFields>[1] {
  const named = [...networks].toSorted(([, one], [, other]) => other - one).slice(0, NETWORKS_NAMED);
  const others = named.reduce((left, [, counted]) => left - counted, count);
  return { count, sinceMs, networks: named, others };
}
