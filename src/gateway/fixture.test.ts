// No tests here: the ports, kinds, upstream and client that this room's tests stand on. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import {
  Bitset,
  type CspReport,
  type GrpcStatus,
  type LedgerRecord,
  type ProblemCode,
  ok,
  type Result,
} from '../base/index.ts';
import { type Gathered, parseConfig } from '../config/index.ts';
import type { ApiDescription } from '../openapi/index.ts';
import {
  type BodyUse,
  Notes,
  type Operation,
  type PolicyKind,
  type Principal,
  type Step,
  type Stage,
  type Steps,
} from '../policy/index.ts';
import type { Alert, Clock, LogLevel, Timer } from '../ports/index.ts';
import {
  type HeaderFields,
  type Http2Fault,
  listen,
  type Listener,
  newAuthorityMemory,
  readRequestHead,
  SERVER_BOUNDS,
  type ServerHandler,
} from '../wire/index.ts';
import { compile } from './compile.ts';
import { kindTable, type KindTable } from './kind-table.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { LoadJudge } from './overload.ts';
import { wholeCacheShare } from './reply-caches.ts';
import type { GatewayPorts } from './runtime.ts';
import type { Upstreams } from './upstream-pools.ts';
import type { Snapshot } from './snapshot.ts';

/** A clock that stands still until `pass`. */
export class StillClock implements Clock {
  readonly #timers = new Set<{ dueMs: number; periodMs: number | null; callback: () => void }>();
  #nowMs = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** How many timers wait. */
  get waiting(): number {
    return [...this.#timers].filter((timer) => timer.periodMs === null).length;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add(delayMs, null, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#add(periodMs, periodMs, callback);
  }

  #add(delayMs: number, periodMs: number | null, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, periodMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Lets time pass in the steps of the timers. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs === null) this.#timers.delete(next);
      else next.dueMs += next.periodMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #next(): { dueMs: number; periodMs: number | null; callback: () => void } | undefined {
    return [...this.#timers].toSorted((one, other) => one.dueMs - other.dueMs)[0];
  }
}

/** What was counted. */
export class CountingMetrics implements GatewayMetrics {
  readonly statuses: number[] = [];
  readonly refusals: ProblemCode[] = [];
  readonly observations: ProblemCode[] = [];
  readonly cutPassages: number[] = [];
  readonly grpcStatuses: GrpcStatus[] = [];
  readonly http2 = { connection: 0, stream: 0 };
  readonly http2Faults: Http2Fault[] = [];
  /** Each stream as it ended: its kind and why; those that stand are counted. */
  readonly streamEnds: string[] = [];
  standing = 0;
  readonly streams: GatewayMetrics['streams'] = {
    opened: () => void this.standing++,
    closed: (kind, reason) => {
      this.standing--;
      this.streamEnds.push(`${kind} ${reason}`);
    },
  };
  /** Messages by API and sender. */
  readonly messageCounts = new Map<string, number>();
  /** What the cache did, request by request. */
  readonly cacheResults: string[] = [];
  readonly cacheHeld = { bytes: 0, entries: 0, evicted: 0 };
  readonly cache: GatewayMetrics['cache'] = {
    asked: (_api, result) => void this.cacheResults.push(result),
    evicted: (_api, count) => void (this.cacheHeld.evicted += count),
    held: (bytes, entries) => void Object.assign(this.cacheHeld, { bytes, entries }),
  };
  inFlightNow = 0;
  readonly inFlight = { set: (value: number) => void (this.inFlightNow = value) };

  /** What was cleaned, or would have been. */
  readonly cleanings: string[] = [];

  cleaned(api: string, mode: string): void {
    this.cleanings.push(`${api} ${mode}`);
  }

  finished(_api: string | null, status: number): void {
    this.statuses.push(status);
  }

  refused(code: ProblemCode): void {
    this.refusals.push(code);
  }

  observed(code: ProblemCode): void {
    this.observations.push(code);
  }

  grpcStatus(_api: string, code: GrpcStatus): void {
    this.grpcStatuses.push(code);
  }

  /** By API. */
  readonly ejections: string[] = [];
  ejected(api: string): void {
    this.ejections.push(api);
  }

  errorReplaced(): void {}

  /** Reports of browsers, by what became of each. */
  readonly cspOutcomes: string[] = [];
  cspReport(outcome: string): void {
    this.cspOutcomes.push(outcome);
  }

  turnedAway(): void {}
  handshake(): void {}

  rangesDroppedCount = 0;
  rangesDropped(): void {
    this.rangesDroppedCount++;
  }

  summedCount = 0;
  summed(): void {
    this.summedCount++;
  }

  /** API, side and status of each reply of an upstream with a canary. */
  readonly sides: string[] = [];
  sideAnswered(api: string, side: string, status: number): void {
    this.sides.push(`${api} ${side} ${status}`);
  }

  /** Each retry: why, and what became of it. */
  readonly retries: string[] = [];
  retried(cause: string | number, outcome: string): void {
    this.retries.push(`${cause} ${outcome}`);
  }

  /** Breakers that are open, by API. */
  readonly openBreakers: string[] = [];
  breakerOpen(api: string, isOpen: boolean): void {
    if (isOpen) this.openBreakers.push(api);
    else this.openBreakers.splice(this.openBreakers.indexOf(api), 1);
  }

  /** API and end of each copy. */
  readonly copies: string[] = [];
  mirrored(api: string, end: string): void {
    this.copies.push(`${api} ${end}`);
  }

  readonly shedRequests: string[] = [];

  shed(api: string, priority: string): void {
    this.shedRequests.push(`${api} ${priority}`);
  }

  overload(): void {}

  http2Counted(what: 'connection' | 'stream'): void {
    this.http2[what]++;
  }

  http2Fault(fault: Http2Fault): void {
    this.http2Faults.push(fault);
  }

  messages(api: string, from: string, count: number): void {
    const name = `${api} ${from}`;
    this.messageCounts.set(name, (this.messageCounts.get(name) ?? 0) + count);
  }

  cut(_reason: string, passages: number): void {
    this.cutPassages.push(passages);
  }
}

/** Numbers from 0 up to 1, the same ones each time (a linear congruential generator). */
function seededChance(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** A gateway's ports, and everything that was said through them. */
export function fakePorts(cacheThreads = 1) {
  const clock = new StillClock();
  const metrics = new CountingMetrics();
  const records: LedgerRecord[] = [];
  const alerts: Alert[] = [];
  const reports: CspReport[] = [];
  const lines: { level: LogLevel; event: string; message: string }[] = [];
  const ledger = { full: false, append: (record: LedgerRecord) => !ledger.full && records.push(record) > 0 };
  let ids = 0;
  let spans = 0;
  const nextSpan = (): string => (++spans).toString(16).padStart(16, '0');
  const ports: GatewayPorts = {
    clock,
    metrics,
    ledger,
    log: { write: (level, event, message) => void lines.push({ level, event, message }) },
    alerts: (alert) => void alerts.push(alert),
    nextId: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    chance: seededChance(),
    cspReports: (sent) => void reports.push(...sent),
    cacheShare: { ...wholeCacheShare(), threads: cacheThreads },
    pseudonym: ({ subject }) => `pseudonym of ${subject}`,
    traces: { nextSpan, nextTrace: () => `00-${nextSpan()}${nextSpan()}-${nextSpan()}-03` },
  };
  return { ports, clock, metrics, records, alerts, reports, lines, ledger };
}

/** Ports whose monotonic clock is this one. */
export function portsAt(monotonic: () => number): GatewayPorts {
  return { ...fakePorts().ports, clock: Object.assign(new StillClock(), { monotonic }) };
}

/** Somebody an issuer of the tests vouches for. */
export function principalNamed(subject: string, more: Partial<Principal> = {}): Principal {
  return {
    kind: 'user',
    issuer: 'test',
    subject,
    clientId: null,
    credentialId: null,
    sessionId: null,
    tenant: null,
    roles: [],
    scopes: null,
    permissions: Bitset.of(0, []),
    claims: {},
    assurance: { acr: null, amr: [], authTimeMs: null },
    confirmation: null,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    notes: new Notes(),
    ...more,
  };
}

/** Fields as the codec reads them, behind a Host. */
export function fieldsOf(...lines: readonly (readonly [name: string, value: string])[]): HeaderFields {
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`GET / HTTP/1.1\r\nhost: x.example\r\n${text}\r\n`, 'latin1');
  const reading = readRequestHead(head, head.length - 2, newAuthorityMemory());
  assert.ok(reading.fault === null, reading.fault ?? '');
  return reading.fields;
}

/** A kind of policy whose steps are given as they are. */
export function kindOf(kind: string, steps: Steps | ((operation: Operation) => Steps)): PolicyKind<never> {
  const made: PolicyKind<Record<string, unknown>> = {
    kind,
    summary: `The test kind ${kind}.`,
    schema: z.record(z.string(), z.unknown()),
    sources: () => [],
    compile: (_config, at) =>
      ok(new Map(at.operations.map((each) => [each.id, typeof steps === 'function' ? steps(each) : steps]))),
  };
  return made as unknown as PolicyKind<never>;
}

/** A step that reads nothing, or what `reads` says of request and reply. */
export function step<S extends Stage>(run: Step<S>['run'], more: Partial<StepParts> = {}): Step<S> {
  const { request = 'none', response = 'none', release } = more;
  return { reads: { request, response }, run, ...(release === undefined ? {} : { release }) };
}

interface StepParts {
  readonly request: BodyUse;
  readonly response: BodyUse;
  readonly release: () => void;
}

/** Kinds that stand for every API where nothing is said: a table of a test's own may be without them. */
export const BY_DEFAULT: readonly string[] = [
  'credentials',
  'possession',
  'revocation',
  'possession',
  'groups',
  'overlay',
  'output-encoding',
  'upstream-errors',
  'files',
  'grpc-messages',
];

/** A configuration's text as gathered; `descriptions` stand for its documents. */
export function gatheredOf(text: string, kinds: KindTable, more: Partial<Gathered> = {}): Gathered {
  const parsed = parseConfig(`version: 1\n${text}`, { file: '/etc/portcullis.yaml', kinds: [...kinds.values()] });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  const { places, file } = parsed.value;
  const isThere = ({ kind }: { readonly kind: string }): boolean => kinds.has(kind) || !BY_DEFAULT.includes(kind);
  const apis = parsed.value.config.apis.map((api) => ({ ...api, policies: api.policies.filter(isThere) }));
  const config = { ...parsed.value.config, apis };
  const nothing = {
    descriptions: {} as Record<string, ApiDescription>,
    documents: {},
    documentFiles: {},
    files: {},
    secrets: {},
  };
  return { revision: 1, hash: 'a'.repeat(64), file, text, config, places, ...nothing, warnings: [], ...more };
}

/** What TLS says of a client that was not asked for a certificate. */
export const UNJUDGED = { trust: null, client: null, clientFault: null };

/** Tables that nobody has declared. */
export const NO_TABLES = {
  read: (name: string): never => {
    throw new Error(`no table ${name}`);
  },
};

/** The Snapshot of a gathered configuration. */
export function snapshotOf(gathered: Gathered, kinds: KindTable): Snapshot {
  return valueOf(compile(gathered, { kinds, tables: NO_TABLES }));
}

/** The value of a Result that must be a success. */
export function valueOf<T>(result: Result<T, unknown>): T {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

/** Anything that closes behind a test. */
export interface Closing {
  after(callback: () => Promise<void> | void): void;
}

/** One request as the upstream got it. */
export interface ReceivedRequest {
  readonly head: string;
  readonly body: Buffer;
  readonly socket: Socket;
}

/** An upstream that reads requests whole and answers as it is told; `onSocket` takes the whole connection over. */
export class RawUpstream {
  readonly #server: Server;
  readonly sockets = new Set<Socket>();
  readonly requests: ReceivedRequest[] = [];
  connections = 0;
  respond: (request: ReceivedRequest) => void = ({ socket }) => void socket.write(OK_REPLY);
  onSocket: ((socket: Socket) => void) | null = null;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: false, noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(t: Closing): Promise<RawUpstream> {
    const upstream = new RawUpstream();
    await new Promise<void>((resolve) => {
      upstream.#server.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => upstream.close());
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get last(): ReceivedRequest {
    const request = this.requests.at(-1);
    assert.ok(request !== undefined, 'the upstream got no request');
    return request;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    if (this.onSocket !== null) {
      this.onSocket(socket);
      return;
    }
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let message = readMessage(bytes, null); message !== null; message = readMessage(bytes, null)) {
        bytes = bytes.subarray(message.length);
        const request = { head: message.head, body: message.body, socket };
        this.requests.push(request);
        this.respond(request);
      }
    });
  }
}

/** The reply that an upstream gives when nothing else is said. */
export const OK_REPLY = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok';

/** A reply of the upstream's with a body and its length. */
export function replyText(body: string | Buffer, fields = 'content-type: application/json', status = 200): Buffer {
  const bytes = Buffer.from(body as string);
  const lines = fields === '' ? '' : `${fields}\r\n`;
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\n${lines}content-length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** The same in chunks of a few bytes. */
export function chunkedReply(body: string | Buffer, fields = 'content-type: application/json'): string {
  return `HTTP/1.1 200 OK\r\n${fields}\r\ntransfer-encoding: chunked\r\n\r\n${chunked(body)}`;
}

/** A body in chunks of seven bytes. */
export function chunked(body: string | Buffer): string {
  const text = Buffer.from(body as string).toString('latin1');
  const parts = text.match(/[^]{1,7}/g) ?? [];
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
}

interface Message {
  readonly head: string;
  readonly body: Buffer;
  readonly length: number;
}

/** The first whole message in `bytes`, or null. A reply without a length ends with the connection: then `ended` is true. */
function readMessage(
  bytes: Buffer,
  reply: { readonly bodiless: boolean; readonly ended: boolean } | null,
): Message | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = bytes.toString('latin1', 0, end + 2);
  const start = end + 4;
  if (reply?.bodiless === true || /^HTTP\/1.1 (?:1\d\d|204|304)/.test(head)) {
    return { head, body: Buffer.alloc(0), length: start };
  }
  if (/^transfer-encoding: chunked\r$/im.test(head)) return readChunks(bytes, head, start);
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
  if (length === undefined && reply !== null) {
    return reply.ended ? { head, body: bytes.subarray(start), length: bytes.length } : null;
  }
  const stop = start + Number(length ?? 0);
  return bytes.length < stop ? null : { head, body: bytes.subarray(start, stop), length: stop };
}

function readChunks(bytes: Buffer, head: string, from: number): Message | null {
  const pieces: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { head, body: Buffer.concat(pieces), length: next };
    pieces.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

/** Writes byte by byte, each in a packet of its own. */
export async function dripTo(socket: Socket, bytes: string | Buffer): Promise<void> {
  for (const byte of Buffer.from(bytes as string)) {
    await new Promise<void>((resolve) => {
      socket.write(Uint8Array.of(byte), () => resolve());
    });
    await setImmediate();
  }
}

/** A reply as the client got it; names of `headers` are in lower case, repeated ones joined. */
export interface GivenReply {
  readonly status: number;
  readonly head: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A client that writes bytes as they are. */
export class RawClient {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  /** Whether the connection was reset rather than ended. */
  wasReset = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    this.socket.on('end', () => (this.#ended = true));
    this.socket.on('close', () => (this.#ended = true));
    this.socket.on('error', () => (this.wasReset = true));
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Sends byte by byte, each in a packet of its own. */
  drip(bytes: string | Buffer): Promise<void> {
    return dripTo(this.socket, bytes);
  }

  /** The next reply; `method` is that of its request. */
  async reply(method = 'GET'): Promise<GivenReply> {
    let found: Message | null = null;
    await until(() => {
      found = readMessage(this.#bytes, { bodiless: method === 'HEAD', ended: this.#ended });
      return found !== null || this.#ended;
    });
    const message = found as Message | null;
    assert.ok(message !== null, `no whole reply: ${JSON.stringify(this.#bytes.toString('latin1').slice(0, 300))}`);
    this.#bytes = this.#bytes.subarray(message.length);
    return givenReply(message);
  }

  /** Waits for the end of the connection, and gives what came that was no whole reply. */
  async end(): Promise<string> {
    await until(() => this.#ended);
    return this.#bytes.toString('latin1');
  }

  /** What has come and was not taken. */
  get received(): string {
    return this.#bytes.toString('latin1');
  }
}

function givenReply({ head, body }: Message): GivenReply {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1, -1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 2);
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(head.slice(9, 12)), head, headers, body };
}

/** The code of a refusal. */
export function codeOf(reply: GivenReply): string {
  assert.equal(reply.headers['content-type'], 'application/problem+json', reply.head);
  return (JSON.parse(reply.body.toString()) as { code: string }).code;
}

/** A gateway that listens on a plain port before an upstream. */
export interface Bench extends ReturnType<typeof fakePorts> {
  readonly gateway: Gateway;
  readonly listener: Listener;
  readonly upstream: RawUpstream;
  readonly kinds: KindTable;
  client(): RawClient;
  /** Sends one request on a connection of its own and gives its reply. */
  ask(request: string): Promise<GivenReply>;
  /** Puts a configuration in force. */
  install(text: string, more?: Partial<Gathered>): boolean;
}

/** How a bench is set up; `api` are the lines of its one API besides upstream and auth. */
export interface BenchOptions {
  /** How many threads share the memory of stored replies. */
  readonly cacheThreads?: number;
  readonly kinds?: readonly PolicyKind<never>[];
  readonly api?: string;
  readonly gathered?: Partial<Gathered>;
  readonly collectedBytes?: number;
  readonly overload?: LoadJudge;
  readonly upstreams?: Upstreams;
  /** Clients come from the address that their field `x-test-peer` says. */
  readonly peers?: boolean;
}

/** A handler whose requests come from the address that the field `x-test-peer` says, where there is one. */
export function withPeers(handler: ServerHandler): ServerHandler {
  return {
    request(stream) {
      const address = stream.request.headers.get('x-test-peer');
      if (address !== null) Object.assign(stream.request, { peer: { ...stream.request.peer, address } });
      handler.request(stream);
    },
    refused: (code, peer, sendsBody) => handler.refused(code, peer, sendsBody),
  };
}

/** What is served to raw clients on a port of its own, and closed when the test is over. */
interface Served {
  readonly handler: ServerHandler;
  readonly clock: StillClock;
  readonly close: () => void;
}

/** Listens with a handler, without TLS; gives how to connect a client. */
export async function serve(
  t: Closing,
  { handler, clock, close }: Served,
): Promise<{ readonly listener: Listener; readonly client: () => RawClient }> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler,
    bounds: SERVER_BOUNDS,
    clock,
    context: null,
    http2: null,
    turnedAway: () => {},
  });
  assert.ok(!('code' in listener));
  const clients: RawClient[] = [];
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
    void listener.drain(0);
    clock.pass(1);
    close();
  });
  const client = (): RawClient => {
    const made = new RawClient(listener.port);
    clients.push(made);
    return made;
  };
  return { listener, client };
}

/** Starts everything; all kinds given are policies of the API `a`, which routes everything if nothing else is said. */
export async function startBench(t: Closing, options: BenchOptions = {}): Promise<Bench> {
  const upstream = await RawUpstream.start(t);
  const fakes = fakePorts(options.cacheThreads);
  const gateway = createGateway(fakes.ports, options.collectedBytes, options.upstreams, options.overload);
  const kinds = kindTable(options.kinds ?? []);
  const handler = options.peers === true ? withPeers(gateway) : gateway;
  const { listener, client } = await serve(t, { handler, clock: fakes.clock, close: () => gateway.close() });
  const install = (text: string, more: Partial<Gathered> = {}): boolean =>
    gateway.install(snapshotOf(gatheredOf(text, kinds, more), kinds));
  // Kinds without a schema are made by keys of their own.
  const named = [...kinds.values()].flatMap(({ kind, schema }) => (schema === null ? [] : [kind]));
  install(apiText(upstream.url, named, options.api), options.gathered);
  const ask = (request: string): Promise<GivenReply> => client().send(request).reply(request.split(' ', 1)[0]);
  return { ...fakes, gateway, listener, upstream, kinds, client, ask, install };
}

/** The text of a configuration with one API `a`. */
export function apiText(url: string, kinds: readonly string[], api = "routes: ['* /{rest...}']"): string {
  const policies = kinds.length === 0 ? '' : `    policies: { ${kinds.map((kind) => `${kind}: {}`).join(', ')} }\n`;
  return `apis:\n  a:\n    ${api}\n    upstream: ${url}\n    auth: public\n${policies}`;
}

/** Every way to take one of each list. */
export function combinations<Lists extends readonly (readonly unknown[])[]>(
  ...lists: Lists
): { [At in keyof Lists]: Lists[At][number] }[] {
  let all: unknown[][] = [[]];
  for (const list of lists) all = all.flatMap((taken) => list.map((each) => [...taken, each]));
  return all as { [At in keyof Lists]: Lists[At][number] }[];
}

/** Only what never happens takes as long: a busy machine keeps sockets and threads waiting for many seconds. */
const GIVE_UP_MS = 40_000;

/** Waits for something that goes through sockets; how many turns of the loop it takes is not known. */
export async function until(happened: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  while (!happened()) {
    assert.ok(performance.now() < giveUpAtMs, 'this did not happen');
    await setImmediate();
  }
}

/** Lets what is on its way between sockets of this process arrive, for things that must not happen. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await setImmediate();
}
