import { ok } from '../../../base/index.ts';
import { valueOfMessage } from '../../../openapi/index.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import { conditionContext } from '../../asked/condition-context.ts';
import { ITEM, OWNER, RESPONSE } from '../../asked/reply-declarations.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { DescribedMethod } from '../../described-methods.ts';
import { type PolicyKind, READS_NOTHING, type RoleTable, type Step, type Steps } from '../../kind.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import { answerOf, type Answer, type CompiledRule, compileObjectRule } from './compiled-rule.ts';
import type { ObjectConfig } from './config.ts';
import { KNOWN_BEFORE } from './known-before.ts';
import { ownerStep } from './owner-step.ts';
import { type OwnerPorts, Owners } from './owners.ts';
import { replyStep } from './reply-step.ts';
import { unconditionalStep } from './unconditional.ts';

/**
 * The kind that lets callers reach their own objects alone. What can be decided before the upstream hears of a request
 * is decided there, by a service that is asked whose the object is where the rule has one; what depends on the reply is
 * decided when that has come, before anything of it is sent.
 */
export function createObjectKind(ports: OwnerPorts): PolicyKind<ObjectConfig> {
  // A role table is made for one Snapshot: what was answered is remembered no longer than that stands.
  const ofSnapshots = new WeakMap<RoleTable, Owners>();
  const ownersOf = (roles: RoleTable): Owners => {
    const owners = ofSnapshots.get(roles) ?? new Owners(ports);
    ofSnapshots.set(roles, owners);
    return owners;
  };
  return {
    kind: 'object',
    summary: 'Lets callers reach their own objects alone.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        const written = saidOf(config.operations, operation);
        if (written === null) return ok({});
        const more = {
          response: RESPONSE,
          ...(written.each === null ? {} : { item: ITEM }),
          ...(written.lookup === null ? {} : { owner: OWNER }),
        };
        const { declarations, method } = conditionContext(operation, at, got, { values: config.values, more });
        const compiled = compileObjectRule(written, operation, { declarations, method });
        if (!compiled.ok) return compiled;
        const rule = compiled.value;
        const { lookup } = written;
        if (lookup === null || rule.writeOwnerUrl === null) return ok(stepsOf(rule, method));
        const service = ownersOf(at.roles).at(lookup);
        return ok({ authorize: headStep(rule), decide: ownerStep({ rule, write: rule.writeOwnerUrl, service }) });
      }),
  };
}

function stepsOf(rule: CompiledRule, method: DescribedMethod | null): Steps {
  const authorize = headStep(rule);
  // Queries are cleaned meanwhile, and what goes upstream is what has to be judged.
  const again = rule.readsQuery ? { decide: headStep(rule) } : {};
  if (rule.readsReply) return { authorize, ...again, transform: unconditionalStep(), respond: replyStep(rule) };
  if (!rule.readsBody) return { authorize, ...again };
  return { authorize, decide: method === null ? bodyStep(rule) : messageStep(rule, method) };
}

/** Decides what is known by the head of a request; what is still open passes for now. */
function headStep(rule: CompiledRule): Step<'authorize'> & Step<'decide'> {
  return {
    reads: READS_NOTHING,
    run(exchange) {
      const asked = new AskedRequest(exchange, null, BODY_LATER);
      const answer = answerOf(rule.rule, asked);
      if (rule.readsReply) {
        const known = exchange.slot(KNOWN_BEFORE);
        const waits = answer.kind === 'open' && exchange.request.method !== 'HEAD';
        known.settled = !waits;
        known.asked = asked;
        if (answer.kind === 'open' && !waits) return rule.refuse(NO_BODY);
      }
      return answer.kind === 'refused' ? rule.refuse(answer.why) : PASS;
    },
  };
}

const BODY_LATER = { body: 'later' } as const;
const NO_BODY = 'asks for the reply, and to HEAD none comes that would show whose it is';

/** What the head left open and the body decides. */
function bodyStep({ rule, refuse }: CompiledRule): Step<'decide'> {
  return {
    reads: { request: 'parsed', response: 'none' },
    run: (exchange) => verdictOf(answerOf(rule, new AskedRequest(exchange)), refuse),
  };
}

/** Of a call of gRPC it is the one message that its client sends. */
function messageStep({ id, rule, refuse }: CompiledRule, method: DescribedMethod): Step<'decide'> {
  const { judge, request, types } = method;
  return {
    reads: READS_NOTHING,
    run: () => PASS,
    message(exchange, message) {
      // It may have been observed alone: then it came here whatever it is.
      const read = (): unknown =>
        judge.judge(request, message, true) === null ? valueOfMessage(types, request, message) : undefined;
      const answer = answerOf(rule, new AskedRequest(exchange, read));
      return answer.kind === 'allowed' ? PASS : { ...refuse(whyOf(answer)), rule: id };
    },
  };
}

function verdictOf(answer: Answer, refuse: CompiledRule['refuse']): Verdict {
  return answer.kind === 'allowed' ? PASS : refuse(whyOf(answer));
}

/** What is open when all has come that could decide it is decided: it does not hold. */
function whyOf(answer: Answer): string {
  return answer.kind === 'refused' ? answer.why : 'could not be worked out';
}
