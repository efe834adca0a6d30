import type { HeaderMap } from '../../../wire/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import { isFieldName, RESERVED_FIELDS } from '../../written-fields.ts';
import { findTrace } from './stack-trace.ts';

/** What is true of the body alone that was replaced. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-language',
  'content-location',
  'content-range',
  'content-security-policy-report-only',
  'expires',
  'last-modified',
  'pragma',
  'refresh',
]);

/** Names under which servers and frameworks tell of their inside. */
const TELLING = new Set([
  'server-timing',
  'sourcemap',
  'x-sourcemap',
  'x-sourcefiles',
  'x-runtime',
  'x-chromelogger-data',
  'x-wf-1-index',
]);
const TELLING_WORD =
  /(?:^|-)(?:errors?|debug\w{0,20}|exceptions?|stack|stacktrace|trace|backtrace|traceback|dump|profiler|sql|query|queries|cause|fault|phpdebugbar|clockwork)(?:-|$)/;
/** They have such a word, and tell whoever asks for help which request is meant. */
const HELPFUL = new Set(['x-trace-id', 'x-cloud-trace-context', 'x-amzn-trace-id']);

/** A shorter value holds no trace. */
const LEAST_CHARACTERS = 16;

/**
 * Takes the fields out that say something of a body which was replaced, or of the inside of the program that failed. False
 * where one can't be.
 */
export function dropTelling(headers: HeaderMap, editor: ResponseEditor): boolean {
  const names = new Set<string>();
  for (const [name, value] of headers.entries()) {
    const lower = name.toLowerCase();
    if (
      isTelling(lower.replaceAll(/[^a-z0-9]/g, '-')) ||
      (value.length >= LEAST_CHARACTERS && findTrace(Buffer.from(value, 'latin1')) !== null)
    )
      names.add(lower);
  }
  for (const name of names) {
    const plain = name.replaceAll('_', '-');
    if (!isFieldName(plain)) return false;
    if (!RESERVED_FIELDS.replies.has(plain)) editor.removeHeader(name);
  }
  return true;
}

function isTelling(name: string): boolean {
  return OF_THE_BODY.has(name) || TELLING.has(name) || (TELLING_WORD.test(name) && !HELPFUL.has(name));
}
