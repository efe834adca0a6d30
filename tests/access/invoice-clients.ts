import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';
import type { GatewayProcess } from '../framing/gateway-process.ts';

/** A reply as a client gets it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request of a client. */
export interface Asking {
  readonly method: string;
  readonly target: string;
  /** Null for none. */
  readonly token: string | null;
  /** Sent as JSON; null for none. */
  readonly body: unknown;
}

/** Asks over a connection that it keeps, by one version of HTTP. */
export interface Client {
  readonly version: 'http/1.1' | 'h2';
  ask(asking: Asking): Promise<Answer>;
  close(): void;
}

/** A client of each version. */
export function clientsOf({ https: port, ca }: Pick<GatewayProcess, 'https' | 'ca'>): readonly Client[] {
  return [http1Client(port, ca), http2Client(port, ca)];
}

function fieldsOf({ token, body }: Asking): { readonly fields: Record<string, string>; readonly text: string | null } {
  const text = body === null ? null : JSON.stringify(body);
  const length =
    text === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  return { fields: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...length }, text };
}

function http1Client(port: number, ca: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, servername: 'localhost' });
  return {
    version: 'http/1.1',
    ask: (asking) =>
      new Promise((resolve, reject) => {
        const { fields, text } = fieldsOf(asking);
        const { method, target: path } = asking;
        const headers = { host: `localhost:${port}`, ...fields };
        const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (reply) => {
          let body = '';
          reply.setEncoding('utf8');
          reply.on('data', (piece: string) => (body += piece));
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
          reply.on('error', reject);
        });
        sent.on('error', reject);
        sent.end(text ?? undefined);
      }),
    close: () => agent.destroy(),
  };
}

function http2Client(port: number, ca: string): Client {
  const session: ClientHttp2Session = connect(`https://localhost:${port}`, { ca, servername: 'localhost' });
  session.on('error', () => {});
  return {
    version: 'h2',
    ask: async (asking) => {
      const { fields, text } = fieldsOf(asking);
      const stream = session.request({ ':method': asking.method, ':path': asking.target, ...fields });
      let headers: Answer['headers'] = {};
      stream.on('response', (head) => (headers = head as Answer['headers']));
      let body = '';
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => (body += piece));
      stream.end(text ?? undefined);
      await once(stream, 'close');
      return { status: Number(headers[':status'] ?? 0), headers, body };
    },
    close: () => session.destroy(),
  };
}
