import { usedCredential } from '../policy/index.ts';
import type { UpstreamConfig } from '../config/compiled.ts';
import type { CanonicalRequest, HeaderFields, Peer } from '../wire/index.ts';
import { takeOutOwnCookies } from './own-cookies.ts';
import { continueTrace } from './trace-context.ts';
import type { Walk } from './walk.ts';

type Spelling = UpstreamConfig['forwarded'];

/** What is the same for all requests that one client sends to one host over one connection. */
class ConnectionLines {
  readonly peer: Peer;
  readonly host: string;
  readonly port: number | null;
  readonly spelling: Spelling;
  readonly text: string;

  constructor({ peer, host, port }: CanonicalRequest, spelling: Spelling) {
    this.peer = peer;
    this.host = host;
    this.port = port;
    this.spelling = spelling;
    const asked = port === null ? host : `${host}:${port}`;
    const scheme = peer.tls === null ? 'http' : 'https';
    const lines =
      (spelling === 'forwarded' ? '' : separateLines(peer, asked, scheme)) +
      (spelling === 'x-forwarded' ? '' : forwardedLine(peer, asked, scheme));
    // Put together once, as one piece, since it is written with every request.
    this.text = Buffer.from(`${lines}x-request-id: `, 'latin1').toString('latin1');
  }
}

/** The client, then the proxies in the order in which the request passed them. */
function hopsOf({ address, via }: Peer): readonly string[] {
  return via.length === 0 ? [address] : [address, ...via.toReversed()];
}

function separateLines(peer: Peer, asked: string, scheme: string): string {
  const hops = hopsOf(peer).join(', ');
  return `x-forwarded-for: ${hops}\r\nx-forwarded-host: ${asked}\r\nx-forwarded-proto: ${scheme}\r\n`;
}

/** What was asked for stands in the last element, which is the gateway's own (RFC 7239 §4). */
function forwardedLine(peer: Peer, asked: string, scheme: string): string {
  const hops = hopsOf(peer).map((address) => `for=${address.includes(':') ? `"[${address}]"` : address}`);
  return `forwarded: ${hops.join(', ')};host="${asked}";proto=${scheme}\r\n`;
}

function connectionLines({ request, stream, compiled }: Walk): string {
  const { memo } = stream;
  const kept = memo === undefined ? null : memo.kept;
  const spelling = compiled.api.upstream.forwarded;
  const holds =
    kept instanceof ConnectionLines &&
    kept.peer === request.peer &&
    kept.host === request.host &&
    kept.port === request.port &&
    kept.spelling === spelling;
  if (holds) return kept.text;
  const made = new ConnectionLines(request, spelling);
  if (memo !== undefined) memo.kept = made;
  return made.text;
}

/** The id under which the upstream hears of the request: that of a trusted proxy, if it gave one, or our own. */
function idFor({ context, id, stream }: Walk): string {
  const { trusted } = context.installed.snapshot;
  return trusted === null ? id : (trusted.requestIdOf(stream.request) ?? id);
}

/**
 * What the gateway itself says to an upstream, as field lines: whom it stands for, as the connection or a trusted proxy
 * showed it and never as a client claimed it, which request and which trace this is (RFC 9110 §7.6.3 for Via), and who is
 * calling. `fields` are the client's: what is said anew is taken out of them.
 */
export function upstreamLines(walk: Walk, fields: HeaderFields): string {
  const { callerTexts } = walk;
  const trace = continueTrace(fields, walk.context.ports.traces);
  const closing = callerTexts === null ? LINE_END : callerTexts.closing;
  const cookies = takeOutOwnCookies(fields);
  return connectionLines(walk) + idFor(walk) + viaOf(walk.stream.request.peer) + trace + closing + cookies;
}

const LINE_END = '\r\n';
/** How the request came over the connection (RFC 9110 §7.6.3), and then the name of the trace. */
const VIA_HTTP1 = '\r\nvia: 1.1 portcullis\r\ntraceparent: ';
const VIA_HTTP2 = '\r\nvia: 2.0 portcullis\r\ntraceparent: ';

function viaOf({ tls }: Peer): string {
  return tls !== null && tls.applicationProtocol === 'h2' ? VIA_HTTP2 : VIA_HTTP1;
}

/** Takes the credential that identified the caller out of what goes upstream, unless the API is to have it. */
export function dropUsedCredential(walk: Walk, fields: HeaderFields): void {
  if (walk.principal === null || walk.compiled.api.credentials === 'pass') return;
  const { header, besides } = walk.slot(usedCredential);
  if (header !== null) fields.drop(header);
  if (besides !== null) fields.drop(besides);
}
