import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import type { Http2Address } from './frame-client.ts';

/** A whole reply. */
export interface NodeReply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Opens a connection of Node's own client, which is nghttp2. */
export async function openSession(
  { port, ca }: Http2Address,
  settings: { readonly initialWindowSize?: number } = {},
): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, { ca, settings });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  session.once('connect', () => resolve());
  session.once('error', reject);
  await promise;
  return session;
}

/** Asks over it; fails where the stream is reset. */
export function sendNode(
  session: ClientHttp2Session,
  asked: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<NodeReply> {
  return new Promise((resolve, reject) => {
    const stream = session.request(asked, { endStream: body === undefined });
    const pieces: Buffer[] = [];
    let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    stream.on('response', (fields) => (headers = fields));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => resolve({ status: headers[':status'], headers, body: Buffer.concat(pieces) }));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });
}
