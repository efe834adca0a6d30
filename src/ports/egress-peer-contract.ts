import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { ok, type Result } from '../base/index.ts';
import type { Egress, EgressFault, EgressReply, EgressRequest } from './egress.ts';
import type { Resolver } from './resolver.ts';

/** Outbound calls, and how the test lets time pass for them. */
interface EgressSubject {
  readonly egress: Egress;
  advance(ms: number): void;
}

/** Makes one whose names mean what this resolver says. */
export type MakeSubject = (resolver: Resolver) => EgressSubject;

/** A peer that answers each connection in raw bytes, and what it was sent. */
interface Peer {
  readonly port: number;
  readonly received: string[];
  readonly connections: () => number;
}

/** Starts one; `answer` is called at each piece of a request whose head is there. */
export async function startPeer(t: TestContext, answer: (socket: Socket) => void): Promise<Peer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received.push(data.toString('latin1'));
      if (received.join('').includes('\r\n\r\n')) answer(socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { port: address.port, received, connections: () => connections };
}

/** Answers, and ends the connection. */
export function answerWith(text: string): (socket: Socket) => void {
  return (socket) => socket.end(text);
}

/** A reply. */
export const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Twice: a\r\nx-twice: b\r\n\r\nhello';
/** Every name means this machine. */
export const LOOPBACK: Resolver = { resolve: async () => ok([{ address: '127.0.0.1', family: 4 }]) };

/** A call, and what differs in it. */
export function requestTo(url: string, more: Partial<EgressRequest> = {}): EgressRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 10_000, limitBytes: 1000, reach: 'named', ...more };
}

/** How a call ended, in one word. */
export function reasonOf(outcome: Result<EgressReply, EgressFault>): EgressFault['reason'] | 'replied' {
  if (outcome.ok) return 'replied';
  assert.ok(outcome.error.detail.length > 0);
  return outcome.error.reason;
}

/** Every name means these addresses. */
export function resolverTo(...addresses: readonly string[]): Resolver {
  const list = addresses.map((address) => ({ address, family: address.includes(':') ? (6 as const) : (4 as const) }));
  return { resolve: async () => ok(list) };
}
