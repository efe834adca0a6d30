import { err, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Question } from '../gateway/index.ts';

/** A request as it was written on the command line; `scheme` is null where only a path was given. */
export interface WrittenQuestion extends Question {
  readonly scheme: 'http' | 'https' | null;
  /** Whether it was written as the URL of a WebSocket. */
  readonly websocket: boolean;
}

/**
 * Takes METHOD and URL apart without mending anything, since what the gateway makes of odd spellings is the question.
 * The URL parser of the standard would tidy dot segments and backslashes away. Methods are as case-sensitive as on the
 * wire, but one in lower case is never what was meant.
 */
export function readQuestion(method: string, url: string, config: Config): Result<WrittenQuestion, string> {
  if (method !== method.toUpperCase()) return err(`methods are case-sensitive; write ${shown(method.toUpperCase())}`);
  if (url.startsWith('/') || url === '*')
    return ok({ method, scheme: null, websocket: false, host: standardHost(config), target: url });
  const whole = /^(http|ws)(s?):\/\/([^/?#]*)(.*)$/is.exec(url);
  if (whole === null) return err(`${shown(url)} is neither a path such as /orders/7 nor an http, https or wss URL`);
  const [, scheme = '', secure = '', host = '', rest = ''] = whole;
  if (host.includes('@'))
    return err('the URL holds a user name or password, which no client sends as part of the target');
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  const websocket = scheme.toLowerCase() === 'ws';
  return ok({ method, scheme: secure === '' ? 'http' : 'https', websocket, host, target });
}

function standardHost({ apis }: Config): string {
  return apis.find((api) => api.host !== null)?.host ?? 'localhost';
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200)).replace(/[\x7f-\uffff]/g, '?');
}
