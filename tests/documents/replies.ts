import { parseMediaType } from '../../src/body/index.ts';
import {
  compileReplies,
  type DescribedOperation,
  type ReplyJudge,
  type SchemaSource,
} from '../../src/openapi/index.ts';
import { readJson } from './judged.ts';
import { type Chance } from '../sim/chance.ts';
import { type Home, schemaAt } from './facts.ts';
import { mutantsOf, type MutationName, UNDESCRIBED } from './mutations.ts';
import { type Made, makeValue, type Measure } from './values.ts';

/** A reply as a document describes it. */
export interface MadeReply {
  readonly status: number;
  readonly mediaType: string;
  readonly pointer: string;
  readonly made: Made;
}

/** What becomes of a reply: it passes, members go by these names, or it is refused. */
export type ReplyVerdict =
  | { readonly kind: 'passes' }
  | { readonly kind: 'cut'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

/** Makes a reply for each status of an operation that has JSON; what can't be made is told by its reason. */
export function* makeReplies(
  { responses }: DescribedOperation,
  home: Home,
  chance: Chance,
  measure: Measure,
): Generator<() => MadeReply> {
  for (const { status, content } of responses) {
    const json = content.find(({ mediaRange }) => /^[a-z]+\/(?:[^;*]+\+)?json$/.test(mediaRange));
    const pointer = json?.schemaPointer;
    if (json === undefined || pointer === null || pointer === undefined) continue;
    const number = status === 'default' ? 599 : Number(status.replace('XX', '99'));
    if ([204, 206, 304].includes(number)) continue;
    yield () => ({
      status: number,
      mediaType: json.mediaRange,
      pointer,
      made: makeValue(schemaAt(home, pointer), home, chance, measure),
    });
  }
}

/** Holds a value against what is described of replies. */
export function judgeReply(judge: ReplyJudge, { status, mediaType }: MadeReply, value: unknown): ReplyVerdict {
  const type = parseMediaType(mediaType);
  const content = type.ok ? judge.of(status)?.contentOf(type.value) : null;
  if (!type.ok || content === null || content === undefined) return { kind: 'refused', why: 'is not described' };
  if (content.treatment(type.value) === 'unread') return { kind: 'passes' };
  const read = readJson(JSON.stringify(value));
  if (read === undefined) return { kind: 'refused', why: 'is not read' };
  const fault = content.judge({ kind: 'json', value: read }, type.value);
  if (fault === null) return { kind: 'passes' };
  if (fault.reason === 'cuts') {
    return { kind: 'cut', names: [...fault.cuts.values()].flatMap((names) => [...names.keys()]) };
  }
  if (fault.reason !== 'differs') return { kind: 'refused', why: fault.reason };
  return { kind: 'refused', why: fault.violations.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ') };
}

/** A reply that was made wrong, and what has to become of it. */
export interface MutatedReply {
  readonly what: MutationName;
  readonly value: unknown;
  readonly wanted: 'cut' | 'refused';
}

/** Makes a reply wrong in every way it allows. A property that is not described goes, and nothing else. */
export function mutateReply({ made }: MadeReply, chance: Chance): readonly MutatedReply[] {
  // Of bytes nothing is asked.
  if (made.sites[0]?.facts.formats.includes('binary') === true) return [];
  return mutantsOf(made, chance).map(({ what, value }) => ({
    what,
    value,
    wanted: what === 'undescribed property' ? 'cut' : 'refused',
  }));
}

/** Whether a verdict is the wanted one; what goes is the one property that was added. With one too many none may go. */
export function isWanted(verdict: ReplyVerdict, wanted: MutatedReply['wanted']): boolean {
  if (verdict.kind !== 'cut') return verdict.kind === 'refused';
  return wanted === 'cut' && verdict.names.length === 1 && verdict.names[0] === UNDESCRIBED;
}

/** The judge of an operation's replies; what is wrong with their description, in words, is thrown. */
export function replyJudge(source: SchemaSource, { responses }: DescribedOperation): ReplyJudge {
  const compiled = compileReplies(source, responses, readJson);
  if (compiled.ok) return compiled.value;
  throw new ReplyRefusal(compiled.error[0]?.message ?? '');
}

/** Why the replies of an operation are not judged. */
export class ReplyRefusal extends Error {}
