import * as grpc from '@grpc/grpc-js';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { ECHO } from '../system/grpc-fixture.ts';
import { type NodeReply, sendNode } from '../http2/node-session.ts';
import { Traffic } from './traffic.ts';

/** Where the gateway is, the authority behind its certificates, and how long each hand rests between two requests. */
export interface MixedAddress {
  readonly port: number;
  readonly ca: string;
  readonly pauseMs?: number;
}

const PATIENCE_MS = 20_000;
const UPLOAD_PIECES = 20;
const UPLOAD_PIECE = Buffer.alloc(10_000, 'u');
const UPLOAD_PAUSE_MS = 25;
const EVENTS_AT_A_TIME = 5;
const MESSAGE_PAUSE_MS = 10;

/** Small requests over kept connections of HTTP/1.1. */
export function keepAliveTraffic({ port, ca, pauseMs = 0 }: MixedAddress, hands: number): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: hands, ca });
  return new Traffic({ kind: 'keep-alive', hands, pauseMs }, async (hand) => {
    const sent = request({ host: 'localhost', port, agent, method: 'POST', path: '/echo', timeout: PATIENCE_MS });
    const body = Buffer.from(`hand ${hand}`);
    sent.end(body);
    await echoed(sent, body);
    return 1;
  });
}

/**
 * Small requests over streams of one connection of HTTP/2. A connection that the gateway ends in order gives way to
 * another, and what had not been sent by then is sent there (RFC 9113 §8.7).
 */
export function http2Traffic({ port, ca, pauseMs = 0 }: MixedAddress, hands: number): Traffic {
  let session: ClientHttp2Session | null = null;
  const open = (): ClientHttp2Session => {
    if (session !== null && !session.closed && !session.destroyed) return session;
    session = connectHttp2(`https://localhost:${port}`, { ca });
    session.on('error', () => {});
    return session;
  };
  return new Traffic({ kind: 'h2', hands, pauseMs }, async (hand) => {
    const body = Buffer.from(`hand ${hand}`);
    const used = open();
    let reply: NodeReply;
    try {
      reply = await sendNode(used, { ':method': 'POST', ':path': '/echo' }, body);
    } catch (fault) {
      if (used.closed && String(fault).includes('REFUSED_STREAM')) return 0;
      throw fault;
    }
    if (reply.status !== 200 || !reply.body.equals(body))
      throw new Error(`h2: ${reply.status} ${reply.body.length} bytes`);
    return 1;
  });
}

/** Bodies that take longer than a reload. */
export function uploadTraffic({ port, ca, pauseMs = 0 }: MixedAddress, hands: number): Traffic {
  return new Traffic({ kind: 'upload', hands, pauseMs }, async () => {
    const sent = request({
      host: 'localhost',
      port,
      ca,
      agent: false,
      method: 'POST',
      path: '/echo',
      timeout: PATIENCE_MS,
    });
    const whole = echoed(sent, Buffer.concat(Array.from({ length: UPLOAD_PIECES }, () => UPLOAD_PIECE)));
    // It may fail before it is waited for.
    whole.catch(() => {});
    for (let piece = 0; piece < UPLOAD_PIECES; piece++) {
      sent.write(UPLOAD_PIECE);
      await pause(UPLOAD_PAUSE_MS);
    }
    sent.end();
    await whole;
    return 1;
  });
}

/** Streams of events that stay open; each event counts, and none may be missing. */
export function eventTraffic(address: MixedAddress, hands: number): Traffic {
  const { pauseMs = 0 } = address;
  const streams = new Map<number, AsyncIterator<number>>();
  return new Traffic({ kind: 'sse', hands, pauseMs }, async (hand) => {
    const events = streams.get(hand) ?? eventsOf(address);
    // One that fails gives way to another.
    streams.delete(hand);
    for (let seen = 0; seen < EVENTS_AT_A_TIME; seen++) {
      const { done } = await events.next();
      if (done === true) throw new Error('the stream of events has ended');
    }
    streams.set(hand, events);
    return EVENTS_AT_A_TIME;
  });
}

async function* eventsOf({ port, ca }: MixedAddress): AsyncGenerator<number> {
  const sent = request({ host: 'localhost', port, ca, agent: false, path: '/events' });
  sent.on('error', () => {});
  sent.end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  if (reply.statusCode !== 200) throw new Error(`events: ${reply.statusCode}`);
  let text = '';
  let expected = 0;
  for await (const piece of reply.setEncoding('utf8')) {
    text += piece as string;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      if (text.slice(0, end) !== `data: ${expected}`)
        throw new Error(`event ${text.slice(0, end)} in place of ${expected}`);
      text = text.slice(end + 2);
      yield expected++;
    }
  }
}

/** Messages over WebSockets that stay open; each must come back. */
export function messageTraffic(address: MixedAddress, hands: number): Traffic {
  const { pauseMs = MESSAGE_PAUSE_MS } = address;
  const sockets = new Map<number, Chat>();
  let sequence = 0;
  return new Traffic({ kind: 'websocket', hands, pauseMs }, async (hand) => {
    const chat = sockets.get(hand) ?? (await Chat.open(address));
    sockets.delete(hand);
    const message = `message ${sequence++}`;
    const answer = await chat.ask(message);
    if (answer !== message) throw new Error(`${answer} in place of ${message}`);
    sockets.set(hand, chat);
    return 1;
  });
}

/** A WebSocket with one message on its way. */
class Chat {
  readonly #socket: WebSocket;
  #closed: string | null = null;
  #waiting: PromiseWithResolvers<string> | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (message: Buffer) => this.#waiting?.resolve(message.toString()));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      this.#closed = `the WebSocket was closed with ${code}`;
      this.#waiting?.reject(new Error(this.#closed));
    });
  }

  static async open({ port, ca }: MixedAddress): Promise<Chat> {
    const socket = new WebSocket(`wss://localhost:${port}/chat`, { ca, perMessageDeflate: false });
    const chat = new Chat(socket);
    await once(socket, 'open');
    return chat;
  }

  async ask(message: string): Promise<string> {
    if (this.#closed !== null) throw new Error(this.#closed);
    this.#waiting = Promise.withResolvers<string>();
    this.#socket.send(message);
    return await this.#waiting.promise;
  }
}

/** Calls of gRPC: unary ones, and between them messages over one call that streams both ways and stays open. */
export function callTraffic({ port, ca, pauseMs = 0 }: MixedAddress, hands: number): Traffic {
  const client = new grpc.Client(`localhost:${port}`, grpc.credentials.createSsl(Buffer.from(ca)));
  const talks = new Map<number, Talk>();
  let sequence = 0;
  return new Traffic({ kind: 'grpc', hands, pauseMs }, async (hand) => {
    const said = `call ${sequence++}`;
    const talk = talks.get(hand) ?? new Talk(client);
    talks.delete(hand);
    for (const answer of [await unary(client, said), await talk.ask(said)]) {
      if (answer !== said) throw new Error(`${answer} in place of ${said}`);
    }
    talks.set(hand, talk);
    return 2;
  });
}

function unary(client: grpc.Client, said: string): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = ECHO.Unary;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.from(said), (fault, answer) => {
    if (fault === null && answer !== undefined) resolve(answer.toString());
    else reject(fault ?? new Error('a call without an answer'));
  });
  return promise;
}

/** A call that streams both ways, with one message on its way. */
class Talk {
  readonly #call: grpc.ClientDuplexStream<Buffer, Buffer>;
  #ended: Error | null = null;
  #waiting: PromiseWithResolvers<string> | null = null;

  constructor(client: grpc.Client) {
    const { path, requestSerialize, responseDeserialize } = ECHO.Talk;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call.on('data', (answer: Buffer) => this.#waiting?.resolve(answer.toString()));
    this.#call.on('error', (fault: Error) => this.#end(fault));
    this.#call.on('end', () => this.#end(new Error('the call has ended')));
  }

  #end(fault: Error): void {
    this.#ended ??= fault;
    this.#waiting?.reject(fault);
  }

  async ask(said: string): Promise<string> {
    if (this.#ended !== null) throw this.#ended;
    this.#waiting = Promise.withResolvers<string>();
    this.#call.write(Buffer.from(said));
    return await this.#waiting.promise;
  }
}

async function echoed(sent: ReturnType<typeof request>, body: Buffer): Promise<void> {
  // What befalls it behind the head of the reply is seen by reading that.
  sent.on('error', () => {});
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of reply) pieces.push(piece as Buffer);
  const got = Buffer.concat(pieces);
  if (reply.statusCode !== 200 || !got.equals(body))
    throw new Error(`${reply.statusCode}, ${got.length} of ${body.length} bytes`);
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
