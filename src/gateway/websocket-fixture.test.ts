// No tests here: the two ends of a WebSocket as raw sockets. Kept apart from the product by its name.
import assert from 'node:assert/strict';
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

const MASK = Buffer.of(1, 2, 3, 4);

/** A frame of less than 65,536 octets, masked. */
export function fromClient(payload: string | Buffer, first = 0x81): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = bytes.length < 126 ? [0x80 | bytes.length] : [0xfe, bytes.length >>> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.of(first, ...head), MASK, bytes.map((octet, at) => octet ^ (MASK[at % 4] as number))]);
}

/** A frame of less than 65,536 octets, as upstreams send it. */
export function fromUpstream(payload: string | Buffer, first = 0x81): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = bytes.length < 126 ? [bytes.length] : [126, bytes.length >>> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.of(first, ...head), bytes]);
}

const closing = (code: number): Buffer => Buffer.of(code >>> 8, code & 0xff);
/** A client’s Close frame. */
export const clientClose = (code = 1000): Buffer => fromClient(closing(code), 0x88);
/** An upstream’s Close frame. */
export const upstreamClose = (code = 1000): Buffer => fromUpstream(closing(code), 0x88);

/** The code of the Close frame that has come to an upstream, masked by anything. */
export async function closeGot(end: RawEnd): Promise<number> {
  await until(() => end.bytes.length >= 8 || end.closed);
  const [first = 0, second = 0, a = 0, b = 0, , , c = 0, d = 0] = end.bytes;
  assert.deepEqual([first, second], [0x88, 0x82]);
  return ((c ^ a) << 8) | (d ^ b);
}

/** The completion record of the last walk, once there is one. */
export async function completion(chat: ChatBench): Promise<Record<string, unknown>> {
  await until(() => chat.records.some(({ kind }) => kind === 'completion'));
  return chat.records.findLast(({ kind }) => kind === 'completion') as unknown as Record<string, unknown>;
}
