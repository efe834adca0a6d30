import type { BodyViews, Exchange, RepliedHead, Unseen } from '../policy/index.ts';
import { type BodyNeed, needOf } from './body-need.ts';
import type { PlannedStep } from './planned-step.ts';

/** The steps that are about one reply, and what they read of its body. */
export interface ChosenSteps {
  readonly steps: readonly PlannedStep<'respond'>[];
  readonly reads: BodyNeed;
  /** What the first bytes of the body tell; null where nobody asks them, or it must be whole in any case. */
  readonly opening: Opening | null;
}

/** What the first bytes of a body tell of the steps that would read it whole. */
export interface Opening {
  /** Whether one of them is about a body that begins so; null where more of it must come first. */
  concerns(start: Uint8Array): boolean | null;
  /** Those that are left where none is. */
  readonly others: ChosenSteps;
}

/** What a reply has of which nothing is known yet, and one that no step is about. */
export const NO_STEPS: ChosenSteps = { steps: [], reads: needOf([], 'response'), opening: null };

/**
 * The steps of `respond` of one operation. Some are about certain replies alone, which is known when a reply's head has
 * come: on others they neither run, nor are bodies collected for them.
 */
export class ReplySteps {
  readonly all: readonly PlannedStep<'respond'>[];
  /** What they read of replies as a rule: that of those which read few is left out. */
  readonly reads: BodyNeed;
  /** What of the upstream's is kept from clients because nobody sees it. */
  readonly withheld: readonly Unseen[];
  readonly #whole: ChosenSteps | null;
  /** By the number whose bits are the steps; made when first needed, for an operation meets few sorts of replies. */
  #chosen: Map<number, ChosenSteps> | null = null;

  constructor(all: readonly PlannedStep<'respond'>[]) {
    if (all.length > STEPS_LIMIT) throw new RangeError(`an operation has at most ${STEPS_LIMIT} steps of respond`);
    this.all = all;
    const common = all.filter(({ step }) => step.rare !== true);
    this.reads = needOf(common, 'response');
    this.withheld = all.flatMap(({ observed, step }) => (observed ? [] : (step.withholds ?? [])));
    this.#whole = all.every(({ step }) => step.concerns === undefined) ? chosenOf(all) : null;
  }

  /** Throws where a step does. */
  for(exchange: Exchange, reply: RepliedHead): ChosenSteps {
    if (this.#whole !== null) return this.#whole;
    const { all } = this;
    let bits = 0;
    for (let at = 0; at < all.length; at++) {
      const { step } = all[at] as PlannedStep<'respond'>;
      if (step.concerns === undefined || step.concerns(exchange, reply)) bits |= 1 << at;
    }
    return bits === 0 ? NO_STEPS : this.#chosenBy(bits);
  }

  #chosenBy(bits: number): ChosenSteps {
    this.#chosen ??= new Map();
    const before = this.#chosen.get(bits);
    if (before !== undefined) return before;
    const steps = this.all.filter((_, at) => (bits & (1 << at)) !== 0);
    const chosen = chosenOf(steps);
    this.#chosen.set(bits, chosen);
    return chosen;
  }
}

/** The steps that are about a reply whose body begins so. One that can't be looked into is everybody's concern. */
export function openedBy(chosen: ChosenSteps, { bytes, coded }: BodyViews['start']): ChosenSteps {
  const { opening } = chosen;
  return opening !== null && !coded && opening.concerns(bytes) === false ? opening.others : chosen;
}

function chosenOf(steps: readonly PlannedStep<'respond'>[]): ChosenSteps {
  return { steps, reads: needOf(steps, 'response'), opening: openingOf(steps) };
}

function openingOf(steps: readonly PlannedStep<'respond'>[]): Opening | null {
  const asking = steps.filter(({ step }) => step.concernsBody !== undefined);
  if (asking.length === 0) return null;
  const others = chosenOf(steps.filter((each) => !asking.includes(each)));
  if (others.reads.whole) return null;
  const concerns = (start: Uint8Array): boolean | null => {
    const told = asking.map(({ step }) => step.concernsBody?.(start) ?? null);
    if (told.includes(true)) return true;
    return told.includes(null) ? null : false;
  };
  return { concerns, others };
}

/** As many as a number has bits. There are fewer kinds of policy. */
const STEPS_LIMIT = 30;
