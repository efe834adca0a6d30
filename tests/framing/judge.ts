import type { FramingCase, Forwarded, Refused } from './case.ts';
import { fieldOf, type Message } from './message-reader.ts';
import type { OriginRequest } from './origin.ts';
import { statusOf } from './raw-client.ts';

/** Names that never reach an origin, whatever a client sends; the corpus tries them all. */
const NEVER_FORWARDED = new Set(
  [
    'keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade http2-settings expect',
    'x-original-url x-rewrite-url x-http-method-override x-http-method x-method-override',
    'forwarded x-real-ip true-client-ip cf-connecting-ip x-client-cert x-host',
    'x-forwarded-prefix x-forwarded-port x-forwarded-server x-forwarded-uri x-forwarded-method',
  ]
    .join(' ')
    .split(' '),
);

/** What the origin's side of a forwarded request must look like. */
export interface ForwardedContext {
  readonly upstream: string;
  /** The host that the client asked for, in canonical form. */
  readonly host: string;
}

/** What is wrong with a request that the origin understood, compared with what was meant. */
export function judgeForwarded(got: OriginRequest, meant: Forwarded, context: ForwardedContext): string[] {
  const { message } = got;
  const complaints: string[] = [];
  const differ = (what: string, is: unknown, should: unknown): void => {
    if (is !== should) complaints.push(`${what} is ${show(is)}, not ${show(should)}`);
  };
  differ('method', got.method, meant.method);
  differ('target', got.target, meant.target);
  differ('body', message.body.toString('latin1'), meant.body.toString('latin1'));
  differ('trailers', message.trailers, 0);
  differ('chunk extensions', message.chunkExtensions, false);
  differ('host', all(message, 'host'), context.upstream);
  differ('x-forwarded-for', all(message, 'x-forwarded-for'), '127.0.0.1');
  differ('x-forwarded-proto', all(message, 'x-forwarded-proto'), 'https');
  const forwardedHost = all(message, 'x-forwarded-host');
  if (forwardedHost.replace(/:[0-9]+$/, '') !== context.host) differ('x-forwarded-host', forwardedHost, context.host);
  if (fieldOf(message, 'via') === null) complaints.push('via is missing');
  for (const [name, value] of meant.present) {
    if (!message.fields.some(([n, v]) => n === name && v === value))
      complaints.push(`${name}: ${show(value)} is missing`);
  }
  // A client's Connection ends at the gateway; what stands here is the gateway's own.
  const connection = all(message, 'connection').toLowerCase();
  if (!['', 'keep-alive', 'close'].includes(connection))
    complaints.push(`connection: ${connection} reached the origin`);
  const forbidden = message.fields.filter(([name]) => isForbidden(name) || meant.absent.includes(name));
  for (const [name, value] of forbidden) complaints.push(`${name}: ${show(value)} reached the origin`);
  return complaints;
}

function isForbidden(name: string): boolean {
  return NEVER_FORWARDED.has(name) || name.includes('_') || /^x.portcullis./.test(name);
}

/** What is wrong with a refusal. */
export function judgeRefused(reply: Message, meant: Refused, method: string): string[] {
  const complaints = statusOf(reply) === meant.status ? [] : [`status ${statusOf(reply)}, not ${meant.status}`];
  if (fieldOf(reply, 'content-type') !== 'application/problem+json') {
    complaints.push(`content-type ${fieldOf(reply, 'content-type')}`);
  }
  // A reply to HEAD has no body, and so no code.
  if (method === 'HEAD') return complaints;
  const code = problemCode(reply);
  if (code === null || !(meant.codes as readonly string[]).includes(code)) {
    complaints.push(`code ${code}, not ${meant.codes.join(' or ')}`);
  }
  return complaints;
}

/** The code of a problem document, or null. */
export function problemCode(reply: Message): string | null {
  try {
    const value = JSON.parse(reply.body.toString()) as { readonly code?: unknown; readonly status?: unknown };
    return typeof value.code === 'string' && value.status === statusOf(reply) ? value.code : null;
  } catch {
    return null;
  }
}

/** The method of each request of a case, as far as it decides how a reply is framed. */
export function methodsOf({ outcomes, steps }: FramingCase): string[] {
  const first = steps.find((step) => Buffer.isBuffer(step));
  return outcomes.map((outcome, index) => {
    if (outcome.kind === 'forwarded') return outcome.method;
    return index === 0 && first?.toString('latin1', 0, 5) === 'HEAD ' ? 'HEAD' : 'GET';
  });
}

function all(message: Message, name: string): string {
  return message.fields
    .filter(([found]) => found === name)
    .map(([, value]) => value)
    .join(' | ');
}

/** A value as it is shown in a complaint. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 120 ? `${text.slice(0, 100)}… (${text.length})` : text;
}
