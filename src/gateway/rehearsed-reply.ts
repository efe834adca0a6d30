import type { GivenReply } from '../config/compiled.ts';
import {
  type OutgoingHead,
  type OutgoingRequest,
  readReplyHead,
  type UpstreamCall,
  type UpstreamEvents,
} from '../wire/index.ts';

/** What a caller would get: the status, and the body as JSON where it is that, else as text; null for none. */
export interface RehearsedReply {
  readonly status: number;
  readonly body: unknown;
}

const IS_JSON = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;
/** What says how long a body is, which is for whoever sends it to say. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);
const NOTHING = Buffer.alloc(0);

/** An upstream that answers so as soon as a request is whole. */
export function givenAnswer(
  reply: GivenReply,
  request: OutgoingRequest,
  events: UpstreamEvents,
  nowMs: () => number,
): UpstreamCall {
  let over = false;
  const answer = (): void => {
    if (over) return;
    over = true;
    const body = bytesOf(reply);
    const bytes = headOf(reply, body);
    const head = readReplyHead(bytes, bytes.length - 2, request.method);
    if (head.fault !== null) events.failed({ code: 'upstream-malformed-reply', detail: head.fault });
    else events.whole(head, head.framing.kind === 'none' ? NOTHING : body, nowMs());
  };
  // Nothing comes back before the call has returned.
  if (request.framing.kind === 'none') queueMicrotask(answer);
  return {
    write: () => true,
    finish: () => queueMicrotask(answer),
    resume() {},
    allowIdle() {},
    abort: () => {
      over = true;
    },
  };
}

function bytesOf({ headers, body }: GivenReply): Buffer {
  if (body === undefined) return NOTHING;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' && !IS_JSON.test(typeOf(headers)) ? body : JSON.stringify(body));
}

function typeOf(headers: GivenReply['headers']): string {
  const [, said] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  return said ?? 'application/json';
}

/** As it comes over a connection, so that it is read like one that does. */
function headOf({ status, headers, body: given }: GivenReply, body: Buffer): Buffer {
  const said = Object.entries(headers).filter(([name]) => !FRAMING.has(name.toLowerCase()));
  const typed = given === undefined || said.some(([name]) => name.toLowerCase() === 'content-type');
  const all = typed ? said : [...said, ['content-type', typeOf(headers)] as const];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`HTTP/1.1 ${status} \r\n${lines}content-length: ${body.length}\r\n\r\n`, 'latin1');
}

/** What a caller gets of a reply with this head and body. */
export function repliedWith({ status, fields, added }: OutgoingHead, body: Buffer): RehearsedReply {
  const at = added.findLastIndex((name, index) => index % 2 === 0 && name === 'content-type');
  const type = at < 0 ? (fields?.get('content-type') ?? '') : (added[at + 1] ?? '');
  if (body.length === 0) return { status, body: null };
  const text = body.toString();
  if (!IS_JSON.test(type)) return { status, body: text };
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    return { status, body: text };
  }
}
