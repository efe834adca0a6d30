import { networkOf, ok } from '../../../base/index.ts';
import type { RateCharge, RateDecision } from '../../../ports/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import { createSlot, type Exchange, type ReplyView, type ResponseEditor } from '../../exchange.ts';
import type { PolicyKind, Step, Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { Operation } from '../../operation.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { LimitRule, LimitSubject, RateConfig } from './config.ts';
import { labelsOf, limitField, type NamedRule, policyField } from './rate-fields.ts';
import { callerKey } from './who.ts';

type Ports = Pick<KindPorts, 'clock' | 'limiter'>;

/**
 * The kind that counts calls. Limits by address hold in `admit`, before anything else is spent on a request; limits of
 * callers in `limit`, once they are known and may do what they ask for. A refused call is not counted by any of them:
 * where a caller's limit refuses, the address gets back what it was charged. Every reply to a call that a limit touched
 * says what is left, whoever refused it.
 */
export function createRateKind(ports: Ports): PolicyKind<RateConfig> {
  return {
    kind: 'rate',
    summary: 'Counts calls, and refuses those beyond a limit.',
    schema: null,
    sources: () => [],
    compile: (config, at) => ok(new Map(at.operations.map((each) => [each.id, stepsFor(each, config, ports)]))),
  };
}

/** A rule of an operation: its name in replies, and what its keys begin with. */
interface CountedRule extends NamedRule {
  readonly prefix: string;
}

/** What the limits said of an exchange; null where they have not been asked. */
interface Said {
  address: readonly RateDecision[] | null;
  caller: readonly RateDecision[] | null;
}

const SAID = createSlot<Said>('rate', () => ({ address: null, caller: null }));
const READS_NOTHING = { request: 'none', response: 'none' } as const;

function stepsFor(operation: Operation, config: RateConfig, ports: Ports): Steps {
  const rules = rulesFor(operation, config);
  const byAddress = rules.filter(({ rule }) => rule.per === 'address');
  const byCaller = rules.filter(({ rule }) => rule.per !== 'address');
  if (rules.length === 0) return {};
  const address = new AddressRules(byAddress);
  return {
    ...(byAddress.length === 0 ? {} : { admit: admitStep(address, ports) }),
    ...(byCaller.length === 0 ? {} : { limit: limitStep(byCaller, address, ports) }),
    respond: respondStep(byAddress, byCaller),
  };
}

/** The rules that hold for an operation: where nobody is known, those of the API that count callers do not. */
function rulesFor(operation: Operation, { rules, operations, open }: RateConfig): readonly CountedRule[] {
  const { name, api, id } = operation;
  const own = Object.hasOwn(operations, name) ? (operations[name] ?? []) : [];
  const shared = open.includes(name) ? rules.filter(({ per }) => per === 'address') : rules;
  const texts = new Set(shared.map(({ text }) => text));
  return [
    ...shared.map((rule) => ({ name: rule.text, rule, prefix: prefixOf(api, rule) })),
    ...own.map((rule) => ({
      name: texts.has(rule.text) ? `${rule.text} here` : rule.text,
      rule,
      prefix: prefixOf(id, rule),
    })),
  ];
}

/** What is counted together. JSON keeps both parts apart, whatever an operation is called. */
function prefixOf(scope: string, { text }: LimitRule): string {
  return `${JSON.stringify([scope, text])}\0`;
}

/** The keys of a rule are one share of the room for keys: a crowd of addresses pushes out no callers, and no other rule's. */
function chargeOf({ prefix, rule }: CountedRule, who: string): RateCharge {
  return { key: prefix + who, rate: rule.rate, share: prefix, stranger: rule.per === 'address' };
}

/** The rules by address, with the charges of each connection: they are the same for all of its requests. */
class AddressRules {
  readonly rules: readonly CountedRule[];
  readonly #charges = new WeakMap<Exchange['request']['peer'], readonly RateCharge[]>();

  constructor(rules: readonly CountedRule[]) {
    this.rules = rules;
  }

  chargesFor({ request: { peer } }: Exchange): readonly RateCharge[] {
    let charges = this.#charges.get(peer);
    if (charges === undefined) {
      const who = networkOf(peer.address);
      charges = this.rules.map((counted) => chargeOf(counted, who));
      this.#charges.set(peer, charges);
    }
    return charges;
  }
}

function admitStep(address: AddressRules, { limiter, clock }: Ports): Step<'admit'> {
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange): Verdict {
      const decisions = limiter.charge(address.chargesFor(exchange), clock.monotonic());
      exchange.slot(SAID).address = decisions;
      return verdictOf(address.rules, decisions);
    },
  };
}

function limitStep(rules: readonly CountedRule[], address: AddressRules, { limiter, clock }: Ports): Step<'limit'> {
  // A principal stands for a credential as long as that is cached, so most calls find their charges made.
  const known = new WeakMap<object, readonly RateCharge[]>();
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange): Verdict {
      const { principal } = exchange;
      if (principal === null)
        return deny({ code: 'unauthenticated', headers: bearerChallenge(exchange.operation.api) });
      let charges = known.get(principal);
      if (charges === undefined) {
        charges = rules.map((counted) =>
          chargeOf(counted, callerKey(counted.rule.per as Exclude<LimitSubject, 'address'>, principal)),
        );
        known.set(principal, charges);
      }
      const nowMs = clock.monotonic();
      const decisions = limiter.charge(charges, nowMs);
      const said = exchange.slot(SAID);
      said.caller = decisions;
      const verdict = verdictOf(rules, decisions);
      if (verdict !== PASS && said.address !== null) {
        said.address = limiter.refund(address.chargesFor(exchange), nowMs);
      }
      return verdict;
    },
  };
}

/** Refuses where one rule does, until all would let the call through. */
function verdictOf(rules: readonly CountedRule[], decisions: readonly RateDecision[]): Verdict {
  let refused: CountedRule | null = null;
  let retryMs = 0;
  for (let index = 0; index < rules.length; index++) {
    const decision = decisions[index];
    if (decision === undefined) throw new Error('the limiter said nothing of a rule');
    if (decision.allowed) continue;
    refused ??= rules[index] as CountedRule;
    retryMs = Math.max(retryMs, decision.retryMs);
  }
  if (refused === null) return PASS;
  const seconds = Math.max(1, Math.ceil(retryMs / 1000));
  return deny({ code: 'rate-limited', headers: [['retry-after', String(seconds)]] }, `limit ${refused.rule.text}`);
}

function respondStep(byAddress: readonly CountedRule[], byCaller: readonly CountedRule[]): Step<'respond'> {
  const all = [...byAddress, ...byCaller];
  const addressLabels = labelsOf(byAddress);
  const callerLabels = labelsOf(byCaller);
  const policies = { address: policyField(byAddress), caller: policyField(byCaller), all: policyField(all) };
  return {
    reads: READS_NOTHING,
    run(exchange: Exchange, _reply: ReplyView, editor: ResponseEditor): Verdict {
      const { address, caller } = exchange.slot(SAID);
      if (address !== null && caller !== null) {
        editor.setHeader('ratelimit-policy', policies.all);
        editor.setHeader('ratelimit', `${limitField(addressLabels, address)}, ${limitField(callerLabels, caller)}`);
      } else if (address !== null) {
        editor.setHeader('ratelimit-policy', policies.address);
        editor.setHeader('ratelimit', limitField(addressLabels, address));
      } else if (caller !== null) {
        editor.setHeader('ratelimit-policy', policies.caller);
        editor.setHeader('ratelimit', limitField(callerLabels, caller));
      }
      return PASS;
    },
  };
}
