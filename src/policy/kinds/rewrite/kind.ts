import { err, errorIssue, type Issue, ok, type Result } from '../../../base/index.ts';
import { parseTemplate, type Segment } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange, ResponseEditor } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { paramFault, paramNames, writePath } from '../../path-text.ts';
import { UNRESERVED } from '../../percent-encoding.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import { isFieldValue } from '../../written-fields.ts';
import { writeText, type WrittenText } from '../../written-text.ts';
import type { FieldEdits, NamedText, RewriteConfig, RewriteRules } from './config.ts';
import { createQueryEditor, parameterText } from './query.ts';

/** A client whose value makes a segment of dots, or a field too long for its place, is refused as one that sends such. */
const DOTS = deny({ code: 'dot-segment', internal: 'the rewritten path would hold a segment of dots' }, 'rewrite path');
const TOO_LONG = deny(
  { code: 'invalid-parameters', internal: 'a rewritten field would be too long' },
  'rewrite request',
);

/**
 * The kind that changes path, query, host and fields of what goes upstream, and fields of replies, as the configuration
 * says. It runs behind everything that judges: what was judged is what it begins with. Parameters of the path that an
 * operation does not have are issues.
 */
export function createRewriteKind(): PolicyKind<RewriteConfig> {
  return {
    kind: 'rewrite',
    summary: 'Changes what goes upstream and what comes back.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => stepsFor(rulesFor(operation, config), operation)),
  };
}

const PARTS = ['path', 'host', 'query', 'request', 'response'] as const;

/** Each part as the operation says, else as its API does. `from` are the rules of whoever says it. */
interface Chosen extends Omit<RewriteRules, 'keyPath'> {
  readonly from: Readonly<Record<(typeof PARTS)[number], RewriteRules | null>>;
}

function rulesFor(operation: Operation, { api, operations }: RewriteConfig): Chosen {
  const own = saidOf(operations, operation);
  const saying = (part: (typeof PARTS)[number]): RewriteRules | null =>
    own !== null && own[part] !== null ? own : api !== null && api[part] !== null ? api : null;
  const [path, host, query, request, response] = [
    saying('path'),
    saying('host'),
    saying('query'),
    saying('request'),
    saying('response'),
  ];
  return {
    path: path?.path ?? null,
    host: host?.host ?? null,
    query: query?.query ?? null,
    request: request?.request ?? null,
    response: response?.response ?? null,
    from: { path, host, query, request, response },
  };
}

function stepsFor(rules: Chosen, operation: Operation): Result<Steps, readonly Issue[]> {
  const issues = issuesOf(rules, operation);
  if (issues.length > 0) return err(issues);
  const { path, host, query, request, response } = rules;
  const changesRequest = path !== null || host !== null || query !== null || request !== null;
  return ok({
    ...(changesRequest ? { transform: transformStep(rules) } : {}),
    ...(response === null ? {} : { respond: respondStep(response) }),
  });
}

function issuesOf({ from, path, query, request, response }: Chosen, operation: Operation): readonly Issue[] {
  const template = parseTemplate(operation.template);
  const known: readonly Segment[] = template.ok ? template.value.segments : [];
  const names = new Set(paramNames(known));
  const fix = names.size === 0 ? 'it has none' : `it has: ${[...names].join(', ')}`;
  const issueAt = (part: (typeof PARTS)[number], message: string): Issue =>
    errorIssue(`${from[part]?.keyPath}.${part}`, `${message} (${operation.id})`, { fix });
  const fault = path === null ? null : paramFault(path, known);
  const strangers = (part: 'query' | 'request' | 'response', texts: readonly NamedText[]): readonly Issue[] =>
    texts
      .flatMap(({ value }) => value.pieces)
      .flatMap((piece) => (typeof piece === 'string' || piece.kind !== 'param' ? [] : [piece.name]))
      .filter((name) => !names.has(name))
      .map((name) => issueAt(part, `the path of this operation has no parameter \`${name}\``));
  return [
    ...(fault === null ? [] : [issueAt('path', fault)]),
    ...strangers('query', query?.set ?? []),
    ...strangers('request', [...(request?.set ?? []), ...(request?.add ?? [])]),
    ...strangers('response', [...(response?.set ?? []), ...(response?.add ?? [])]),
  ];
}

function transformStep({
  path,
  host,
  query,
  request,
}: Pick<RewriteRules, 'path' | 'host' | 'query' | 'request'>): Step<'transform'> {
  const editQuery = query === null ? null : createQueryEditor(query);
  const textsFor = parameterTexts(query?.set ?? []);
  return {
    reads: READS_NOTHING,
    run(exchange, editor): Verdict {
      if (path !== null) {
        const written = writePath(path, exchange.params);
        if (written === null) return DOTS;
        editor.setPath(written);
      }
      if (host !== null) editor.setHost(hostOf(host, exchange));
      if (editQuery !== null) editor.setQuery(editQuery(exchange.request.query, textsFor(exchange)));
      return request === null || editFields(request, exchange, editor) ? PASS : TOO_LONG;
    },
  };
}

/** A host is written by the configuration, or is that which the request names, with its port. */
function hostOf(host: WrittenText, exchange: Exchange): string {
  const [piece] = host.pieces;
  if (typeof piece === 'string') return piece;
  const { host: name, port } = exchange.request;
  return port === null ? name : `${name}:${port}`;
}

/** Gives the parameters that are set, as a query has them: those of each request, or the same for all. */
function parameterTexts(set: readonly NamedText[]): (exchange: Exchange) => readonly string[] {
  const textsFor = (exchange: Exchange | null): readonly string[] =>
    set.flatMap(({ name, value }) => {
      const text = writeText(value, exchange, null);
      return text === null ? [] : [parameterText(name, text)];
    });
  if (set.some(({ value }) => value.pieces.some((piece) => typeof piece !== 'string'))) return textsFor;
  const fixed = textsFor(null);
  return () => fixed;
}

function respondStep(edits: FieldEdits): Step<'respond'> {
  return {
    reads: READS_NOTHING,
    run(exchange, _reply, editor): Verdict {
      // A reply is not refused for a field that a client made too long: it goes without.
      editFields(edits, exchange, editor);
      return PASS;
    },
  };
}

type FieldEditor = Pick<ResponseEditor, 'setHeader' | 'appendHeader' | 'removeHeader'>;

/**
 * False where a text became too long for a field, which is left out then. A field that names a caller where nobody is
 * known is left out too, and nothing else of its name stays, for it would pass for what was meant.
 */
function editFields({ set, add, remove }: FieldEdits, exchange: Exchange, editor: FieldEditor): boolean {
  let fit = true;
  for (const name of remove) editor.removeHeader(name);
  for (const { name, value } of set) {
    const text = writeText(value, exchange, UNRESERVED);
    if (text !== null && isFieldValue(text)) editor.setHeader(name, text);
    else {
      editor.removeHeader(name);
      fit &&= text === null;
    }
  }
  for (const { name, value } of add) {
    const text = writeText(value, exchange, UNRESERVED);
    if (text === null) continue;
    if (isFieldValue(text)) editor.appendHeader(name, text);
    else fit = false;
  }
  return fit;
}
