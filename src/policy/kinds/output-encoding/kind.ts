import { ok } from '../../../base/index.ts';
import { compileEach } from '../../compile-each.ts';
import type { Exchange, RepliedHead, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { PolicyKind, Step } from '../../kind.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { OutputEncodingConfig } from './config.ts';
import { mayBeJson, readPageBody } from './encode.ts';

/** One without a type that is larger is left to `nosniff`, which keeps browsers from making a page of it. */
const UNTYPED_LIMIT_BYTES = 1024 * 1024;
const PARTIAL = 206;

/**
 * Types of which browsers make a page, or find one by looking: HTML wherever it stands in the list (the last of several
 * counts), and what names no type at all (MIME Sniffing Standard §7).
 */
const PAGE = /text\/html|\*\/\*|(?:unknown|application)\/unknown/i;

/**
 * The kind that keeps JSON from being run as a page: where its type is that of a page, or none, what HTML and JavaScript
 * would read is written as escapes, which every reader of JSON takes for the same. Pages stay as they are.
 */
export function createOutputEncodingKind(): PolicyKind<OutputEncodingConfig> {
  return {
    kind: 'output-encoding',
    summary: 'Encodes JSON that a browser would read as a page.',
    schema: null,
    sources: () => [],
    compile: (_config, { operations }) => compileEach(operations, () => ok({ respond: STEP })),
  };
}

const STEP: Step<'respond'> = {
  reads: { request: 'none', response: 'raw' },
  rare: true,
  concerns,
  concernsBody: mayBeJson,
  run,
};

/** The type that was found to be no page last: replies of an API mostly have the same one. */
let plainType: string | null = null;

function concerns({ request }: Exchange, { status, headers, source }: RepliedHead): boolean {
  if (source === 'gateway') return false;
  const type = headers.get('content-type');
  if (type !== null && type === plainType) return false;
  if (type !== null && type.includes('/') && !PAGE.test(type)) {
    if (type.length <= 100) plainType = type;
    return false;
  }
  if (status < 200 || status === 204 || status === PARTIAL || status === 304 || request.method === 'HEAD') return false;
  return isHtml(type) || isShort(headers.get('content-length'));
}

function isHtml(type: string | null): boolean {
  return type !== null && /text\/html/i.test(type);
}

function isShort(length: string | null): boolean {
  return length !== null && Number(length) > 0 && Number(length) <= UNTYPED_LIMIT_BYTES;
}

function run(_exchange: Exchange, reply: ReplyView, editor: ResponseEditor): Verdict {
  const found = readPageBody(reply.body('raw'));
  if (found.kind === 'page') return PASS;
  if (found.kind === 'doubtful') {
    editor.setHeader('content-type', 'text/plain; charset=utf-8');
    editor.setHeader('x-content-type-options', 'nosniff');
    return PASS;
  }
  if (found.encoded !== null) editor.replaceBody(found.encoded);
  if (isHtml(reply.headers.get('content-type'))) return PASS;
  editor.setHeader('content-type', 'application/json');
  editor.setHeader('x-content-type-options', 'nosniff');
  return PASS;
}
