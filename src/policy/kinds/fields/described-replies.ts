import type { DescribedContent, DescribedOperation } from '../../../openapi/index.ts';

/** What is described of an operation's replies, as far as fields are told by it. */
export interface DescribedReplies {
  /** Pointers to the schemas of all its JSON; none where one that is no error has none, so that any field may be in it. */
  readonly schemas: readonly string[];
  /** False where bodies are described, and none of them can be filtered. */
  readonly readable: boolean;
}

/** Also ranges that leave it open which type comes. */
const READABLE = /(?:\*|[/+]json|ndjson|jsonl|jsonlines)(?:$|\s*;)/;

/** Reads it. */
export function repliesOf({ responses }: DescribedOperation): DescribedReplies {
  const of = (all: typeof responses): readonly DescribedContent[] =>
    all.flatMap(({ content }) => content.filter(({ mediaRange }) => READABLE.test(mediaRange)));
  const good = responses.filter(({ status }) => status.startsWith('2') || status === 'default');
  const readable = of(good);
  const open = readable.length === 0 || readable.some((each) => pointersOf(each).length === 0);
  return {
    schemas: open ? [] : of(responses).flatMap(pointersOf),
    readable: readable.length > 0 || good.every(({ content }) => content.length === 0),
  };
}

function pointersOf({ schemaPointer, itemSchemaPointer }: DescribedContent): readonly string[] {
  return [schemaPointer, itemSchemaPointer].filter((each) => each !== null);
}
