import { usedCredential } from '../policy/index.ts';
import type { CanonicalRequest, HeaderFields } from '../wire/index.ts';
import { continueTrace } from './trace-context.ts';
import type { Walk } from './walk.ts';

/** What is the same for all requests that one client sends to one host over one connection. */
class ConnectionLines {
  readonly host: string;
  readonly port: number | null;
  readonly text: string;

  constructor({ peer, host, port }: CanonicalRequest) {
    this.host = host;
    this.port = port;
    const asked = port === null ? host : `${host}:${port}`;
    const lines =
      `x-forwarded-for: ${peer.address}\r\nx-forwarded-host: ${asked}\r\n` +
      `x-forwarded-proto: ${peer.tls === null ? 'http' : 'https'}\r\nx-request-id: `;
    // Put together once, as one piece, since it is written with every request.
    this.text = Buffer.from(lines, 'latin1').toString('latin1');
  }
}

function connectionLines({ request, stream }: Walk): string {
  const { memo } = stream;
  const kept = memo === undefined ? null : memo.kept;
  if (kept instanceof ConnectionLines && kept.host === request.host && kept.port === request.port) return kept.text;
  const made = new ConnectionLines(request);
  if (memo !== undefined) memo.kept = made;
  return made.text;
}

/**
 * What the gateway itself says to an upstream, as field lines: whom it stands for, as the connection showed it and never
 * as a client claimed it, which request and which trace this is (RFC 9110 §7.6.3 for Via), and who is calling. `fields`
 * are the client's: what is said anew is taken out of them.
 */
export function upstreamLines(walk: Walk, fields: HeaderFields): string {
  const { callerTexts } = walk;
  const trace = continueTrace(fields, walk.context.ports.traces);
  const closing = callerTexts === null ? LINE_END : callerTexts.closing;
  return connectionLines(walk) + walk.id + VIA_AND_TRACE + trace + closing;
}

const LINE_END = '\r\n';
const VIA_AND_TRACE = '\r\nvia: 1.1 portcullis\r\ntraceparent: ';

/** Takes the credential that identified the caller out of what goes upstream, unless the API is to have it. */
export function dropUsedCredential(walk: Walk, fields: HeaderFields): void {
  if (walk.principal === null || walk.compiled.api.credentials === 'pass') return;
  const { header } = walk.slot(usedCredential);
  if (header !== null) fields.drop(header);
}
