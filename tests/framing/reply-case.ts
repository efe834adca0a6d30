import type { ProblemCode } from '../../src/base/index.ts';
import { bytes } from './case.ts';

/**
 * One step of what a scripted origin does: bytes to send, `fin` to end its side in order, `reset` to break the
 * connection, or a text that must stand in the body that the
 * client has got so far before it goes on.
 */
export type ReplyStep = Buffer | 'fin' | 'reset' | { readonly clientGot: string };

/** What the client must see. */
type ReplyOutcome =
  /** Our problem document; or, if `cut` says so and a head was passed on already, the client's connection breaks off. */
  | { readonly kind: 'bad-gateway'; readonly codes: readonly ProblemCode[]; readonly orCut: boolean }
  /** The head came, and then the connection breaks off without the reply being whole. */
  | { readonly kind: 'cut' }
  /** The reply, whole and framed anew. */
  | {
      readonly kind: 'delivered';
      readonly status: number;
      readonly body: string;
      readonly absent: readonly string[];
      readonly interims: number | null;
    };

/** One reply of an upstream, and what must come of it. */
export interface ReplyCase {
  /** Begins with the number of the item, as in `FramingCase`. */
  readonly name: string;
  /** What the client sends; one request. */
  readonly request: Buffer;
  readonly method: string;
  /** Whether the origin answers at the request's head or after its body. */
  readonly when: 'head' | 'whole';
  readonly steps: readonly ReplyStep[];
  readonly outcome: ReplyOutcome;
  /** Whether the gateway may use the connection to the origin again. Where it may not, it must close it. */
  readonly reusable: boolean;
  /** Sent by the client after the reply; must never be read as a request. */
  readonly lateBytes: Buffer | null;
}

const GET = bytes('GET /reply HTTP/1.1\r\nHost: api.test\r\n\r\n');

interface Details {
  readonly request?: Buffer;
  readonly method?: string;
  readonly when?: 'head' | 'whole';
  readonly reusable?: boolean;
  readonly lateBytes?: Buffer;
}

/** Text is sent, but for the two words that mean the end. */
type Reply = string | readonly (string | Exclude<ReplyStep, string>)[];

function build(name: string, reply: Reply, outcome: ReplyOutcome, details: Details): ReplyCase {
  return {
    name,
    request: details.request ?? GET,
    method: details.method ?? 'GET',
    when: details.when ?? 'whole',
    steps: stepsOf(reply),
    outcome,
    reusable: details.reusable ?? false,
    lateBytes: details.lateBytes ?? null,
  };
}

/** A reply that the client must not see: 502 with this code, and the origin's connection is closed. */
export function bad(
  name: string,
  reply: Reply,
  codes: ProblemCode | readonly ProblemCode[],
  details: Details = {},
): ReplyCase {
  const list = typeof codes === 'string' ? [codes] : codes;
  return build(name, reply, { kind: 'bad-gateway', codes: list, orCut: false }, details);
}

/** A reply whose fault lies in its body: 502, or cut off where the head had gone out. */
export function badBody(
  name: string,
  reply: Reply,
  codes: ProblemCode | readonly ProblemCode[],
  details: Details = {},
): ReplyCase {
  const list = typeof codes === 'string' ? [codes] : codes;
  return build(name, reply, { kind: 'bad-gateway', codes: list, orCut: true }, details);
}

/** A reply that breaks after the client got its beginning. */
export function cut(name: string, reply: Reply, details: Details = {}): ReplyCase {
  return build(name, reply, { kind: 'cut' }, details);
}

interface DeliveredDetails extends Details {
  readonly status?: number;
  readonly absent?: readonly string[];
  readonly interims?: number;
}

/** A reply that must reach the client with this body. */
export function delivered(name: string, reply: Reply, body: string, details: DeliveredDetails = {}): ReplyCase {
  const { status = 200, absent = [], interims = null } = details;
  return build(name, reply, { kind: 'delivered', status, body, absent, interims }, { reusable: true, ...details });
}

function stepsOf(reply: Reply): readonly ReplyStep[] {
  if (typeof reply === 'string') return [bytes(reply)];
  return reply.map((step) =>
    typeof step === 'string' && step !== 'fin' && step !== 'reset' ? bytes(step) : (step as ReplyStep),
  );
}

/** A reply with CRLF line ends: 200 unless the first field is a status line. */
export function reply(fields: readonly string[], body = '', line = 'HTTP/1.1 200 OK'): string {
  return `${[line, ...fields, '', ''].join('\r\n')}${body}`;
}
