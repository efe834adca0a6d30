import type { Problem } from '../base/index.ts';
import type { WebSocketConfig } from '../config/compiled.ts';
import type { CanonicalRequest, ReplyHead, ServerExchange, UpgradeOffer } from '../wire/index.ts';
import type { Router } from './router.ts';
import type { Walk } from './walk.ts';

const HTTPS_PORT = 443;
/**
 * Why a request to an operation that does not offer WebSocket can't be served, or null. Who asks by CONNECT can't be
 * served as by GET (RFC 8441 §5), and is told the methods of the path.
 */
export function connectProblem<T>(
  { mustSwitch }: Pick<ServerExchange, 'mustSwitch'>,
  { host, path }: Pick<CanonicalRequest, 'host' | 'path'>,
  router: Pick<Router<T>, 'find'>,
): Problem | null {
  if (!mustSwitch) return null;
  const found = router.find(host, path, 'CONNECT');
  const allow = found.kind === 'methodNotAllowed' ? found.allow : [];
  return { code: 'method-not-allowed', headers: [['allow', allow.join(', ')]] };
}

/**
 * Why a request to an operation that offers WebSocket may not be upgraded; null where it may, or asks for no upgrade. A
 * browser opens connections for any page and sends the user's cookies along, so pages are told apart by Origin
 * (RFC 6455 §10.2); who sends none is no browser.
 */
export function upgradeProblem(
  { upgrade }: Pick<ServerExchange, 'upgrade'>,
  request: CanonicalRequest,
  { origins }: WebSocketConfig,
): Problem | null {
  if (upgrade === null) return null;
  if (typeof upgrade === 'string') return { code: upgrade };
  const said = request.headers.all('origin');
  const isAllowed = said.length === 0 || (said.length === 1 && allows(origins, said[0] as string, request));
  return isAllowed ? null : { code: 'origin-refused' };
}

/** What is wrong with a reply to an upgrade whose client would take it for the switch; null where nothing is. */
export function mistakableReply(
  { mustSwitch }: Pick<ServerExchange, 'mustSwitch'>,
  { status }: ReplyHead,
): string | null {
  return mustSwitch && status < 300 ? 'a reply of success in the place of 101' : null;
}

/** Whether a walk that may have been upgraded would be so again where this is offered now. Other bounds hold from the beginning only. */
export function offerAgain(
  { compiled, stream }: Walk,
  request: CanonicalRequest,
  offered: WebSocketConfig | null,
): 'stands' | 'changed' | Problem {
  const began = compiled.websocket;
  if (began === null || stream.upgrade === null) return 'stands';
  if (offered === null || boundsOf(began) !== boundsOf(offered)) return 'changed';
  return upgradeProblem(stream, request, offered) ?? 'stands';
}

function boundsOf({ messageBytes, rate, idleMs, subprotocols }: WebSocketConfig): string {
  return JSON.stringify([messageBytes, rate, idleMs, subprotocols]);
}

function allows(origins: WebSocketConfig['origins'], origin: string, request: CanonicalRequest): boolean {
  // What stands for "none that can be told" is nobody's own (RFC 6454 §6.1).
  if (origin === 'null') return false;
  if (origins === 'any') return true;
  return origins === 'own' ? origin === ownOrigin(request) : origins.includes(origin);
}

/** That of the pages which the named host serves; APIs are served over https alone. */
function ownOrigin({ host, port }: CanonicalRequest): string {
  return port === null || port === HTTPS_PORT ? `https://${host}` : `https://${host}:${port}`;
}

/** What the upstream is asked to switch to, where the client asks for that and the operation offers it; else null. */
export function upgradeFor({ compiled, context, stream }: Walk): UpgradeOffer | null {
  const rules = compiled.websocket;
  const asked = rules === null ? null : stream.upgrade;
  if (rules === null || asked === null || typeof asked === 'string') return null;
  const { traces } = context.ports;
  // Over HTTP/2 there is no key to pass on, and the upstream wants one: 16 octets by chance (RFC 6455 §4.1).
  const key = asked.key || Buffer.from(traces.nextSpan() + traces.nextSpan(), 'hex').toString('base64');
  const { subprotocols } = rules;
  const passed = asked.subprotocols.filter((name) => subprotocols === null || subprotocols.includes(name));
  return { protocol: 'websocket', key, subprotocols: passed };
}
