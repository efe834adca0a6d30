import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';

/** An upstream that says each message back, and a gateway before it. */
export interface EchoSubject {
  readonly gateway: GatewayProcess;
  readonly upstream: WebSocketServer;
  /** Connects by HTTP/1.1, and gives the client once it is open. */
  open(path?: string): Promise<WebSocket>;
}

/** Listens, and closes behind the test. */
export async function startEcho(t: TestContext): Promise<WebSocketServer> {
  const upstream = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
  await new Promise<void>((resolve) => {
    upstream.once('listening', resolve);
  });
  upstream.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data: RawData, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  });
  t.after(() => {
    for (const socket of upstream.clients) socket.terminate();
    upstream.close();
  });
  return upstream;
}

/** The port that a server of `ws` listens on. */
export function portOf(server: WebSocketServer): number {
  return (server.address() as AddressInfo).port;
}

/** A configuration with an operation that offers WebSocket and one that does not. */
export function configuration(port: number, websocket: string): string {
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  chat:
    routes: ['GET /chat', 'GET /plain', 'POST /plain', 'GET /']
    upstream: http://127.0.0.1:${port}
    auth: public
    operations: { 'GET /chat': { websocket: ${websocket} } }
`;
}

/** Starts both. */
export async function startSubject(t: TestContext, websocket = '{ rate: 1000000/s }'): Promise<EchoSubject> {
  const upstream = await startEcho(t);
  const gateway = await startGateway(configuration(portOf(upstream), websocket));
  t.after(() => gateway.stop());
  const open = async (path = '/chat'): Promise<WebSocket> => {
    const client = new WebSocket(`wss://localhost:${gateway.https}${path}`, { ca: gateway.ca });
    t.after(() => client.terminate());
    await new Promise<void>((resolve, reject) => {
      client.once('open', resolve);
      client.once('error', reject);
    });
    return client;
  };
  return { gateway, upstream, open };
}

/** The code of the Close frame that a client gets. */
export async function closeCode(client: WebSocket): Promise<number> {
  return await new Promise((resolve) => {
    client.once('close', resolve);
  });
}
