import {
  ASKED_OPERATIONS,
  type AskedOperation,
  type BodyViews,
  type Exchange,
  PASS,
  type Principal,
  type Slot,
  type Verdict,
} from '../policy/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import { plannedStep, type RequestStep } from './planned-step.ts';
import type { CompiledOperation } from './snapshot.ts';

/** The operations that bodies of an API's requests name, by their names. */
export type Children = ReadonlyMap<string, CompiledOperation>;

/**
 * Whoever may do all of it is asked first, so that no limit is spent on what is refused; each time that an operation is
 * asked for counts.
 */
const STAGES: readonly { readonly stages: readonly RequestStep['stage'][]; readonly eachTime: boolean }[] = [
  { stages: ['authorize'], eachTime: false },
  { stages: ['admit', 'limit'], eachTime: true },
  { stages: ['decide'], eachTime: false },
];

/**
 * The step behind `inspect` that judges the operations which a body was found to name, each by its own steps. A body of
 * which nobody said what it names is a fault, and so is a name that is no operation: both are refused.
 */
export function childrenStep(policy: string, children: Children): RequestStep {
  return plannedStep<'inspect'>(
    { stage: 'inspect', policy, observed: false, head: false },
    // They may have conditions on the body, which was read before.
    {
      reads: { request: 'parsed', response: 'none' },
      run: (exchange) => runSteps(exchange, turnsOf(askedIn(exchange), children, STAGES), 0),
    },
  );
}

/** Whether a request that has long begun may still ask for what its body named: only what says so runs. */
export function judgeChildrenAgain(
  exchange: Exchange,
  asked: readonly AskedOperation[],
  children: Children,
): Verdict | Promise<Verdict> {
  return runSteps(exchange, turnsOf(asked, children, STAGES.slice(0, 1)), 0);
}

/** What a body was found to name. */
function askedIn(exchange: Pick<Exchange, 'slot'>): readonly AskedOperation[] {
  const { value } = exchange.slot(ASKED_OPERATIONS);
  if (value === null) throw new Error('nobody said which operations the body names');
  return value;
}

/** A step of one of the operations, which runs so many times. */
interface Turn {
  readonly operation: CompiledOperation['operation'];
  readonly planned: RequestStep;
  readonly times: number;
}

function turnsOf(asked: readonly AskedOperation[], children: Children, order: typeof STAGES): readonly Turn[] {
  const named = asked.map(({ name, count }) => {
    const child = children.get(name);
    if (child === undefined) throw new Error('a body names an operation that there is not');
    const plan = child.plan();
    if (!plan.ok) throw new Error(`the steps of ${name} can't be built`);
    return { operation: child.operation, steps: plan.value.request, count };
  });
  return order.flatMap(({ stages, eachTime }) =>
    named.flatMap(({ operation, steps, count }) =>
      steps
        .filter(({ stage }) => stages.includes(stage))
        .map((planned) => ({ operation, planned, times: eachTime ? count : 1 })),
    ),
  );
}

function runSteps(exchange: Exchange, turns: readonly Turn[], from: number): Verdict | Promise<Verdict> {
  for (let at = from; at < turns.length; at++) {
    const turn = turns[at] as Turn;
    const verdict = runTurn(exchange, turn, turn.times);
    if (verdict instanceof Promise) {
      return verdict.then((settled) => (settled.kind === 'pass' ? runSteps(exchange, turns, at + 1) : settled));
    }
    if (verdict.kind !== 'pass') return verdict;
  }
  return PASS;
}

function runTurn(exchange: Exchange, turn: Turn, times: number): Verdict | Promise<Verdict> {
  const child = new ChildExchange(exchange, turn.operation);
  for (let left = times; left > 0; left--) {
    const verdict = turn.planned.step.run(child, UNEDITED);
    if (verdict instanceof Promise) {
      return verdict.then((settled) => {
        const said = saidBy(turn, settled);
        return said.kind === 'pass' && left > 1 ? runTurn(exchange, turn, left - 1) : said;
      });
    }
    const said = saidBy(turn, verdict);
    if (said.kind !== 'pass') return said;
  }
  return PASS;
}

/** Stages that edit are none of those that run here. */
const UNEDITED = undefined as never;

/** A refusal names the operation and the policy that refused it; anything else than that or passing is no verdict here. */
function saidBy({ operation, planned }: Turn, verdict: { readonly kind: string }): Verdict {
  const said = verdict as Verdict;
  if (said.kind === 'pass') return PASS;
  if (said.kind !== 'deny') throw new Error(`a step of ${planned.stage} gave no clear verdict on what a body names`);
  const rule = said.rule === undefined ? operation.name : `${operation.name}: ${said.rule}`;
  return { kind: 'deny', problem: said.problem, rule, policy: planned.policy };
}

/** The request as one that asks for the operation alone, with slots of its own. */
class ChildExchange implements Exchange {
  readonly operation: CompiledOperation['operation'];
  readonly #exchange: Exchange;
  readonly #slots: unknown[] = [];

  constructor(exchange: Exchange, operation: CompiledOperation['operation']) {
    this.#exchange = exchange;
    this.operation = operation;
  }

  get id(): string {
    return this.#exchange.id;
  }

  get request(): CanonicalRequest {
    return this.#exchange.request;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#exchange.params;
  }

  get principal(): Principal | null {
    return this.#exchange.principal;
  }

  get startedAtMs(): number {
    return this.#exchange.startedAtMs;
  }

  moment(): number {
    return this.#exchange.moment();
  }

  slot<T>(slot: Slot<T>): T {
    return (this.#slots[slot.number] ??= slot.initial()) as T;
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    return this.#exchange.body(use);
  }
}

/** Of a record: what was asked for. */
const WORDS_LIMIT = 200;

/** What a request asked for, for its record: names of the schema alone, bounded; null where nobody has read it. */
export function askedWords(exchange: Pick<Exchange, 'slot'>): string | null {
  const { value } = exchange.slot(ASKED_OPERATIONS);
  if (value === null || value.length === 0) return null;
  const words = value.map(({ name, count }) => (count === 1 ? name : `${name} x${count}`)).join(', ');
  return words.length <= WORDS_LIMIT ? words : `${words.slice(0, WORDS_LIMIT)}…`;
}
