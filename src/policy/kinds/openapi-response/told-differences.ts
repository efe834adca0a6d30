import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { ReplyRefusal } from './refusals.ts';

/** What became of a reply that is not as described. */
export type DifferenceEnd = 'refused' | 'passed' | 'without it';

/** How often one difference of one operation is told: an upstream that differs mostly does so in every reply. */
const PAUSE_MS = 60_000;
/** So many differences are told in that time. One more takes the place of the one that was told first, once that may be told again. */
const REMEMBERED = 1_000;

/**
 * Tells the log how replies differ from their description: each difference once a minute, with how often it came, and of
 * differences without number, such as at every depth of a tree, a bounded number.
 */
export class ToldDifferences {
  readonly #ports: Pick<KindPorts, 'clock' | 'log'>;
  readonly #told = new Map<string, { readonly atMs: number; since: number }>();

  constructor(ports: Pick<KindPorts, 'clock' | 'log'>) {
    this.#ports = ports;
  }

  tell({ id, operation }: Exchange, { problem, rule }: ReplyRefusal, end: DifferenceEnd): void {
    const key = `${operation.id} ${end} ${rule}`;
    const nowMs = this.#ports.clock.monotonic();
    const before = this.#told.get(key);
    if (before !== undefined && nowMs - before.atMs < PAUSE_MS) {
      before.since += 1;
      return;
    }
    this.#told.delete(key);
    const [first] = this.#told;
    if (first !== undefined && this.#told.size >= REMEMBERED) {
      if (nowMs - first[1].atMs < PAUSE_MS) return;
      this.#told.delete(first[0]);
    }
    this.#told.set(key, { atMs: nowMs, since: 0 });
    const fields = { operation: operation.id, request: id, code: problem.code, rule, detail: problem.internal };
    const times = (before?.since ?? 0) + 1;
    this.#ports.log.write('warn', 'reply.differs', WORDS[end], { ...fields, times });
  }
}

const WORDS: Readonly<Record<DifferenceEnd, string>> = {
  refused: 'a reply is not as described, and was refused',
  passed: 'a reply has what is not described, and passed',
  'without it': 'a reply had what is not described, which was taken out',
};
