import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { ToldOnce } from '../../told-once.ts';
import type { ReplyRefusal } from './refusals.ts';

/** What became of a reply that is not as described. */
export type DifferenceEnd = 'refused' | 'passed' | 'without it';

/**
 * Tells the log how replies differ from their description: each difference once a minute, with how often it came, and of
 * differences without number, such as at every depth of a tree, a bounded number.
 */
export class ToldDifferences {
  readonly #log: KindPorts['log'];
  readonly #told: ToldOnce;

  constructor({ clock, log }: Pick<KindPorts, 'clock' | 'log'>) {
    this.#log = log;
    this.#told = new ToldOnce(clock);
  }

  tell({ id, operation }: Exchange, { problem, rule }: ReplyRefusal, end: DifferenceEnd): void {
    const times = this.#told.due(`${operation.id} ${end} ${rule}`);
    if (times === null) return;
    const fields = { operation: operation.id, request: id, code: problem.code, rule, detail: problem.internal };
    this.#log.write('warn', 'reply.differs', WORDS[end], { ...fields, times });
  }
}

const WORDS: Readonly<Record<DifferenceEnd, string>> = {
  refused: 'a reply is not as described, and was refused',
  passed: 'a reply has what is not described, and passed',
  'without it': 'a reply had what is not described, which was taken out',
};
