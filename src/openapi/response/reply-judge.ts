import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedContent, DescribedResponse } from '../description.ts';
import type { JsonReader } from '../request/json-text.ts';
import { chooseMediaRange, type SentMediaType } from '../request/media-range-choice.ts';
import type { FormContext } from '../request/multipart-object.ts';
import type { SchemaSource } from '../validate/validator.ts';
import { readsNoXml, type XmlReader } from '../xml/sent-element.ts';
import { compileReplyContent, type ReplyContent } from './reply-content.ts';
import { compileHeaders, type HeaderJudge } from './reply-headers.ts';

/** What is described of the replies with one status. */
export interface JudgedReply {
  readonly headers: HeaderJudge;
  /** Whether any body is described. */
  readonly hasContent: boolean;
  /** What is described under a media type; null where nothing is. */
  readonly contentOf: (mediaType: SentMediaType) => ReplyContent | null;
  /** Whether it stands for a reply of which this one is a part, or which it only confirms. */
  readonly isPart: boolean;
}

/** What is described of the replies of one operation. */
export interface ReplyJudge {
  /** Null where the status is not described. */
  readonly of: (status: number) => JudgedReply | null;
  /** Whether bodies of the described types are read, or at least some. */
  readonly reads: boolean;
}

const PARTIAL_CONTENT = 206;
const NOT_MODIFIED = 304;

/**
 * Compiles the replies of an operation. The status itself counts first, then its range (`2XX`), then `default`. A part
 * (206) and what confirms an earlier reply (304) are held against what 200 is, where they are not described by their own
 * numbers: any client gets them by asking for them, whatever the operation.
 */
export function compileReplies(
  source: SchemaSource,
  responses: readonly DescribedResponse[],
  readJson: JsonReader,
  readXml: XmlReader = readsNoXml,
): Result<ReplyJudge, readonly Issue[]> {
  const issues: Issue[] = [];
  const byStatus = new Map<string, JudgedReply>();
  let reads = false;
  for (const response of responses) {
    const made = compileReply(source, response, { readJson, readXml });
    if (!made.ok) issues.push(...made.error);
    else {
      reads ||= made.value.reads;
      byStatus.set(response.status, made.value.reply);
    }
  }
  if (issues.length > 0) return err(issues);
  const described = (status: number): JudgedReply | null =>
    byStatus.get(String(status)) ?? byStatus.get(`${Math.floor(status / 100)}XX`) ?? byStatus.get('default') ?? null;
  const whole = described(200);
  const part = whole === null ? null : { ...whole, isPart: true };
  return ok({
    of(status) {
      if (status !== PARTIAL_CONTENT && status !== NOT_MODIFIED) return described(status);
      return byStatus.get(String(status)) ?? part;
    },
    reads,
  });
}

type Readers = Pick<FormContext, 'readJson' | 'readXml'>;

interface CompiledReply {
  readonly reply: JudgedReply;
  readonly reads: boolean;
}

function compileReply(
  source: SchemaSource,
  { headers, content }: DescribedResponse,
  readers: Readers,
): Result<CompiledReply, readonly Issue[]> {
  const judge = compileHeaders(source, headers, readers.readJson);
  const entries = contentsOf(source, content, readers);
  if (!judge.ok || !entries.ok) return err([...(judge.ok ? [] : judge.error), ...(entries.ok ? [] : entries.error)]);
  const contentOf = (mediaType: SentMediaType): ReplyContent | null => chooseMediaRange(entries.value, mediaType);
  const reply = { headers: judge.value, hasContent: content.length > 0, contentOf, isPart: false };
  return ok({ reply, reads: entries.value.some((entry) => entry.reads) });
}

type Contents = Result<readonly ReplyContent[], readonly Issue[]>;

/** A reply that many operations refer to, such as that of a fault, is compiled once. An entry goes with its description. */
const known = new WeakMap<readonly DescribedContent[], { readonly document: unknown; readonly contents: Contents }>();

function contentsOf(source: SchemaSource, content: readonly DescribedContent[], readers: Readers): Contents {
  const before = known.get(content);
  if (before !== undefined && before.document === source.document) return before.contents;
  const entries: ReplyContent[] = [];
  const issues: Issue[] = [];
  for (const one of content) {
    const entry = compileReplyContent(source, one, readers);
    if (entry.ok) entries.push(entry.value);
    else issues.push(...entry.error);
  }
  const contents: Contents = issues.length > 0 ? err(issues) : ok(entries);
  known.set(content, { document: source.document, contents });
  return contents;
}
