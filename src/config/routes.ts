import { didYouMean, err, ok, type Result } from '../base/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import { words } from './words.ts';

/** One route written by hand: `method` is upper case, or `*` for every method; `template` is in canonical form. */
export interface Route {
  readonly method: string;
  readonly template: string;
}

/** The methods registered with IANA, without CONNECT and TRACE, which no gateway passes on, and `PRI`, which is no request. */
const METHODS: ReadonlySet<string> = new Set(
  `GET HEAD POST PUT PATCH DELETE OPTIONS QUERY
   ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF
   MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE
   UPDATEREDIRECTREF VERSION-CONTROL`.split(/\s+/),
);

/** The name of a route's operation, as `operations` and reports call it. */
export function routeName(route: Route): string {
  return `${route.method} ${route.template}`;
}

/** Reads `METHOD /template`, such as `GET /orders/{id}` or `* /{rest...}`. */
export function parseRoute(text: string): Result<Route, string> {
  const space = text.indexOf(' ');
  const method = space < 0 ? text : text.slice(0, space);
  const path = space < 0 ? '' : text.slice(space + 1);
  if (space < 0 || !path.startsWith('/')) {
    return err(words('a route is a method, one space and a path', "write it as 'GET /orders/{id}' or '* /{rest...}'"));
  }
  const known = method === '*' ? ok(method) : parseMethod(method, 'write `*` for every method');
  if (!known.ok) return known;
  const template = parseTemplate(path);
  return template.ok ? ok({ method, template: template.value.text }) : err(words(`the path ${template.error}`));
}

/** Reads the name of a method that a request may have here. `remedy` is for one that resembles none. */
export function parseMethod(text: string, remedy = 'such as GET'): Result<string, string> {
  return METHODS.has(text) ? ok(text) : err(unknownMethod(text, remedy));
}

function unknownMethod(method: string, remedy: string): string {
  if (METHODS.has(method.toUpperCase())) return words('methods are upper case', `write ${method.toUpperCase()}`);
  if (/^(CONNECT|TRACE)$/i.test(method)) return words('CONNECT and TRACE are never passed on');
  const name = JSON.stringify(method.slice(0, 40));
  return words(`no HTTP method is called ${name}`, didYouMean(method, METHODS) ?? remedy);
}
