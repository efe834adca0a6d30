// No tests here: the clock, the peers and the certificates that this room's tests stand on. Kept apart from the product by its name.
import 'reflect-metadata';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { problemBody, type ProblemCode, problemStatus } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { Peer } from './message.ts';
import { type ExchangeEvents, NO_LINES, type OutgoingHead, type ServerExchange, type ServerHandler } from './server.ts';

const PATIENCE_MS = 10_000;

/** Waits for something that other sockets of this process bring about; fails after a generous while. */
export async function until(condition: () => boolean, what = condition.toString()): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited in vain for ${what}`);
    await setImmediate();
  }
}

/** A clock that goes on only when told to; both times are the same. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #timers: { at: number; everyMs: number; callback: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add(delayMs, Number.POSITIVE_INFINITY, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#add(periodMs, periodMs, callback);
  }

  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#nowMs = next.at;
      next.at += next.everyMs;
      this.#timers = this.#timers.filter((timer) => timer.at < Number.POSITIVE_INFINITY);
      next.callback();
    }
    this.#nowMs = end;
  }

  get timers(): number {
    return this.#timers.length;
  }

  #add(delayMs: number, everyMs: number, callback: () => void): Timer {
    const timer = { at: this.#nowMs + delayMs, everyMs, callback };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }
}

/** A client that sends any bytes and keeps what comes back. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  closed = false;
  error: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.text += bytes.toString('latin1')));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
    socket.on('error', (fault: NodeJS.ErrnoException) => (this.error = fault.code ?? 'error'));
  }

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
    await until(() => !client.socket.connecting);
    return client;
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Sends bytes one by one, each in a packet of its own as far as the system lets us. */
  async drip(text: string): Promise<void> {
    for (const octet of Buffer.from(text, 'latin1')) {
      if (this.socket.destroyed) return;
      this.socket.write(Buffer.of(octet));
      await setImmediate();
    }
  }

  async sees(text: string, times = 1): Promise<void> {
    await until(
      () => this.text.split(text).length > times,
      `${JSON.stringify(text)} in ${JSON.stringify(this.text.slice(0, 400))}`,
    );
  }

  async ends(): Promise<void> {
    await until(() => this.ended || this.closed, 'the end of the connection');
  }

  get statuses(): readonly number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 ([0-9]{3})/g)].map((match) => Number(match[1]));
  }

  get codes(): readonly string[] {
    return [...this.text.matchAll(/"code":"([a-z-]+)"/g)].map((match) => match[1] as string);
  }
}

/** A server that does with each connection what the test says. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ server: Server; port: number; sockets: Set<Socket>; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { server, port: (server.address() as AddressInfo).port, sockets, close };
}

/** A reply of the gateway's own. */
export function ownHead(status: number, bytes: number): OutgoingHead {
  return { ...NO_LINES, status, fields: null, added: [], framing: { kind: 'length', bytes }, announcedLength: null };
}

/** What a refused request is told. */
export function refusal(code: ProblemCode): { head: OutgoingHead; body: Buffer } {
  const body = Buffer.from(problemBody({ code }, '00000000-0000-4000-8000-000000000000'));
  return { head: ownHead(problemStatus(code), body.length), body };
}

/** One exchange with what came of it. */
export class Seen implements ExchangeEvents {
  readonly exchange: ServerExchange;
  readonly log: string[] = [];
  body = '';
  /** What `gone` came with. */
  fault: ProblemCode | null = null;
  /** What `pieces` answers. */
  takes = true;
  onEvent: (event: string) => void = () => {};

  constructor(exchange: ServerExchange) {
    this.exchange = exchange;
    exchange.events = this;
  }

  #note(event: string): void {
    this.log.push(event);
    this.onEvent(event);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    for (const piece of pieces) this.body += piece.toString('latin1');
    this.#note('pieces');
    return this.takes;
  }

  bodyEnd(): void {
    this.#note('end');
  }

  bodyFailed(code: ProblemCode): void {
    this.#note(code);
  }

  drained(): void {
    this.#note('drained');
  }

  gone(code: ProblemCode | null): void {
    this.fault = code;
    this.#note('gone');
  }

  answer(text: string, status = 200): void {
    this.exchange.send(ownHead(status, text.length), text);
  }
}

/** A handler that keeps every exchange and lets the test answer. */
export class Script implements ServerHandler {
  readonly seen: Seen[] = [];
  readonly refusals: ProblemCode[] = [];
  /** Whether the body of each refusal was to be sent. */
  readonly bodies: boolean[] = [];
  onRequest: (seen: Seen) => void = () => {};

  request(exchange: ServerExchange): void {
    const seen = new Seen(exchange);
    this.seen.push(seen);
    this.onRequest(seen);
  }

  refused(code: ProblemCode, _peer: Peer, sendsBody: boolean): { head: OutgoingHead; body: Buffer } {
    this.refusals.push(code);
    this.bodies.push(sendsBody);
    return refusal(code);
  }

  async last(count: number): Promise<Seen> {
    await until(() => this.seen.length >= count, `${count} requests`);
    return this.seen[count - 1] as Seen;
  }
}

/** Answers every request with its method, target and body. */
export function echo(seen: Seen): void {
  const { request, framing } = seen.exchange;
  const answer = (): void => seen.answer(`${request.method} ${request.path} [${seen.body}]`);
  seen.onEvent = (event) => {
    if (event === 'end') answer();
    else if (event !== 'pieces' && event !== 'drained' && event !== 'gone') {
      const { head, body } = refusal(event as ProblemCode);
      seen.exchange.send(head, body);
    }
  };
  if (framing.kind === 'none') answer();
  else seen.exchange.receive();
}

/** A self-signed certificate for names and addresses, with its key. */
export async function selfSigned(...names: readonly string[]): Promise<{ certPem: string; keyPem: Buffer }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${names[0]}`,
    issuer: `CN=${names[0]}`,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: new PublicKey(publicKey.export({ type: 'spki', format: 'der' })),
    signingKey: privateKey.toCryptoKey(signingAlgorithm, false, ['sign']),
    signingAlgorithm,
    extensions: [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[0-9.:]+$/.test(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  });
  const keyPem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { certPem: certificate.toString('pem'), keyPem };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}
