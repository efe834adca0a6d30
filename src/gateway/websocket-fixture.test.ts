// No tests here: the two ends of a WebSocket as raw sockets. Kept apart from the product by its name.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Bench, type BenchOptions, type Closing, startBench, until } from './fixture.test.ts';

/** The key of RFC 6455 §1.3, and what answers it. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** A request that asks for WebSocket. */
export function upgradeRequest(...fields: readonly string[]): string {
  const own = ['Host: api.test', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return ['GET /chat HTTP/1.1', ...own, `Sec-WebSocket-Key: ${KEY}`, ...fields, '', ''].join('\r\n');
}

/** An upstream's 101 to the request with this head. */
export function switchReply(head: string, ...fields: readonly string[]): string {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const own = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${accept}`];
  return ['HTTP/1.1 101 Switching Protocols', ...own, ...fields, '', ''].join('\r\n');
}

/** One end of a connection: what came over it, and whether it ended or was reset. */
export class RawEnd {
  readonly socket: Socket;
  bytes: Buffer = Buffer.alloc(0);
  ended = false;
  closed = false;
  wasReset = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    socket.on('end', () => (this.ended = true));
    socket.on('close', () => (this.closed = true));
    socket.on('error', () => (this.wasReset = true));
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Waits until exactly these bytes have come, and takes them. */
  async gets(bytes: Buffer): Promise<void> {
    await until(() => this.bytes.length >= bytes.length || this.closed);
    const got = this.bytes.subarray(0, bytes.length);
    if (!got.equals(bytes)) throw new Error(`got ${got.toString('hex')} instead of ${bytes.toString('hex')}`);
    this.bytes = this.bytes.subarray(bytes.length);
  }

  async ends(): Promise<void> {
    await until(() => this.ended || this.closed);
  }
}

/** A bench whose API `a` has one operation, `GET /chat`, that offers WebSocket. */
export interface ChatBench extends Bench {
  /** How the upstream answers an upgrade: with its 101 if nothing else is said. */
  onUpgrade: (end: RawEnd, head: string) => void;
  /** The upstream's ends, in order. */
  readonly upstreamEnds: RawEnd[];
  /** Opens a WebSocket, and gives both of its ends behind their heads. */
  open(...fields: readonly string[]): Promise<{ client: RawEnd; upstream: RawEnd; head: string }>;
  connect(): RawEnd;
}

/** Starts one; `websocket` is the value of the key. */
export async function startChat(t: Closing, websocket = 'on', options: BenchOptions = {}): Promise<ChatBench> {
  const api = `routes: ['GET /chat', 'POST /chat', 'GET /plain']\n    operations: { 'GET /chat': { websocket: ${websocket} } }`;
  const bench = await startBench(t, { api, ...options });
  const upstreamEnds: RawEnd[] = [];
  const chat: ChatBench = {
    ...bench,
    upstreamEnds,
    onUpgrade: (end, head) => end.send(switchReply(head)),
    connect: () => {
      const { socket } = bench.client();
      socket.removeAllListeners('data');
      return new RawEnd(socket);
    },
    open: (...fields) => open(chat, fields),
  };
  bench.upstream.onSocket = (socket) => {
    const end = new RawEnd(socket);
    upstreamEnds.push(end);
    const onData = (): void => {
      const at = end.bytes.indexOf('\r\n\r\n');
      if (at < 0) return;
      socket.off('data', onData);
      const head = end.bytes.toString('latin1', 0, at + 4);
      end.bytes = end.bytes.subarray(at + 4);
      chat.onUpgrade(end, head);
    };
    socket.on('data', onData);
  };
  return chat;
}

async function open(
  chat: ChatBench,
  fields: readonly string[],
): Promise<{ client: RawEnd; upstream: RawEnd; head: string }> {
  const client = chat.connect();
  const number = chat.upstreamEnds.length;
  client.send(upgradeRequest(...fields));
  const head = await headOf(client);
  const upstream = chat.upstreamEnds[number];
  if (upstream === undefined) throw new Error(`no upgrade went upstream: ${head}`);
  return { client, upstream, head };
}

/** Waits for a head, and takes it. */
export async function headOf(end: RawEnd): Promise<string> {
  await until(() => end.bytes.includes('\r\n\r\n') || end.closed);
  const at = end.bytes.indexOf('\r\n\r\n') + 4;
  const head = end.bytes.toString('latin1', 0, at);
  end.bytes = end.bytes.subarray(at);
  return head;
}
