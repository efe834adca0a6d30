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

/** What is wrong with the meaning of a request as it was understood behind the gateway: method, target and body. */
export function judgeMeaning({ method, target, message }: OriginRequest, meant: Forwarded): string[] {
  const complaints: string[] = [];
  if (method !== meant.method) complaints.push(`method is ${show(method)}, not ${show(meant.method)}`);
  if (target !== meant.target) complaints.push(`target is ${show(target)}, not ${show(meant.target)}`);
  const [is, should] = [message.body.toString('latin1'), meant.body.toString('latin1')];
  if (is !== should) complaints.push(`body is ${show(is)}, not ${show(should)}`);
  return complaints;
}

/** What is wrong with a request that comes straight from the gateway, compared with what was meant and what always holds. */
export function judgeForwarded(got: OriginRequest, meant: Forwarded, context: ForwardedContext): string[] {
  const { message } = got;
  const complaints = judgeMeaning(got, meant);
  const differ = (what: string, is: unknown, should: unknown): void => {
    if (is !== should) complaints.push(`${what} is ${show(is)}, not ${show(should)}`);
  };
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
  const isMeant = (name: string, value: string): boolean => meant.present.some(([n, v]) => n === name && v === value);
  if (!['', 'keep-alive', 'close'].includes(connection) && !isMeant('connection', all(message, 'connection')))
    complaints.push(`connection: ${connection} reached the origin`);
  const forbidden = message.fields.filter(
    ([name, value]) => (isForbidden(name) && !isMeant(name, value)) || meant.absent.includes(name),
  );
  for (const [name, value] of forbidden) complaints.push(`${name}: ${show(value)} reached the origin`);
  return complaints;
}

function isForbidden(name: string): boolean {
  return NEVER_FORWARDED.has(name) || name.includes('_') || /^x.portcullis./.test(name);
}

/** What is wrong with a refusal: status, media type, and a document that names one of the codes and this very request. */
export function judgeRefused(reply: Message, meant: Refused, method: string): string[] {
  const complaints = statusOf(reply) === meant.status ? [] : [`status ${statusOf(reply)}, not ${meant.status}`];
  if (fieldOf(reply, 'content-type') !== 'application/problem+json') {
    complaints.push(`content-type ${fieldOf(reply, 'content-type')}`);
  }
  // A reply to HEAD has no body, and so no code.
  if (method === 'HEAD') return complaints;
  const { code, instance } = problemOf(reply);
  if (code === null || !(meant.codes as readonly string[]).includes(code)) {
    complaints.push(`code ${code}, not ${meant.codes.join(' or ')}`);
  }
  const id = fieldOf(reply, 'x-request-id');
  if (id === null || instance !== `urn:uuid:${id}`) complaints.push(`instance ${instance}, and x-request-id ${id}`);
  return complaints;
}

interface ProblemDocument {
  readonly code: string | null;
  readonly instance: string | null;
}

/** What a problem document says; nothing where it is none, or says another status than its reply. */
export function problemOf(reply: Message): ProblemDocument {
  try {
    const value = JSON.parse(reply.body.toString()) as Readonly<Record<string, unknown>>;
    const { code, status, instance } = value;
    if (typeof code === 'string' && status === statusOf(reply))
      return { code, instance: typeof instance === 'string' ? instance : null };
  } catch {
    // No JSON: no problem document.
  }
  return { code: null, instance: null };
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
