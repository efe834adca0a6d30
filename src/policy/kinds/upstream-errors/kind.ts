import { ok, type Problem, PROBLEM_MEDIA_TYPE, problemBody } from '../../../base/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { BodyViews, Exchange, RepliedHead, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { PolicyKind, Step } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { REPLACED_REPLY } from '../../replaced-reply.ts';
import { deny, PASS } from '../../verdict.ts';
import type { UpstreamErrorsConfig } from './config.ts';
import { dropTelling } from './leaking-fields.ts';
import type { OriginalKeeper } from './original.ts';
import { findTrace } from './stack-trace.ts';

const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;
/** What no program writes its inside into. */
const PICTURES = /^(?:image(?!\/svg)|audio|video|font)\//i;

const UNCLEAN: Problem = { code: 'upstream-error', internal: 'a field that tells of the inside has too long a name' };

const NONE: ReadonlySet<string> = new Set();

/** What this kind works with while replies come. */
export interface UpstreamErrorsPorts {
  readonly originals: OriginalKeeper;
}

/**
 * The kind that puts problem details (RFC 9457) in the place of an upstream's errors: of all with a status of 500 and
 * more, and of those from 400 on that show a stack trace, a debugging page or the words of a database. The status stays.
 */
export function createUpstreamErrorsKind({ originals }: UpstreamErrorsPorts): PolicyKind<UpstreamErrorsConfig> {
  // One for all operations whose errors nothing describes: those are most.
  const undescribed = respondStep(NONE, originals);
  const stepOf = (described: ReadonlySet<string>): Step<'respond'> =>
    described.size === 0 ? undescribed : respondStep(described, originals);
  return {
    kind: 'upstream-errors',
    summary: 'Replaces errors of upstreams by problem details.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => {
        const described = describedErrors(config, operation);
        return ok(described === null ? {} : { respond: stepOf(described) });
      }),
  };
}

/**
 * The statuses of errors that the description names itself, with a body, where replies are held against it; `default` names
 * none. Null where errors pass.
 */
function describedErrors(config: UpstreamErrorsConfig, operation: Operation): ReadonlySet<string> | null {
  // gRPC tells errors in trailers, behind a status of 200.
  const { described } = operation;
  if (described?.grpc !== undefined) return null;
  if ((saidOf(config.operations, operation) ?? config.api) === 'pass') return null;
  if (!(saidOf(config.strict.operations, operation) ?? config.strict.api)) return NONE;
  const named = (described?.responses ?? []).filter(
    ({ status, content }) => status.startsWith('5') && content.length > 0,
  );
  return new Set(named.map(({ status }) => status));
}

function respondStep(described: ReadonlySet<string>, originals: OriginalKeeper): Step<'respond'> {
  return {
    reads: { request: 'none', response: 'start' },
    rare: true,
    concerns: (_exchange, reply) => reply.status >= CLIENT_ERROR && mayTell(reply),
    run(exchange, reply, editor) {
      const start = reply.body('start');
      const trace = start.coded ? null : findTrace(start.bytes);
      if (mayPass(reply.status, { described, trace, coded: start.coded })) return PASS;
      if (!dropTelling(reply.headers, editor)) return deny(UNCLEAN, 'field');
      replace(exchange, { reply, start, trace, originals }, editor);
      return PASS;
    },
  };
}

/** Whether a failure of the upstream's is to be replaced, or else to be looked at. */
function mayTell({ status, source, headers }: RepliedHead): boolean {
  if (source !== 'upstream') return false;
  if (status >= SERVER_ERROR) return true;
  const type = headers.get('content-type');
  return type === null || !PICTURES.test(type);
}

/** What can't be read passes nobody: it may hold anything. */
function mayPass(
  status: number,
  found: { readonly described: ReadonlySet<string>; readonly trace: string | null; readonly coded: boolean },
): boolean {
  if (found.trace !== null || found.coded) return false;
  return status < SERVER_ERROR || found.described.has(String(status)) || found.described.has('5XX');
}

interface Replaced {
  readonly reply: ReplyView;
  readonly start: BodyViews['start'];
  readonly trace: string | null;
  readonly originals: OriginalKeeper;
}

function replace(exchange: Exchange, { reply, start, trace, originals }: Replaced, editor: ResponseEditor): void {
  const { id, operation } = exchange;
  const { status, headers } = reply;
  const { bytes, whole, coded } = start;
  const told = { id, api: operation.api, operation: operation.id, status, trace };
  const hash = originals.keep({ ...told, headers, start: bytes, whole, coded });
  editor.setHeader('content-type', PROBLEM_MEDIA_TYPE);
  // What fails now may be mended next.
  editor.setHeader('cache-control', 'no-store');
  editor.replaceBody(Buffer.from(problemBody({ code: 'upstream-error' }, id, status)), hash ?? undefined);
  exchange.slot(REPLACED_REPLY).value = true;
}
