import type { BodyFraming } from './message.ts';
import type { OutgoingHead } from './server.ts';
import type { HeaderFields } from './header-fields.ts';
import { type UpgradeOffer, upgradeLines } from './upgrade.ts';

/** Reason phrases (RFC 9110 §15); an upstream's own are not passed on. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage',
};

const STATUS_LINES: readonly string[] = Array.from({ length: 600 }, (_, status) => {
  return `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n`;
});

/** The status line with its CRLF. */
export function statusLine(status: number): string {
  return STATUS_LINES[status] ?? `HTTP/1.1 ${status} \r\n`;
}

/** Names and values in turn as field lines. Names and values come from the gateway's own code or have been checked; a line break in one is a bug. */
export function fieldLines(added: readonly string[]): string {
  let lines = '';
  for (let at = 0; at < added.length; at += 2)
    lines += (added[at] as string) + ': ' + (added[at + 1] as string) + '\r\n';
  return lines;
}

/** Whether a reply of this status to this method has no body, whatever its head says (RFC 9112 §6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || status < 200;
}

/** What the request and the connection make of a reply's head. */
export interface ReplyHeadOptions {
  readonly method: string;
  /** The client speaks HTTP/1.0 and knows no chunks. */
  readonly legacy: boolean;
  /** The length of a body that is whole already, or null. */
  readonly bytes: number | null;
  /** The connection ends behind this reply. */
  readonly close: boolean;
}

/** A reply's head for an HTTP/1 client, its empty line included. */
export function writeReplyHead(head: OutgoingHead, options: ReplyHeadOptions): string {
  let text = statusLine(head.status);
  if (head.fields !== null) text += head.fields.keptLines();
  if (head.added.length > 0) text += fieldLines(head.added);
  text += head.opening + head.requestId + head.closing + lengthLine(head, options);
  return text + (options.close ? 'connection: close\r\n\r\n' : '\r\n');
}

/** Lengths below this have their line made once: replies of an API are mostly short, and of few lengths. */
const KNOWN_LENGTHS = 8_192;
const lengthLines: (string | undefined)[] = Array.from({ length: KNOWN_LENGTHS }, () => undefined);

function contentLength(bytes: number): string {
  if (bytes >= KNOWN_LENGTHS) return `content-length: ${bytes}\r\n`;
  return (lengthLines[bytes] ??= Buffer.from(`content-length: ${bytes}\r\n`).toString('latin1'));
}

function lengthLine(head: OutgoingHead, options: ReplyHeadOptions): string {
  const { framing, status, announcedLength } = head;
  if (isBodiless(options.method, status)) {
    // What GET would have been given, where that is known; 204 has no length at all (RFC 9110 §8.6).
    const length = framing.kind === 'length' ? framing.bytes : announcedLength;
    return length === null || status === 204 || status < 200 ? '' : contentLength(length);
  }
  if (options.bytes !== null) return contentLength(options.bytes);
  if (framing.kind === 'length') return contentLength(framing.bytes);
  if (framing.kind === 'none') return 'content-length: 0\r\n';
  return options.legacy ? '' : 'transfer-encoding: chunked\r\n';
}

/** What goes into the head of a request to an upstream. */
export interface OutgoingRequest {
  readonly method: string;
  /** Path and query as they were judged. */
  readonly target: string;
  /** Whom it goes to, as Host says it; set anew where it goes to another target. */
  authority: string;
  /** What Host says instead, whichever target it goes to; null where that is the target's own name. */
  readonly host?: string | null;
  readonly fields: HeaderFields | null;
  readonly added: readonly string[];
  /**
   * Field lines ready to be sent, each with its CRLF, before `added`. Nothing of them is checked again. Set anew where it
   * is sent again and one of them says how much time is left.
   */
  lines?: string;
  readonly framing: BodyFraming;
  /** Over HTTP/2: neither the reply's head nor anything behind it has to come in time; whoever calls sees to an end. */
  readonly mayStandStill?: boolean;
  /** How long the head of its reply may take, in milliseconds, where that is not what holds for all. */
  readonly responseMs?: number | null;
  /** What it asks to be upgraded to, or null; one that asks has a connection of its own. */
  readonly upgrade: UpgradeOffer | null;
}

/** A request that asks for an upgrade. */
export type UpgradeRequest = OutgoingRequest & { readonly upgrade: UpgradeOffer };

/** Whether the request asks for an upgrade. */
export function asksUpgrade(request: OutgoingRequest): request is UpgradeRequest {
  return request.upgrade !== null;
}

/** A request's head for an HTTP/1.1 upstream, its empty line included. */
export function writeRequestHead(request: OutgoingRequest): string {
  let text = request.method + ' ' + request.target + openingFor(request.host ?? request.authority);
  if (request.fields !== null) text += request.fields.keptLines();
  if (request.lines !== undefined) text += request.lines;
  if (request.added.length > 0) text += fieldLines(request.added);
  if (request.framing.kind === 'length') text += `content-length: ${request.framing.bytes}\r\n`;
  else if (request.framing.kind === 'chunked') text += 'transfer-encoding: chunked\r\n';
  else if (request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH')
    text += 'content-length: 0\r\n';
  if (request.upgrade !== null) text += upgradeLines(request.upgrade);
  return text + '\r\n';
}

let lastAuthority: string | null = null;
let lastOpening = '';

/** What stands between the target and the fields; put together once for requests to the same upstream in a row. */
function openingFor(authority: string): string {
  if (authority !== lastAuthority) {
    lastAuthority = authority;
    lastOpening = Buffer.from(` HTTP/1.1\r\nhost: ${authority}\r\n`, 'latin1').toString('latin1');
  }
  return lastOpening;
}

/** The end of a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

/** The line before a chunk's data. */
export function chunkLine(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}
