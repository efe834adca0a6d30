import type { Hit } from '../../../leaks/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { ToldOnce } from '../../told-once.ts';

/** A rule is cut here: the record needs to tell places apart, not to hold essays. */
const RULE_LENGTH = 200;
/** So many places of one reply are told. */
const PLACE_LIMIT = 10;

/** What was found in the replies of an operation, in words that may be recorded: classes, forms, places and numbers, no values. */
export interface LeakWords {
  /** The class, what became of it and where, of what is worst. */
  readonly rule: string;
  readonly detail: string;
}

/** Puts it in words. */
export function leakWords(hits: readonly Hit[], count: number): LeakWords {
  const [first] = [...hits].sort((one, other) => RANK[other.action] - RANK[one.action]);
  const rule = first === undefined ? '' : `${first.kind}.${first.action}${first.place === '' ? '' : `#${first.place}`}`;
  const times = new Map<string, number>();
  for (const { kind, form, action, place } of hits) {
    const key = `${kind} (${form}) ${action}${place === '' ? '' : ` at ${place}`}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  const told = [...times].slice(0, PLACE_LIMIT).map(([key, each]) => `${key}, ${each} times`);
  const more = times.size > PLACE_LIMIT ? '; and more' : '';
  return { rule: rule.slice(0, RULE_LENGTH), detail: `${count} found: ${told.join('; ')}${more}` };
}

const RANK = { report: 0, mask: 1, drop: 2, refuse: 3 } as const;

/** Tells the log what was found in replies, each sort of an operation once a minute, with how often it came. */
export class ToldLeaks {
  readonly #log: KindPorts['log'];
  readonly #told: ToldOnce;

  constructor({ clock, log }: Pick<KindPorts, 'clock' | 'log'>) {
    this.#log = log;
    this.#told = new ToldOnce(clock);
  }

  tell({ id, operation }: Exchange, { rule, detail }: LeakWords): void {
    const times = this.#told.due(`${operation.id} ${rule}`);
    if (times === null) return;
    const fields = { operation: operation.id, request: id, code: 'reply-leaks', rule, detail, times };
    this.#log.write('warn', 'reply.leaks', 'a reply held what must not leave', fields);
  }
}
