import type { ProblemCode } from '../base/index.ts';
import type { Peer, ServerExchange, ServerHandler } from '../wire/index.ts';
import { answerHead, createDateSource } from './reply.ts';
import type { GatewayPorts } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** Fields that bear a credential, in the ways APIs and browsers send them. */
const CREDENTIAL_FIELDS = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'api-key', 'apikey', 'x-auth-token', 'x-access-token'];
/** Query parameters that bear one (RFC 6750 §2.3, and customary names). */
const CREDENTIAL_PARAMETERS = /(?:^|&)(?:access_token|id_token|refresh_token|token|api[_-]?key|apikey|key|password|client_secret|code|sig|signature|assertion)=/i;

/** What the plain port works with. */
export interface PlainHttpOptions {
  readonly ports: GatewayPorts;
  readonly mode: 'redirect' | 'refuse';
  /** The https port to redirect to, known once it is open. */
  readonly httpsPort: () => number;
  readonly snapshot: () => Snapshot | null;
  /** Answers what could not be read, as on the https port. */
  readonly refused: ServerHandler['refused'];
}

/**
 * The plain http port: a GET or HEAD without credentials is sent to https (RFC 9110 §15.4.9), anything else is refused.
 * A credential seen here has been seen by everybody on the way, which is an alert.
 */
export function createPlainHttp(options: PlainHttpOptions): ServerHandler {
  const { ports } = options;
  const date = createDateSource(() => ports.clock.now());
  const refuse = (stream: ServerExchange, code: ProblemCode): void => {
    const { head, body } = options.refused(code, stream.request.peer);
    stream.send(head, body);
  };
  return {
    request(stream) {
      const { method, host, query, headers, peer } = stream.request;
      const credential = CREDENTIAL_FIELDS.find((name) => headers.has(name)) ?? (query !== null && CREDENTIAL_PARAMETERS.test(query) ? 'query' : null);
      if (credential !== null) warnOfCredential(ports, credential, peer);
      const harmless = (method === 'GET' || method === 'HEAD') && stream.framing.kind === 'none' && credential === null;
      if (options.mode === 'refuse' || !harmless) refuse(stream, 'plain-http');
      else if (options.snapshot()?.router.find(host, '/', 'GET').kind === 'misdirected') refuse(stream, 'misdirected-request');
      else redirect(stream, options, date());
    },
    refused: options.refused,
  };
}

function warnOfCredential(ports: GatewayPorts, where: string, peer: Peer): void {
  ports.alerts({
    kind: 'credential-over-plain-http',
    key: peer.address,
    severity: 'high',
    message: 'a credential was sent over plain http; it must be replaced',
    fields: { where, address: peer.address },
  });
}

/** To the request's own canonical host: nothing a client writes elsewhere can lead it away. */
function redirect(stream: ServerExchange, options: PlainHttpOptions, date: string): void {
  const { host, path, query } = stream.request;
  const port = options.httpsPort();
  const id = options.ports.nextId();
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${path}${query === null ? '' : `?${query}`}`;
  const added = ['location', location, 'cache-control', 'no-store', 'date', date, 'x-request-id', id];
  options.ports.metrics.finished(null, 308, 0);
  stream.send(answerHead({ status: 308, added, body: '' }), '');
}

