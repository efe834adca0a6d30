import type { Problem, ProblemCode } from '../base/index.ts';
import { type CanonicalRequest, NO_LINES, type Peer, type ServerExchange, type ServerHandler } from '../wire/index.ts';
import type { AcmeChallenges } from './acme-challenges.ts';
import { enter } from './entrance.ts';
import type { Gateway } from './gateway.ts';
import { type OwnOutcome, recordOwnReply } from './ledger-records.ts';
import { MANY_NETWORKS, NamedNetworks } from './named-networks.ts';
import type { GatewayPorts } from './runtime.ts';
import { createDateSource, lengthOf, NO_BODY } from './reply.ts';
import { PLAIN_SECURITY_FIELDS } from './security-fields.ts';
import type { Snapshot } from './snapshot.ts';

/** Permanent, and the method stays (RFC 9110 §15.4.9). */
const REDIRECT = 308;

/** Names under which APIs and browsers send a credential in a field, by their last words. */
const CREDENTIAL_FIELD = ending(
  'authorization|auth|cookie2?|dpop|[a-z0-9]*token|secret|password|credentials?|jwt|assertion|signature',
  'session|session-?id|sid|(?:api|access|auth|app|client|functions|private|secret|subscription)-?key',
);
/** The same for query parameters (RFC 6750 §2.3, signed URLs, and customary names). */
const CREDENTIAL_PARAMETER = ending(
  'authorization|secret|passw(?:or)?d|credentials?|jwt|assertion|signature|session|session[-_]?id',
  '(?:access|api|auth|bearer|csrf|id|login|oauth|refresh|reset|security|session|user|xsrf)[-_]?token',
  '(?:api|access|auth|client|functions|private|secret|subscription)[-_]?key',
);
/** Names that are credentials when they stand alone; longer ones, such as `country_code`, are not. */
const CREDENTIAL_WORD = /^(?:token|key|code|auth|pass|pwd|pin|otp|sig|sid)(?:%5[BD])*$/i;

function ending(...words: readonly string[]): RegExp {
  return new RegExp(`(?:^|[-_.]|%5B)(?:${words.join('|')})(?:%5[BD])*$`, 'i');
}

/** What the plain port works with. */
export interface PlainHttpOptions {
  readonly ports: GatewayPorts;
  readonly mode: 'redirect' | 'refuse';
  /** The https port to redirect to, known once it is open. */
  readonly httpsPort: () => number;
  readonly snapshot: () => Snapshot | null;
  /** What is answered to CAs that look whether a name is ours. */
  readonly challenges?: Pick<AcmeChallenges, 'textFor'>;
  /** Whether a redirect was counted in a sum, and so needs no record of its own. */
  readonly sums: Gateway['sums'];
  /** Refuses what was read, as on the https port. */
  readonly turnDown: (stream: ServerExchange, problem: Problem, peer?: Peer) => void;
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
  const networks = new NamedNetworks();
  return {
    request(stream) {
      const snapshot = options.snapshot();
      const request = snapshot === null ? stream.request : enter(stream, snapshot);
      if ('code' in request) {
        options.turnDown(stream, request);
        return;
      }
      // A CA sends no body; what has one is judged as anything else is.
      const text = stream.framing.kind === 'none' ? (options.challenges?.textFor(request) ?? null) : null;
      if (text !== null) {
        answerChallenge({ stream, request }, text, { options, date });
        return;
      }
      const { peer } = request;
      const credential = credentialIn(request);
      if (credential !== null)
        warnOfCredential(ports, credential, peer, networks.keyOf(peer.address, ports.clock.monotonic()));
      const code = reasonToRefuse(stream, credential !== null, options);
      const refusal = code ?? redirect({ stream, request }, options, date);
      if (refusal !== null) options.turnDown(stream, { code: refusal }, peer);
    },
    refused: options.refused,
  };
}

function reasonToRefuse(stream: ServerExchange, credential: boolean, options: PlainHttpOptions): ProblemCode | null {
  const { method, host } = stream.request;
  const harmless = (method === 'GET' || method === 'HEAD') && stream.framing.kind === 'none' && !credential;
  if (options.mode === 'refuse' || !harmless) return 'plain-http';
  const snapshot = options.snapshot();
  if (snapshot === null) return 'gateway-overloaded';
  return snapshot.router.find(host, '/', 'GET').kind === 'misdirected' ? 'misdirected-request' : null;
}

/** Where a request bears a credential, or null. Names only: what it is is told to nobody. */
function credentialIn({ headers, query }: CanonicalRequest): string | null {
  for (const [name] of headers.entries()) if (CREDENTIAL_FIELD.test(name)) return name;
  const names = query === null ? [] : query.split(/[&;]/).map((parameter) => parameter.split('=', 1)[0] as string);
  return names.some((name) => CREDENTIAL_WORD.test(name) || CREDENTIAL_PARAMETER.test(name)) ? 'query' : null;
}

function warnOfCredential(ports: GatewayPorts, where: string, peer: Peer, key: string): void {
  ports.alerts({
    kind: 'credential-over-plain-http',
    key,
    severity: 'high',
    message:
      key === MANY_NETWORKS
        ? 'credentials were sent over plain http from many networks; the ledger has their addresses'
        : 'a credential was sent over plain http; it must be replaced',
    fields: { where, address: peer.address },
  });
}

/** A request that came in, and where it came over. */
interface Entered {
  readonly stream: ServerExchange;
  readonly request: CanonicalRequest;
}

/** To the request's own canonical host: nothing a client writes elsewhere can lead it away. A code where it can't be recorded. */
function redirect({ stream, request }: Entered, options: PlainHttpOptions, date: () => string): ProblemCode | null {
  const { host, path, query } = request;
  const port = options.httpsPort();
  const id = options.ports.nextId();
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${path}${query === null ? '' : `?${query}`}`;
  const own = ['location', location, 'cache-control', 'no-store', 'date', date(), 'x-request-id', id];
  const added = [...own, ...PLAIN_SECURITY_FIELDS];
  const outcome = { rule: 'plain-http', status: REDIRECT, bytes: 0 };
  const recorded = options.sums('redirect', request.peer.address) || recordReply(request, id, options, outcome);
  if (!recorded) return 'not-recorded';
  options.ports.metrics.finished(null, REDIRECT, 0);
  stream.send({ ...NO_LINES, status: REDIRECT, fields: null, added, framing: NO_BODY, announcedLength: 0 }, '');
  return null;
}

/** The answer to a CA (RFC 8555 §8.3): it is recorded as any other. */
function answerChallenge(
  { stream, request }: Entered,
  text: string,
  { options, date }: { readonly options: PlainHttpOptions; readonly date: () => string },
): void {
  const { ports } = options;
  const id = ports.nextId();
  const body = Buffer.from(text, 'latin1');
  const outcome = { rule: 'acme-challenge', status: 200, bytes: body.length };
  if (!recordReply(request, id, options, outcome)) {
    options.turnDown(stream, { code: 'not-recorded' }, request.peer);
    return;
  }
  ports.metrics.finished(null, 200, 0);
  const own = ['content-type', 'application/octet-stream', 'cache-control', 'no-store', 'date', date()];
  const added = [...own, 'x-request-id', id, ...PLAIN_SECURITY_FIELDS];
  const framing = lengthOf(body.length);
  stream.send({ ...NO_LINES, status: 200, fields: null, added, framing, announcedLength: body.length }, body);
}

/** False where the ledger gives no room for it. */
function recordReply(request: CanonicalRequest, id: string, options: PlainHttpOptions, outcome: OwnOutcome): boolean {
  const revision = options.snapshot()?.revision ?? 0;
  return recordOwnReply(options.ports, { request, id, revision }, outcome);
}
