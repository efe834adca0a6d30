import type { ProblemCode } from '../../src/base/index.ts';

/**
 * One step of what a client does: bytes to send, `fin` to end its side, or a text it waits for before it goes on
 * (the bounded deadline of the runner holds).
 */
type Step = Buffer | 'fin' | { readonly until: string };

/** The client gets our problem document and nothing of this request goes upstream as a whole request. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  /** Several where two rules are broken at once and either may be named. */
  readonly codes: readonly ProblemCode[];
}

/** The origin gets exactly this, and the client the origin's own answer to it. */
export interface Forwarded {
  readonly kind: 'forwarded';
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
  /** Fields that must arrive, names in lower case. Besides these, what holds for every forwarded request is checked. */
  readonly present: readonly (readonly [name: string, value: string])[];
  readonly absent: readonly string[];
}

/** A reply without a request of its own going upstream, such as a redirect. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
}

/** What one request of a case comes to. */
export type Outcome = Refused | Forwarded | Answered;

/** One input of the corpus and what it must come to. `api.test` and its siblings are replaced by the names of a lane. */
export interface FramingCase {
  /** Begins with the number of the item in the acceptance list: `9: folded Host`. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** One for each reply that the client must get, in order. */
  readonly outcomes: readonly Outcome[];
  /** Whether the gateway must close the connection afterwards; `either` where the contract leaves it open. */
  readonly closes: boolean | 'either';
  /**
   * What may reach the origin of a request that is refused: nothing at all, or, where the fault lies in a body that was
   * already streaming, a beginning that is cut off and never becomes a whole request.
   */
  readonly refusedReach: 'none' | 'cut';
  /** `tls` unless the bytes go to the TLS port without TLS, or to the plain http port. */
  readonly transport: 'tls' | 'tcp' | 'http';
}

/** Text as the bytes it stands for: one byte per character, so that `\xff` is one byte. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A request with CRLF line ends: the request line, the fields, an empty line, the body. */
export function request(line: string, fields: readonly string[], body = ''): Buffer {
  return bytes(`${[line, ...fields, '', ''].join('\r\n')}${body}`);
}

/** A GET with the usual Host before the fields. */
export function get(target: string, ...fields: readonly string[]): Buffer {
  return request(`GET ${target} HTTP/1.1`, ['Host: api.test', ...fields]);
}

/** A POST to /c with the usual Host before the fields. */
export function post(fields: readonly string[], body = ''): Buffer {
  return request('POST /c HTTP/1.1', ['Host: api.test', ...fields], body);
}

/** A chunked POST to /c; the text is the whole body as it stands on the wire. */
export function chunked(body: string): Buffer {
  return post(['Transfer-Encoding: chunked'], body);
}

type Input = Buffer | readonly Step[];
type Codes = ProblemCode | readonly ProblemCode[];

interface RefusedDetails {
  readonly status?: number;
  readonly closes?: boolean | 'either';
  readonly reach?: 'none' | 'cut';
}

/** A case that must be refused: 400, connection closed and nothing at the origin, unless the details say otherwise. */
export function refuse(name: string, input: Input, codes: Codes, details: RefusedDetails = {}): FramingCase {
  return {
    name,
    steps: stepsOf(input),
    outcomes: [refused(codes, details.status)],
    closes: details.closes ?? true,
    refusedReach: details.reach ?? 'none',
    transport: 'tls',
  };
}

/** Bytes on the TLS port that are no TLS: the connection ends, and nobody answers in HTTP. */
export function drop(name: string, input: Buffer): FramingCase {
  return { name, steps: [input], outcomes: [], closes: true, refusedReach: 'none', transport: 'tcp' };
}

/** A case for the plain http port, which never sends anything upstream. */
export function plain(name: string, input: Input, outcome: Refused | Answered): FramingCase {
  const closes = (outcome.kind === 'refused' && outcome.status !== 421) || 'either';
  return { name, steps: stepsOf(input), outcomes: [outcome], closes, refusedReach: 'none', transport: 'http' };
}

/** The outcome of one refused request. */
export function refused(codes: Codes, status = 400): Refused {
  return { kind: 'refused', status, codes: typeof codes === 'string' ? [codes] : codes };
}

interface ForwardedDetails {
  readonly method?: string;
  readonly target?: string;
  readonly body?: string;
  readonly present?: Forwarded['present'];
  readonly absent?: Forwarded['absent'];
}

/** A case that must reach the origin: as GET /c, or POST /c where a body is expected, unless the details say otherwise. */
export function forward(
  name: string,
  input: Input,
  details: ForwardedDetails & { readonly closes?: FramingCase['closes'] } = {},
): FramingCase {
  return {
    name,
    steps: stepsOf(input),
    outcomes: [forwarded(details)],
    closes: details.closes ?? false,
    refusedReach: 'none',
    transport: 'tls',
  };
}

/** The outcome of one forwarded request. */
export function forwarded(details: ForwardedDetails = {}): Forwarded {
  return {
    kind: 'forwarded',
    method: details.method ?? (details.body === undefined ? 'GET' : 'POST'),
    target: details.target ?? '/c',
    body: bytes(details.body ?? ''),
    present: details.present ?? [],
    absent: details.absent ?? [],
  };
}

/** A case of several requests on one connection. */
export function sequence(
  name: string,
  input: Input,
  outcomes: readonly Outcome[],
  details: { readonly closes?: FramingCase['closes']; readonly reach?: 'none' | 'cut' } = {},
): FramingCase {
  return {
    name,
    steps: stepsOf(input),
    outcomes,
    closes: details.closes ?? outcomes.some((outcome) => outcome.kind === 'refused'),
    refusedReach: details.reach ?? 'none',
    transport: 'tls',
  };
}

function stepsOf(input: Input): readonly Step[] {
  return Buffer.isBuffer(input) ? [input] : input;
}

/** How a byte is written in the name of a case. */
export function byteName(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

/** The number of the item that a case belongs to. */
export function itemOf({ name }: { readonly name: string }): number {
  return Number.parseInt(name, 10);
}
