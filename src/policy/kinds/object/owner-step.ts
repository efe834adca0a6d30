import { stepBudget } from '../../../rules/index.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import type { Exchange } from '../../exchange.ts';
import type { Step } from '../../kind.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import { answerOf, type CompiledRule } from './compiled-rule.ts';
import { GIVEN_OWNER } from './given-owner.ts';
import type { WriteOwnerUrl } from './owner-url.ts';
import type { AskedService, OwnerAnswer } from './owners.ts';

/** What a rule with a lookup is asked with. */
export interface OwnerRule {
  readonly rule: CompiledRule;
  readonly write: WriteOwnerUrl;
  readonly service: AskedService;
}

const NOWHERE = 'names no object that could be asked about';
const NONE = 'is about an object that there is none of, says the owner service';
const RETRY_AFTER_S = '5';

/**
 * Decides by what the owner service says, behind limits and validation: only what those let pass costs it a call, and only
 * where the rule is still open. An object that there is none of is refused before the rule is asked again: one that asks
 * what an owner lacks would let it pass.
 */
export function ownerStep(given: OwnerRule): Step<'decide'> {
  const { rule, write, service } = given;
  return {
    reads: { request: rule.readsBody ? 'parsed' : 'none', response: 'none' },
    run(exchange) {
      const asked = new AskedRequest(exchange);
      const answer = answerOf(rule.rule, asked);
      if (answer.kind === 'allowed') return PASS;
      if (answer.kind === 'refused') return rule.refuse(answer.why);
      const url = write(asked);
      if (url === null) return rule.refuse(NOWHERE);
      const found = foundFor(exchange, url, service);
      if (found === null) return PASS;
      return found instanceof Promise
        ? found.then((owner) => verdictBy(owner, asked, rule))
        : verdictBy(found, asked, rule);
    },
  };
}

/** Null in a rehearsal to which nobody has said what the service would. */
function foundFor(exchange: Exchange, url: string, service: AskedService): ReturnType<AskedService['find']> | null {
  const given = exchange.slot(GIVEN_OWNER);
  if (given.from === 'service') return service.find(url, exchange);
  if (given.from === 'given') return given.value === null ? { kind: 'none' } : { kind: 'known', owner: given.value };
  given.missed = true;
  return null;
}

function verdictBy(found: OwnerAnswer, asked: AskedRequest, { id, rule, refuse }: CompiledRule): Verdict {
  switch (found.kind) {
    case 'none':
      return refuse(NONE);
    case 'unavailable':
      return deny(
        { code: 'owner-unavailable', internal: `${id}: ${found.words}`, headers: [['retry-after', RETRY_AFTER_S]] },
        id,
      );
    case 'known': {
      asked.owner = found.owner;
      const said = rule.answer(asked, stepBudget());
      return said === true ? PASS : refuse(said === false ? 'is not so' : said);
    }
  }
}
