import { err, ok, type Result } from '../base/index.ts';
import type { Gathered } from '../config/compiled.ts';
import type { Question, QuestionHeaders } from './question-head.ts';

/** A request as it was written on the command line; `scheme` is null where only a path was given. */
export interface WrittenQuestion extends Question {
  readonly scheme: 'http' | 'https' | null;
  /** Whether it was written as the URL of a WebSocket. */
  readonly websocket: boolean;
}

/** What a path alone says nothing of: the hosts of APIs. */
type Apis = Pick<Gathered['config'], 'apis'>;

/**
 * Takes METHOD and URL apart without mending anything, since what the gateway makes of odd spellings is the question.
 * The URL parser of the standard would tidy dot segments and backslashes away. Methods are as case-sensitive as on the
 * wire, but one in lower case is never what was meant.
 */
export function readQuestion(method: string, url: string, config: Apis): Result<WrittenQuestion, string> {
  if (method !== method.toUpperCase()) return err(`methods are case-sensitive; write ${shown(method.toUpperCase())}`);
  if (url.startsWith('/') || url === '*')
    return ok({ method, scheme: null, websocket: false, host: standardHost(config), target: url });
  const whole = /^(http|ws)(s?):\/\/([^/?#]*)/i.exec(url);
  if (whole === null) return err(`${shown(url)} is neither a path such as /orders/7 nor an http, https or wss URL`);
  const [start, scheme = '', secure = '', host = ''] = whole;
  const rest = url.slice(start.length);
  if (host.includes('@'))
    return err('the URL holds a user name or password, which no client sends as part of the target');
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  const websocket = scheme.toLowerCase() === 'ws';
  return ok({ method, scheme: secure === '' ? 'http' : 'https', websocket, host, target });
}

/** A body with the fields it is sent with: JSON, where nothing else is said. */
export function withType(headers: QuestionHeaders, body: Uint8Array | null): QuestionHeaders {
  const typed = body === null || headers.some(([name]) => name.toLowerCase() === 'content-type');
  return typed ? headers : [...headers, ['content-type', 'application/json']];
}

/** The fields by which a client asks for WebSocket (RFC 6455 §4.1). Any key will do: nobody answers it. */
const OPENING: QuestionHeaders = [
  ['connection', 'Upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'cmVoZWFyc2VkLXJlcXVlcw=='],
];

/** The fields of a request that may be written as the URL of a WebSocket: then it asks for one, unless it says how. */
export function withOpening(
  headers: QuestionHeaders,
  { websocket }: Pick<WrittenQuestion, 'websocket'>,
): QuestionHeaders {
  if (!websocket) return headers;
  const said = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...headers, ...OPENING.filter(([name]) => !said.has(name))];
}

function standardHost({ apis }: Apis): string {
  return apis.find((api) => api.host !== null)?.host ?? 'localhost';
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200)).replace(/[\x7f-\uffff]/g, '?');
}
