import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import type { Readable } from 'node:stream';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** A client that listens to one stream of events. */
export interface Listening {
  /** The numbers of the events that it has heard, in their order. */
  readonly heard: number[];
  /** Its stream has ended, whoever did it. */
  readonly ended: boolean;
  /** Ends it: by the end of its side where the protocol has that, or by a broken connection. */
  leave(how: 'fin' | 'reset'): void;
}

/** Where the gateway is. */
export interface StreamAddress {
  readonly port: number;
  readonly ca: string;
}

/** Networks that the clients come from: none of them has a share of the upstream that the others lack. */
const NETWORKS = 100;
const AT_A_TIME = 20;

/** Opens so many streams, each over a connection of HTTP/1.1 of its own. */
export function listenOverHttp1(address: StreamAddress, count: number): Promise<readonly Listening[]> {
  const secureContext = createSecureContext({ ca: address.ca });
  return openAll(count, (at) => openHttp1(address, at, secureContext));
}

async function openHttp1({ port }: StreamAddress, at: number, secureContext: SecureContext): Promise<Listening> {
  const options: RequestOptions & { readonly secureContext: SecureContext } = {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    localAddress: sourceOf(at),
    secureContext,
    agent: false,
    path: '/events',
    headers: { host: `localhost:${port}` },
  };
  const sent = request(options);
  sent.end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  if (reply.statusCode !== 200) throw new Error(`a stream of events got ${reply.statusCode}`);
  sent.on('error', () => {});
  const { socket } = reply;
  return hear(reply, (how) => (how === 'fin' ? socket.end() : socket.destroy()));
}

/** A connection of HTTP/2, and what it goes over, which its session lets nobody touch. */
interface Session {
  readonly session: ClientHttp2Session;
  readonly socket: TLSSocket;
}

/** Opens so many streams, over one connection of HTTP/2 from each network. */
export async function listenOverHttp2({ port, ca }: StreamAddress, count: number): Promise<readonly Listening[]> {
  const sessions = Array.from({ length: NETWORKS }, (_, at): Session => {
    const options = { port, ca, servername: 'localhost', localAddress: sourceOf(at), ALPNProtocols: ['h2'] };
    const socket = connect({ host: '127.0.0.1', ...options });
    const session = connectHttp2(`https://localhost:${port}`, { createConnection: () => socket });
    session.on('error', () => {});
    return { session, socket };
  });
  return openAll(count, (at) => openHttp2(sessions[at % NETWORKS] as Session));
}

async function openHttp2({ session, socket }: Session): Promise<Listening> {
  const stream = session.request({ ':path': '/events' });
  const [{ ':status': status }] = (await once(stream, 'response')) as [{ ':status'?: number }];
  if (status !== 200) throw new Error(`a stream of events got ${status}`);
  stream.on('error', () => {});
  return hear(stream, (how) => (how === 'fin' ? socket.end() : stream.close()));
}

function hear(reply: Readable, leave: Listening['leave']): Listening {
  const heard: number[] = [];
  let text = '';
  let ended = false;
  reply.setEncoding('utf8');
  reply.on('data', (piece: string) => {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      heard.push(Number(text.slice('data: '.length, end)));
      text = text.slice(end + 2);
    }
  });
  reply.on('error', () => {});
  reply.on('close', () => (ended = true));
  return {
    heard,
    leave,
    get ended() {
      return ended;
    },
  };
}

async function openAll(count: number, open: (at: number) => Promise<Listening>): Promise<readonly Listening[]> {
  const all: Listening[] = [];
  let at = 0;
  const openSome = async (): Promise<void> => {
    while (at < count) all.push(await open(at++));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
  return all;
}

function sourceOf(at: number): string {
  return `127.0.1.${1 + (at % NETWORKS)}`;
}
