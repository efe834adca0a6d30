import { ok } from '../../../base/index.ts';
import { valueOfMessage } from '../../../openapi/index.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import { conditionContext } from '../../asked/condition-context.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { DescribedMethod } from '../../described-methods.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { PASS } from '../../verdict.ts';
import { needsCaller } from './asks-caller.ts';
import { type Asking, type CompiledRules, compileRules, ruleAsker } from './compiled-rules.ts';
import type { AccessRulesConfig } from './config.ts';

/**
 * The kind that refuses what a rule denies, and what does not meet the conditions of access. What can't be worked out
 * refuses, in the one and in the other. As far as no body is asked for they are asked where rights are, again as long as a
 * stream stands.
 */
export function createAccessRulesKind(): PolicyKind<AccessRulesConfig> {
  return {
    kind: 'access-rules',
    summary: 'Refuses what a rule denies, and what does not meet the conditions of access.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        const written = rulesOf(config, operation);
        if (written.deny.length + written.when.length === 0) return ok({});
        const context = conditionContext(operation, at, got, config);
        const { method } = context;
        const compiled = compileRules(written, operation, context);
        return compiled.ok
          ? ok(
              stepsOf(compiled.value, method, { isHelpful: config.errors === 'helpful', isWhole: config.all === true }),
            )
          : compiled;
      }),
  };
}

/**
 * What denies everywhere is asked of the route that a body came by, and says the same of all that the body names. What
 * names the caller is not asked where nobody is ever known.
 */
function rulesOf(config: AccessRulesConfig, operation: Operation): Pick<AccessRulesConfig, 'deny'> & Own {
  const own = saidOf(config.operations, operation) ?? NONE;
  if (operation.inBody === true) return own;
  const { name } = operation;
  const isOpen = config.open.includes(name) || (config.openByDefault && !config.closed.includes(name));
  const shared = isOpen ? config.deny.filter((rule) => !needsCaller(rule)) : config.deny;
  return { deny: [...shared, ...own.deny], when: own.when };
}

type Own = AccessRulesConfig['operations'][string];

const NONE: Own = { deny: [], when: [] };
const BODY_LATER = { body: 'later' } as const;

function stepsOf(rules: CompiledRules, method: DescribedMethod | null, asking: Asking): Steps {
  const ask = ruleAsker(rules.all, asking);
  const authorize: Step<'authorize'> = {
    reads: READS_NOTHING,
    run: (exchange) => ask(new AskedRequest(exchange, null, BODY_LATER)) ?? PASS,
  };
  if (rules.ofBody.length === 0)
    return rules.ofQuery.length === 0 ? { authorize } : { authorize, decide: queryStep(rules, asking) };
  return { authorize, decide: method === null ? bodyStep(rules, asking) : messageStep(rules, method, asking) };
}

/** Queries are cleaned behind `authorize`, and what goes upstream is what has to be judged. */
function queryStep({ ofQuery }: CompiledRules, asking: Asking): Step<'decide'> {
  const ask = ruleAsker(ofQuery, asking);
  return { reads: READS_NOTHING, run: (exchange) => ask(new AskedRequest(exchange)) ?? PASS };
}

/** What the head left open and the body decides. */
function bodyStep({ ofBody, ofQuery }: CompiledRules, asking: Asking): Step<'decide'> {
  const ask = ruleAsker([...ofBody, ...ofQuery], asking);
  return {
    reads: { request: 'parsed', response: 'none' },
    run: (exchange) => ask(new AskedRequest(exchange)) ?? PASS,
  };
}

/** Of a call of gRPC it is the one message that its client sends. */
function messageStep({ ofBody }: CompiledRules, method: DescribedMethod, asking: Asking): Step<'decide'> {
  const { judge, request, types } = method;
  const ask = ruleAsker(ofBody, asking);
  return {
    reads: READS_NOTHING,
    run: () => PASS,
    message(exchange, message) {
      // It may have been observed alone: then it came here whatever it is.
      const read = (): unknown =>
        judge.judge(request, message, true) === null ? valueOfMessage(types, request, message) : undefined;
      return ask(new AskedRequest(exchange, read)) ?? PASS;
    },
  };
}
