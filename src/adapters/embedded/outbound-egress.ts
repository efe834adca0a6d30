import type * as http from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { addressReach, err, ok, parseAddress, type Result } from '../../base/index.ts';
import type {
  Clock,
  Egress,
  EgressFault,
  EgressReply,
  EgressRequest,
  ResolvedAddress,
  Resolver,
} from '../../ports/index.ts';
import { KeptConnections, type KeptPlace } from './kept-connections.ts';

/** What outbound calls need. `trustedCaPem` are CAs that are trusted beside the well-known ones; `callLimit` is 64 if nothing is said. */
interface OutboundEgressOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly trustedCaPem?: readonly string[];
  readonly callLimit?: number;
}

const CALL_LIMIT = 64;
const HEAD_LIMIT_BYTES = 32 * 1024;

// Set here, for a caller that sets them could send a second request inside the first or to another host.
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'upgrade',
]);

type Outcome = Result<EgressReply, EgressFault>;

/**
 * Calls over HTTP/1.1, a new connection for each but those that say otherwise, a bounded number at once. The host's addresses are all checked and the
 * connection can go to no other; one address that may not be reached is enough to refuse. Certificates are always
 * verified, redirects are replies like any other, and a compressed reply is a fault, for its size is unknown.
 * A URL with credentials, or headers that cannot be sent, are the fault `malformed-url`.
 */
export function createOutboundEgress(options: OutboundEgressOptions): Egress {
  const { callLimit = CALL_LIMIT } = options;
  const kept = new KeptConnections(options.clock);
  let running = 0;
  return {
    async call(request) {
      const target = targetOf(request);
      if (!target.ok) return target;
      if (request.signal?.aborted === true) return CANCELLED;
      if (running >= callLimit) return fault('unreachable', `more than ${callLimit} calls at once`);
      running++;
      const deadline = new AbortController();
      const { promise: early, resolve: end } = Promise.withResolvers<Outcome>();
      const detail = `no whole reply from ${target.value.host} within ${request.timeoutMs} ms`;
      const timer = options.clock.after(request.timeoutMs, () => end(fault('timeout', detail)));
      const cancel = (): void => end(CANCELLED);
      request.signal?.addEventListener('abort', cancel);
      try {
        return await Promise.race([early, exchange(request, target.value, { ...options, kept }, deadline.signal)]);
      } finally {
        timer.cancel();
        request.signal?.removeEventListener('abort', cancel);
        deadline.abort();
        running--;
      }
    },
  };
}

const CANCELLED = fault('cancelled', 'nobody waits for the call any more');

function fault(reason: EgressFault['reason'], detail: string): Result<never, EgressFault> {
  return err({ reason, detail });
}

interface Target {
  readonly url: URL;
  /** As a resolver takes it: without the brackets of an IPv6 address. */
  readonly host: string;
}

function targetOf(request: EgressRequest): Result<Target, EgressFault> {
  // The parser of the URL standard turns 0x7f.1, 017700000001 and 2130706433 into 127.0.0.1, and what is judged below
  // is its result, as it is its result that is connected to.
  const url = URL.parse(request.url);
  if (url === null) return fault('malformed-url', 'is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return fault('malformed-url', 'is neither http nor https');
  if (url.username !== '' || url.password !== '') return fault('malformed-url', 'holds credentials');
  const own = Object.keys(request.headers).find((name) => OWN_HEADERS.has(name.toLowerCase()));
  if (own !== undefined) return fault('malformed-url', `the header ${own} is not the caller’s to set`);
  return ok({ url, host: url.hostname.replace(/^\[(.*)\]$/, '$1') });
}

async function exchange(
  request: EgressRequest,
  target: Target,
  options: OutboundEgressOptions & { readonly kept: KeptConnections },
  signal: AbortSignal,
): Promise<Outcome> {
  // An address in the URL is not looked up by Node, so it is not left to the resolver here either.
  const literal: ResolvedAddress = { address: target.host, family: isIP(target.host) === 6 ? 6 : 4 };
  const resolved = isIP(target.host) === 0 ? await options.resolver.resolve(target.host) : ok([literal]);
  if (!resolved.ok) return fault('unresolved', `${target.host}: ${resolved.error}`);
  if (resolved.value.length === 0) return fault('unresolved', `${target.host} has no address`);
  const forbidden = resolved.value.find(({ address }) => !mayReach(address, request.reach));
  if (forbidden !== undefined) return fault('forbidden-address', `${target.host} is ${forbidden.address}`);
  if (signal.aborted) return fault('timeout', 'while the name was looked up');
  const connection = {
    ...rootsOf(request, options.trustedCaPem ?? []),
    ...(request.shows === undefined ? {} : { cert: request.shows.certificate, key: request.shows.key }),
    lookup: pinned(resolved.value),
    signal,
  };
  if (request.keeps === true) {
    const outcome = await send(request, target, { connection, kept: options.kept.to(target.url, resolved.value) });
    if (outcome !== null) return outcome;
  }
  return (await send(request, target, { connection, kept: null })) ?? fault('unreachable', 'the connection was lost');
}

function rootsOf({ ca }: EgressRequest, trusted: readonly string[]): http.RequestOptions & { ca?: string[] } {
  if (ca !== undefined) return { ca: [ca] };
  return trusted.length === 0 ? {} : { ca: [...rootCertificates, ...trusted] };
}

function mayReach(address: string, reach: EgressRequest['reach']): boolean {
  const parsed = parseAddress(address);
  // An address with a zone is link-local, and one that cannot be read cannot be judged.
  if (!parsed.ok) return false;
  const actual = addressReach(parsed.value);
  switch (reach) {
    case 'public':
      return actual === 'public';
    case 'named':
      return actual !== 'never';
  }
}

/** Answers every question with the addresses that were checked: a second answer of the DNS is never asked for. */
function pinned(addresses: readonly ResolvedAddress[]): LookupFunction {
  const [first] = addresses;
  return (_host, options, answer) => {
    if (options.all === true) answer(null, [...addresses]);
    else answer(null, first?.address ?? '', first?.family);
  };
}

interface Way {
  readonly connection: http.RequestOptions;
  /** Null for a connection of this call's own. */
  readonly kept: KeptPlace | null;
}

/** Null where a kept connection was lost before anything had come over it. */
function send(request: EgressRequest, { url }: Target, { connection, kept }: Way): Promise<Outcome | null> {
  const secure = url.protocol === 'https:';
  const body = request.body;
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const ending = kept === null ? { connection: 'close' } : {};
  return new Promise((resolve) => {
    let sent: http.ClientRequest;
    try {
      sent = requestOver(secure)(url, {
        ...connection,
        method: request.method,
        headers: { ...request.headers, ...length, 'accept-encoding': 'identity', ...ending },
        agent: kept?.agent ?? false,
        maxHeaderSize: HEAD_LIMIT_BYTES,
        insecureHTTPParser: false,
        ...(secure ? { rejectUnauthorized: true, minVersion: 'TLSv1.2' } : {}),
      });
    } catch (error) {
      resolve(fault('malformed-url', `cannot be sent: ${messageOf(error)}`));
      return;
    }
    const stage = watchStage(sent, secure);
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    sent.on('close', close);
    sent.on('error', (error) =>
      resolve(isLost(sent, error) ? null : fault(reasonOf(error, stage()), messageOf(error))),
    );
    sent.on('response', (message) => {
      const { socket } = message;
      void receive(message, request).then(async (outcome) => {
        // What a reply that is not whole has left on the connection would be the beginning of the next one.
        if (!outcome.ok || kept === null || !kept.mayKeep(socket)) {
          sent.destroy();
          // It may be free already, and nothing of the call's.
          socket.destroy();
        } else await closed; // Before that it is not free, and ending the call would end it.
        resolve(outcome);
      });
    });
    sent.end(body);
  });
}

/** Whoever keeps connections closes them when it likes, also while a call is on its way. */
function isLost({ reusedSocket }: http.ClientRequest, error: Error): boolean {
  return reusedSocket && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/**
 * Taken here and not imported: most processes never call anybody, and an import of `node:http` reads all its names, of
 * which some load all of undici.
 */
function requestOver(secure: boolean): typeof http.request {
  return process.getBuiltinModule(secure ? 'node:https' : 'node:http').request;
}

type Stage = 'connecting' | 'securing' | 'exchanging';

function watchStage(sent: http.ClientRequest, secure: boolean): () => Stage {
  let stage: Stage = 'connecting';
  sent.on('socket', (socket) => {
    // One that was kept has come through all of it, and would gather what listens in vain.
    if (sent.reusedSocket) {
      stage = 'exchanging';
      return;
    }
    socket.once('connect', () => {
      stage = secure ? 'securing' : 'exchanging';
    });
    socket.once('secureConnect', () => {
      stage = 'exchanging';
    });
  });
  return () => stage;
}

function reasonOf(error: Error, stage: Stage): EgressFault['reason'] {
  const code = 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return 'malformed-reply';
  // A connection that is merely cut says nothing about trust.
  if (stage === 'securing' && code !== 'ECONNRESET' && code !== 'EPIPE') return 'untrusted';
  return 'unreachable';
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

async function receive(message: http.IncomingMessage, request: EgressRequest): Promise<Outcome> {
  const { limitBytes } = request;
  const pass = message.statusCode === 200 ? request.receive : undefined;
  const coding = message.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    return fault('malformed-reply', `the reply is encoded as ${coding}, which was not asked for`);
  }
  const tooLarge = fault('too-large', `the reply has more than ${limitBytes} bytes`);
  if (Number(message.headers['content-length'] ?? 0) > limitBytes) return tooLarge;
  const chunks: Uint8Array[] = [];
  let used = 0;
  try {
    for await (const chunk of message as AsyncIterable<Uint8Array>) {
      used += chunk.length;
      if (used > limitBytes) return tooLarge;
      if (pass === undefined) chunks.push(chunk);
      else pass(chunk);
    }
  } catch (error) {
    return fault('malformed-reply', `the reply ended early: ${messageOf(error)}`);
  }
  if (!message.complete) return fault('malformed-reply', 'the reply ended early');
  const headers = Object.entries(message.headersDistinct).map(([name, values]): [string, string] => [
    name,
    (values ?? []).join(', '),
  ]);
  return ok({
    status: message.statusCode ?? 0,
    headers: new Map(headers),
    body: new Uint8Array(Buffer.concat(chunks)),
  });
}
