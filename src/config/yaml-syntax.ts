import { Composer, type Document, type ErrorCode, Lexer, LineCounter, Parser, type YAMLError } from 'yaml';
import { errorIssue, type Issue } from '../base/index.ts';
import { createLineIndex, type LineIndex } from './source-document.ts';

/** More than anybody mends at once; one missing quote can break every line behind it. */
const SYNTAX_ISSUE_LIMIT = 20;
const DOCUMENT_LIMIT = 8;

/** A text whose YAML is sound: one document, not yet looked into. */
export interface ComposedYaml {
  readonly document: Document.Parsed;
  readonly lines: LineIndex;
}

/**
 * Composes exactly one YAML 1.2 document. Nesting is bounded while tokens come in, since the composer that takes them
 * calls itself once a level and a text of nothing but brackets would end the stack.
 */
export function composeYaml(
  text: string,
  file: string,
  depthLimit: number,
): { readonly composed: ComposedYaml | null; readonly issues: readonly Issue[] } {
  const lines = createLineIndex(file, text);
  // Messages of the library's own pretty printer quote the line, and the line may hold a secret.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: new LineCounter(),
  });
  const depth = { tooDeepAt: null as number | null };
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(boundedTokens(text, depthLimit, depth), true, text.length)) {
    documents.push(document as Document.Parsed);
    if (documents.length >= DOCUMENT_LIMIT) break;
  }
  if (depth.tooDeepAt !== null) {
    const place = lines.placeAt(depth.tooDeepAt);
    return { composed: null, issues: [errorIssue('', `is nested deeper than ${depthLimit} levels`, { place })] };
  }
  const issues = [
    ...documents.flatMap(faultsOf).map((fault) => syntaxIssue(fault, lines)),
    ...documentIssues(documents, lines),
  ].slice(0, SYNTAX_ISSUE_LIMIT);
  const [document] = documents;
  return { composed: issues.length > 0 || document === undefined ? null : { document, lines }, issues };
}

function* boundedTokens(text: string, limit: number, depth: { tooDeepAt: number | null }): ReturnType<Parser['next']> {
  const parser = new Parser();
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    offset += lexeme.length;
    // Besides the collections there are the document and the value itself on the parser's stack.
    if (parser.stack.length > limit + 2) {
      depth.tooDeepAt = Math.min(offset, text.length);
      return;
    }
  }
  yield* parser.end();
}

/** What the lexer says before a scalar, and besides it, which is no part of the text. */
const SCALAR = '\x1f';
const MARKS: ReadonlySet<string> = new Set(['\x02', '\x18', SCALAR]);

/** The comments of a text, each with its `#`, and where it begins. */
export function* commentsIn(text: string): Generator<{ readonly comment: string; readonly at: number }> {
  let at = 0;
  let before = '';
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith('#') && before !== SCALAR) yield { comment: lexeme, at };
    if (!MARKS.has(lexeme)) at += lexeme.length;
    before = lexeme;
  }
}

/** One fault can make everything behind it unexpected: of a run of the same kind the first is told. */
function faultsOf({ errors, warnings }: Document.Parsed): YAMLError[] {
  const directives = warnings.filter(({ code }) => code === 'BAD_DIRECTIVE');
  return [...directives, ...errors.filter(({ code }, index) => code !== errors[index - 1]?.code)];
}

function documentIssues(documents: readonly Document.Parsed[], lines: LineIndex): Issue[] {
  const [first, second] = documents;
  const issues: Issue[] = [];
  if (second !== undefined) {
    const place = lines.placeAt(second.range[0]);
    const fix = 'keep one document and take the `---` away';
    issues.push(errorIssue('', 'a second document begins here, and only one is read', { place, fix }));
  }
  // `%YAML 1.1` changes what plain words mean: `yes` and `off` become booleans, `0777` another number.
  if (first !== undefined && first.directives.yaml.explicit === true && first.directives.yaml.version !== '1.2') {
    issues.push(errorIssue('', 'only YAML 1.2 is read', { place: lines.placeAt(0), fix: 'take the %YAML line away' }));
  }
  return issues;
}

function syntaxIssue(error: YAMLError, lines: LineIndex): Issue {
  const [message, fix] = SYNTAX_WORDS[error.code] ?? [lowerFirst(error.message)];
  const place = lines.placeAt(error.pos[0]);
  return errorIssue('', message, fix === undefined ? { place } : { place, fix });
}

/** A tag is mostly meant to be text: without its `!` a condition would say the opposite. */
export const TAG_WORDS = [
  'a tag (`!name`) is not read here',
  'put quotes around the value if it begins with `!`, else take the tag away',
] as const;

/** Words for the errors of the parser; null where its own words are clear and never quote the text. */
const SYNTAX_WORDS = {
  ALIAS_PROPS: ['an alias (`*name`) can have neither tag nor anchor of its own'],
  BAD_ALIAS: ['this alias (`*name`) cannot be read', 'put quotes around text that begins with `*` or `&`'],
  BAD_DIRECTIVE: ['this directive is not known', 'put quotes around text that begins with `%`'],
  BAD_DQ_ESCAPE: [
    'this is no escape sequence of a double-quoted text',
    'write a backslash as \\\\, or use single quotes',
  ],
  BAD_INDENT: null,
  BAD_PROP_ORDER: ['tags and anchors stand before the `-`, `?` or `:`'],
  BAD_SCALAR_START: ['this character cannot begin a value', 'put quotes around the text'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second `key: value` on one line',
    'put quotes around text that holds `: `, and each key on its own line',
  ],
  BLOCK_IN_FLOW: ['lines of `key: value` or `- item` cannot stand between brackets'],
  DUPLICATE_KEY: ['this key stands here twice'],
  IMPOSSIBLE: ['this cannot be read as YAML'],
  KEY_OVER_1024_CHARS: ['a key can have at most 1024 characters'],
  MISSING_CHAR: null,
  MULTILINE_IMPLICIT_KEY: ['a line without `: `, or a key over several lines', 'write `key: value`'],
  MULTIPLE_ANCHORS: ['a value can have one anchor only'],
  MULTIPLE_DOCS: ['a second document begins here, and only one is read'],
  MULTIPLE_TAGS: ['a value can have one tag only'],
  NON_STRING_KEY: ['a key must be text', 'put quotes around it'],
  RESOURCE_EXHAUSTION: ['this takes more than the parser will spend on it'],
  TAB_AS_INDENT: ['a tab is used for indentation', 'indent with spaces'],
  TAG_RESOLVE_FAILED: TAG_WORDS,
  UNEXPECTED_TOKEN: ['something stands here that YAML does not expect', 'look for a bracket or quote too many'],
  BAD_COLLECTION_TYPE: TAG_WORDS,
} as const satisfies Record<ErrorCode, readonly [message: string, fix?: string] | null>;

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
