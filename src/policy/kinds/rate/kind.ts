import { networkOf, ok } from '../../../base/index.ts';
import type { Limiter, RateCharge, RateDecision } from '../../../ports/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import { saidOf } from '../../compile-each.ts';
import { createSlot, type Exchange, type ReplyView, type ResponseEditor } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { Notebook } from '../../notes.ts';
import type { Operation } from '../../operation.ts';
import type { Principal } from '../../principal.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { LimitRule, LimitSubject, RateConfig } from './config.ts';
import { LimitField, type NamedRule, policyField } from './rate-fields.ts';
import { callerKey } from './who.ts';

type Ports = Pick<KindPorts, 'limiter'>;

/**
 * The kind that counts calls. Limits by address hold in `admit`, before anything else is spent on a request; limits of
 * callers in `limit`, once they are known and may do what they ask for. A refused call is not counted by any of them:
 * where a caller's limit refuses, the address gets back what it was charged. Every reply to a call that a limit touched
 * says what is left, whoever refused it.
 */
export function createRateKind({ limiter }: Ports): PolicyKind<RateConfig> {
  // Operations come one by one. Those of an API without limits of their own have one set of steps, and so callers have
  // one set of charges for all of them. It goes with the configuration.
  const shared = new WeakMap<RateConfig, Map<string, Steps>>();

  function stepsOf(operation: Operation, config: RateConfig): Steps {
    const { name, api } = operation;
    if (operation.inBody === true || ownRules(operation, config).length > 0)
      return stepsFor(rulesFor(operation, config), limiter);
    const known = shared.get(config) ?? new Map<string, Steps>();
    const place = JSON.stringify([api, config.open.includes(name)]);
    const steps = known.get(place) ?? stepsFor(rulesFor(operation, config), limiter);
    shared.set(config, known.set(place, steps));
    return steps;
  }

  return {
    kind: 'rate',
    summary: 'Counts calls, and refuses those beyond a limit.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, at) => ok(new Map(at.operations.map((each) => [each.id, stepsOf(each, config)]))),
  };
}

/** A rule of an operation: its name in replies, and what its keys begin with. */
interface CountedRule extends NamedRule {
  readonly prefix: string;
}

type Peer = Exchange['request']['peer'];

/** What the limits said of an exchange; null where they have not been asked. */
interface Said {
  address: readonly RateDecision[] | null;
  caller: readonly RateDecision[] | null;
}

const SAID = createSlot<Said>('rate', () => ({ address: null, caller: null }));

function stepsFor(rules: readonly CountedRule[], limiter: Limiter): Steps {
  const byAddress = rules.filter(({ rule }) => rule.per === 'address');
  const byCaller = rules.filter(({ rule }) => rule.per !== 'address');
  if (rules.length === 0) return {};
  const address = new Limits<Peer>({
    rules: byAddress,
    limiter,
    charges: new WeakMap(),
    whoIn({ address: text }) {
      const network = networkOf(text);
      return () => network;
    },
  });
  const caller = new Limits<Principal>({
    rules: byCaller,
    limiter,
    charges: new Notebook(),
    whoIn: (principal) => (per) => callerKey(per as Exclude<LimitSubject, 'address'>, principal),
  });
  return {
    ...(byAddress.length === 0 ? {} : { admit: admitStep(address) }),
    ...(byCaller.length === 0 ? {} : { limit: limitStep(caller, address) }),
    respond: respondStep(byAddress, byCaller),
  };
}

/** The rules that hold for an operation: where nobody is known, those of the API that count callers do not. */
function rulesFor(operation: Operation, config: RateConfig): readonly CountedRule[] {
  const { name, api, id } = operation;
  // The route has been charged for what holds of the whole API.
  if (operation.inBody === true) {
    return ownRules(operation, config).map((rule) => ({ name: rule.text, rule, prefix: prefixOf(id, rule) }));
  }
  const shared = config.open.includes(name) ? config.rules.filter(({ per }) => per === 'address') : config.rules;
  const texts = new Set(shared.map(({ text }) => text));
  return [
    ...shared.map((rule) => ({ name: rule.text, rule, prefix: prefixOf(api, rule) })),
    ...ownRules(operation, config).map((rule) => ({
      name: texts.has(rule.text) ? `${rule.text} here` : rule.text,
      rule,
      prefix: prefixOf(id, rule),
    })),
  ];
}

function ownRules(operation: Operation, { operations }: RateConfig): readonly LimitRule[] {
  return saidOf(operations, operation) ?? [];
}

/** What is counted together. JSON keeps both parts apart, whatever an operation is called. */
function prefixOf(scope: string, { text }: LimitRule): string {
  return `${JSON.stringify([scope, text])}\0`;
}

/** What `Limits` are made of. */
interface LimitsParts<W> {
  readonly rules: readonly CountedRule[];
  readonly limiter: Limiter;
  /** Whom a rule counts, as part of a key. */
  readonly whoIn: (whom: W) => (per: LimitSubject) => string;
  /** Where the charges of each are kept, as long as it is; empty. */
  readonly charges: {
    get(whom: W): Iterable<RateCharge> | undefined;
    set(whom: W, charges: Iterable<RateCharge>): unknown;
  };
}

/**
 * Rules that are charged together, with the charges of each peer or principal. Those are the same for all requests of a
 * connection, or of a credential for as long as that is cached, and are forgotten with it.
 */
class Limits<W extends object> {
  readonly #rules: readonly CountedRule[];
  readonly #limiter: Limiter;
  readonly #whoIn: LimitsParts<W>['whoIn'];
  readonly #charges: LimitsParts<W>['charges'];
  /** What was said of the last call that passed: most calls are told the same. */
  #passing: readonly RateDecision[] | null = null;

  constructor({ rules, limiter, whoIn, charges }: LimitsParts<W>) {
    this.#rules = rules;
    this.#limiter = limiter;
    this.#whoIn = whoIn;
    this.#charges = charges;
  }

  charge(whom: W, nowMs: number): readonly RateDecision[] {
    return this.#limiter.charge(this.#charges.get(whom) ?? this.#prepare(whom), nowMs);
  }

  refund(whom: W, nowMs: number): readonly RateDecision[] {
    return this.#limiter.refund(this.#charges.get(whom) ?? this.#prepare(whom), nowMs);
  }

  /** Refuses where one rule does, until all would let the call through. */
  verdictOf(decisions: readonly RateDecision[]): Verdict {
    if (decisions === this.#passing) return PASS;
    let refused: CountedRule | null = null;
    let retryMs = 0;
    for (let index = 0; index < this.#rules.length; index++) {
      const decision = decisions[index];
      if (decision === undefined) throw new Error('the limiter said nothing of a rule');
      if (decision.allowed) continue;
      refused ??= this.#rules[index] as CountedRule;
      retryMs = Math.max(retryMs, decision.retryMs);
    }
    if (refused === null) {
      this.#passing = decisions;
      return PASS;
    }
    const seconds = Math.max(1, Math.ceil(retryMs / 1000));
    return deny({ code: 'rate-limited', headers: [['retry-after', String(seconds)]] }, `limit ${refused.rule.text}`);
  }

  /** The keys of a rule are one share of the room for keys: a crowd of addresses pushes out no callers, and no other rule's. */
  #prepare(whom: W): Iterable<RateCharge> {
    const who = this.#whoIn(whom);
    const charges = this.#rules.map(({ prefix, rule: { rate, per } }): RateCharge => {
      return { key: prefix + who(per), rate, share: prefix, stranger: per === 'address' };
    });
    const prepared = this.#limiter.prepare(charges);
    this.#charges.set(whom, prepared);
    return prepared;
  }
}

function admitStep(address: Limits<Peer>): Step<'admit'> {
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange): Verdict {
      const decisions = address.charge(exchange.request.peer, exchange.moment());
      exchange.slot(SAID).address = decisions;
      return address.verdictOf(decisions);
    },
  };
}

function limitStep(caller: Limits<Principal>, address: Limits<Peer>): Step<'limit'> {
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange): Verdict {
      const { principal } = exchange;
      if (principal === null)
        return deny({ code: 'unauthenticated', headers: bearerChallenge(exchange.operation.api) });
      const nowMs = exchange.moment();
      const decisions = caller.charge(principal, nowMs);
      const said = exchange.slot(SAID);
      said.caller = decisions;
      const verdict = caller.verdictOf(decisions);
      if (verdict !== PASS && said.address !== null) {
        said.address = address.refund(exchange.request.peer, nowMs);
      }
      return verdict;
    },
  };
}

function respondStep(byAddress: readonly CountedRule[], byCaller: readonly CountedRule[]): Step<'respond'> {
  const address = { policy: policyField(byAddress), left: new LimitField(byAddress) };
  const caller = { policy: policyField(byCaller), left: new LimitField(byCaller) };
  const policies = policyField([...byAddress, ...byCaller]);
  return {
    reads: READS_NOTHING,
    preflights: true,
    run(exchange: Exchange, _reply: ReplyView, editor: ResponseEditor): Verdict {
      const said = exchange.slot(SAID);
      if (said.address !== null && said.caller !== null) {
        editor.setHeader('ratelimit-policy', policies);
        editor.setHeader('ratelimit', address.left.textOf(said.address) + ', ' + caller.left.textOf(said.caller));
      } else if (said.address !== null) {
        editor.setHeader('ratelimit-policy', address.policy);
        editor.setHeader('ratelimit', address.left.textOf(said.address));
      } else if (said.caller !== null) {
        editor.setHeader('ratelimit-policy', caller.policy);
        editor.setHeader('ratelimit', caller.left.textOf(said.caller));
      }
      return PASS;
    },
  };
}
