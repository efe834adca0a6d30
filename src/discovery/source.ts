import type { Clock, DnsTransport, Egress, Files, FoundTarget, Random, TargetSource } from '../ports/index.ts';
import type { Result } from '../base/index.ts';

/** What a source has found. `notes` say in words what of it was left out. */
export interface Finding {
  readonly targets: readonly FoundTarget[];
  readonly notes: readonly string[];
}

/** Whoever hears of a source. `failed`: it could not say, and nothing is known anew. */
export interface SourceSink {
  found(finding: Finding): void;
  failed(detail: string): void;
}

/** Ends a source: it tells nothing after this. */
export type StopSource = () => void;

/** What sources work with. */
export interface SourcePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Pick<Files, 'read' | 'watch'>;
  /** One for discovery alone: its calls wait for changes, and would keep others from the way out. */
  readonly egress: Egress;
  readonly dns: DnsTransport;
  /** Where this machine says how names are asked for, such as /etc/resolv.conf. */
  readonly resolverFile: string;
  /** The API of the Kubernetes that runs this program; null where none does. */
  readonly kubernetesApi: string | null;
  /** Reads a list of targets; the error says where in the file what is wrong. */
  readonly readTargets: (bytes: Uint8Array, file: string) => Result<readonly FoundTarget[], string>;
}

/** A source of one kind. */
export type SourceOf<Kind extends TargetSource['kind']> = Extract<TargetSource, { readonly kind: Kind }>;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait behind failures: 1, 2, 4 … 30 seconds, up to a fifth sooner or later by chance. */
class SourceBackOff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** It has failed once more; gives the wait before the next try, in milliseconds. */
  next(): number {
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures, 10), LONGEST_WAIT_MS);
    this.#failures++;
    return spread(waitMs, this.#random);
  }

  /** It has not failed. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Up to a fifth more or less, so that many nodes do not come at once. */
function spread(waitMs: number, random: Random): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  const fraction = new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
  return Math.round(waitMs * (0.8 + 0.4 * fraction));
}

/** What one look has given, and when to look again. */
export interface Look extends Finding {
  readonly againMs: number;
}

/**
 * Looks again and again: when the last look says, and behind a failure by the back-off. A fault of the program is a failure like
 * any other.
 */
export function lookAgain(
  { clock, random }: Pick<SourcePorts, 'clock' | 'random'>,
  sink: SourceSink,
  look: () => Promise<Result<Look, string>>,
): StopSource {
  const backOff = new SourceBackOff(random);
  let stopped = false;
  let timer: { cancel(): void } | null = null;
  const turn = async (): Promise<void> => {
    const looked = await look().catch((fault: unknown) => ({ ok: false, error: faultWords(fault) }) as const);
    if (stopped) return;
    if (looked.ok) backOff.reset();
    timer = clock.after(looked.ok ? looked.value.againMs : backOff.next(), () => void turn());
    if (looked.ok) sink.found(looked.value);
    else sink.failed(looked.error);
  };
  void turn();
  return () => {
    stopped = true;
    timer?.cancel();
  };
}

/** A fault of the program, in words. */
export function faultWords(fault: unknown): string {
  return `a fault of the program: ${fault instanceof Error ? fault.message : String(fault)}`;
}
