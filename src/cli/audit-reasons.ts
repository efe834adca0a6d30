import type { CompletionRecord, IntentRecord, ObservedRule } from '../base/index.ts';
import { parseConfig } from '../config/index.ts';
import { type DecisionReason, type RecordedRefusal, recordedReason, type RuleBook } from '../gateway/index.ts';
import type { AuditRow } from './audit-rows.ts';
import type { CommandContext, KeptRevisions } from './context.ts';

/** Why a request was refused, and what would have refused it besides. */
export interface RowReasons {
  /** Null where it was not refused. */
  readonly reason: DecisionReason | null;
  readonly observed: readonly DecisionReason[];
  /** What would have refused it and is counted only. */
  readonly more: number;
}

type RequestRow = Extract<AuditRow, { kind: 'request' }>;
type Found = Parameters<typeof recordedReason>[1];

/** Where configurations are looked for, and what they are called. */
export interface ReasonSources {
  readonly folder: string;
  /** What lines are said to be of. */
  readonly file: string;
}

/** Says of each request that was refused, or would have been, why: by the configuration that was in force when it came. */
export async function reasonsOf(
  rows: readonly AuditRow[],
  { folder, file }: ReasonSources,
  context: CommandContext,
): Promise<ReadonlyMap<AuditRow, RowReasons>> {
  const told = rows.filter((row) => row.kind === 'request').filter((row) => refusalsOf(row).length > 0);
  const reasons = new Map<AuditRow, RowReasons>();
  if (told.length === 0) return reasons;
  const kept = context.services.revisions(folder);
  // One configuration at a time: all of them together may be as large as the history is.
  for (const [revision, ofIt] of Map.groupBy(told, ({ intent }) => intent.revision)) {
    const book = await bookOf(kept, { revision, file }, context);
    for (const row of ofIt) reasons.set(row, reasonsBy(row, book));
  }
  return reasons;
}

/** A configuration, or why it can't be had. */
type Book = Found & { readonly at: number };

async function bookOf(
  kept: KeptRevisions,
  { revision, file }: { readonly revision: number; readonly file: string },
  context: CommandContext,
): Promise<Book> {
  const found = await kept.find(revision);
  if (!found.ok) return { missing: `Revision ${revision} can't be read: ${found.error}.`, at: 0 };
  if (found.value === null) return { missing: `Revision ${revision} is not kept any more.`, at: 0 };
  const { text, at } = found.value;
  const parsed = parseConfig(text, { file, kinds: [...(context.kinds?.values() ?? [])] });
  if (!parsed.ok) return { missing: `This version can't read the text of revision ${revision}.`, at };
  const { config, places } = parsed.value;
  const place: RuleBook['place'] = (path) => (Object.hasOwn(places, path) ? (places[path] ?? null) : null);
  return { book: { apis: config.apis, place }, at };
}

function reasonsBy(row: RequestRow, book: Book): RowReasons {
  const { intent, completion, isAcross } = row;
  // After its data folder was lost a gateway counts anew: then this is another configuration of the same number.
  const isLater = 'book' in book && book.at > intent.at;
  const begun: Found = isLater ? { missing: `Revision ${intent.revision} of then is not kept any more.` } : book;
  const since: Found = isAcross ? { missing: 'The configuration was changed while it was open.' } : begun;
  const said = refusalsOf(row).map(({ isEnd, ...refusal }) => {
    return { isObserved: refusal.isObserved, words: recordedReason(refusal, isEnd ? since : begun) };
  });
  return {
    reason: said.find(({ isObserved }) => !isObserved)?.words ?? null,
    observed: said.filter(({ isObserved }) => isObserved).map(({ words }) => words),
    more: (intent.observedMore ?? 0) + (completion?.observedMore ?? 0),
  };
}

/** `isEnd`: whether it was decided once the intent was recorded. */
type Told = RecordedRefusal & { readonly isEnd: boolean };

/** What refused the request, and what would have. */
function refusalsOf({ intent, completion }: RequestRow): readonly Told[] {
  const { operation, verdict } = intent;
  const common = { operation, isKnown: intent.subject !== null };
  const told = ({ problem, policy, rule }: ObservedRule | Decided, isObserved: boolean, isEnd: boolean): Told => {
    return { ...common, problem, policy, rule, isObserved, isEnd };
  };
  const first = intent.observed ?? (verdict === 'observed' ? [intent] : []);
  const last = completion?.observed ?? [];
  const isDenied = verdict === 'deny' || verdict === 'malformed';
  return [
    ...(isDenied ? [told(intent, false, false)] : []),
    ...(!isDenied && completion !== null && isRefusedAtEnd(intent, completion) ? [told(completion, false, true)] : []),
    ...first.map((each) => told(each, true, false)),
    ...last.map((each) => told(each, true, true)),
  ];
}

type Decided = Pick<IntentRecord | CompletionRecord, 'problem' | 'policy' | 'rule'>;

/** Whether a policy refused the reply, or broke it off. Who only noted something stands in the same fields. */
function isRefusedAtEnd(intent: IntentRecord, completion: CompletionRecord): boolean {
  const { problem, policy, rule, status, complete } = completion;
  if (problem === null || policy === null || (complete && status < 400)) return false;
  const noted = [...(intent.observed ?? []), ...(completion.observed ?? [])];
  return !noted.some((each) => each.problem === problem && each.policy === policy && each.rule === rule);
}
