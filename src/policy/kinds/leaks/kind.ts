import { ok, type Problem } from '../../../base/index.ts';
import { LeakJudge, type LookedInto, textFormatOf } from '../../../leaks/index.ts';
import { compilePattern, type Names, propertyNamesOf } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange, RepliedHead, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { PolicyKind, Step } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { deny, PASS, type ReplyVerdict } from '../../verdict.ts';
import type { LeaksConfig, ReplyLeaks } from './config.ts';
import { dropTelling, lookIntoFields } from './reply-fields.ts';
import { leakWords, ToldLeaks } from './told-leaks.ts';

const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The kind that keeps what must not leave from leaving in replies of the upstream's: numbers of cards and accounts, keys
 * and tokens by the forms in which they are given out, and fields that are named. What is found is masked, taken out,
 * refused, or told of alone; records and the log say what was found and where, never its value.
 */
export function createLeaksKind(ports: Pick<KindPorts, 'clock' | 'log'>): PolicyKind<LeaksConfig> {
  const told = new ToldLeaks(ports);
  return {
    kind: 'leaks',
    summary: 'Masks, takes out or refuses in replies what must not leave.',
    schema: null,
    sources: () => [],
    compile(config, at, got) {
      const document = got.document(at.api);
      const names = document === null ? NO_NAMES : propertyNamesOf(document);
      // What holds for all operations of an API is made once.
      const ofApi = config.api === null ? {} : { respond: respondStep(judgeOf(config.api, names), told) };
      return compileEach(at.operations, (operation) => {
        if (!Object.hasOwn(config.operations, operation.name)) return ok(ofApi);
        const rules = saidOf(config.operations, operation);
        return ok(rules === null ? {} : { respond: respondStep(judgeOf(rules, names), told) });
      });
    },
  };
}

function judgeOf({ classes, allow, fields, own }: ReplyLeaks, names: Names | ReadonlySet<string>): LeakJudge {
  const compiled = Object.entries(own).map(([name, { pattern, action }]) => {
    const read = compilePattern(pattern);
    if (!read.ok) throw new Error(`the pattern of ${name} was read before`);
    return { name, action, pattern: read.value };
  });
  return new LeakJudge({ classes, allow, fields, own: compiled }, names);
}

function respondStep(judge: LeakJudge, told: ToldLeaks): Step<'respond'> {
  const end = (exchange: Exchange, looked: LookedInto, isClean: () => boolean): ReplyVerdict => {
    if (looked === null) return PASS;
    if (looked.kind === 'unreadable') return deny({ code: 'upstream-refused-body', internal: looked.why }, 'leaks');
    const words = leakWords(looked.hits, looked.count);
    told.tell(exchange, words);
    const problem: Problem = { code: 'reply-leaks', internal: `${words.rule}: ${words.detail}` };
    if (looked.strictest === 'refuse' || !isClean()) return deny(problem, words.rule);
    return { kind: 'note', problem, rule: words.rule };
  };
  return {
    reads: { request: 'none', response: 'raw' },
    // Nobody looks into either.
    withholds: ['hints', 'trailers'],
    replyHead(exchange, reply, editor) {
      if (reply.source === 'gateway') return PASS;
      const looked = lookIntoFields(reply.headers, judge);
      return end(exchange, looked, () => dropTelling(reply.headers, judge, editor));
    },
    concerns: (_exchange, reply) => mayHoldText(reply),
    run(exchange: Exchange, reply: ReplyView, editor: ResponseEditor): ReplyVerdict {
      const format = textFormatOf(reply.headers.get('content-type'));
      if (format === null) return PASS;
      const looked = judge.judge(reply.body('raw'), format);
      return end(exchange, looked, () => {
        if (looked?.kind === 'found' && looked.body !== null) editor.replaceBody(looked.body);
        return true;
      });
    },
  };
}

/** The type that was found to be of text last: replies of an API mostly have the same one. */
let textType: string | null = null;

/** A reply to HEAD is a concern too: the length that it says is that of a body which has not been looked into. */
function mayHoldText({ status, source, headers }: RepliedHead): boolean {
  if (source === 'gateway' || status < 200 || status === NO_CONTENT || status === NOT_MODIFIED) return false;
  const type = headers.get('content-type');
  if (type !== null && type === textType) return true;
  if (textFormatOf(type) === null) return false;
  if (type !== null && type.length <= 100) textType = type;
  return true;
}
