import { request, type Agent } from 'node:https';
import type { ClientHttp2Session } from 'node:http2';

/** What became of a request, as its client sees it. */
export interface Seen {
  /** 0 where no reply had begun. */
  readonly status: number;
  /** Whether the reply ended as a whole one does. */
  readonly whole: boolean;
  readonly body: string;
  readonly token: string | null;
}

/** One request: its token is the path, and what is done to it a field. */
export interface Asked {
  readonly token: string;
  readonly misdeed: string;
  readonly method: 'GET' | 'POST';
}

/** Asks over HTTP/1.1. */
export function askHttp1(agent: Agent, port: number, { token, misdeed, method }: Asked): Promise<Seen> {
  const { promise, resolve } = Promise.withResolvers<Seen>();
  let seen: Seen = { status: 0, whole: false, body: '', token: null };
  const asking = request(
    {
      agent,
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      path: `/${token}`,
      method,
      headers: { 'x-misdeed': misdeed, host: 'localhost' },
    },
    (reply) => {
      let body = '';
      const said = reply.headers['x-token'];
      seen = { ...seen, status: reply.statusCode ?? 0, token: typeof said === 'string' ? said : null };
      reply.setEncoding('latin1').on('data', (text: string) => (body += text));
      reply.on('error', () => {});
      reply.on('close', () => resolve({ ...seen, body, whole: reply.complete }));
    },
  );
  asking.on('error', () => resolve(seen));
  asking.end(method === 'POST' ? 'a body' : undefined);
  return promise;
}

/** Asks over HTTP/2. */
export function askHttp2(session: ClientHttp2Session, { token, misdeed, method }: Asked): Promise<Seen> {
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const stream = session.request({
    ':method': method,
    ':path': `/${token}`,
    ':authority': 'localhost',
    'x-misdeed': misdeed,
  });
  let seen: Seen = { status: 0, whole: false, body: '', token: null };
  let body = '';
  let ended = false;
  stream.on('response', (headers) => {
    const said = headers['x-token'];
    seen = { ...seen, status: Number(headers[':status']), token: typeof said === 'string' ? said : null };
  });
  stream.setEncoding('latin1').on('data', (text: string) => (body += text));
  stream.on('end', () => (ended = true));
  stream.on('error', () => {});
  stream.on('close', () => resolve({ ...seen, body, whole: ended && stream.rstCode === 0 }));
  stream.end(method === 'POST' ? 'a body' : undefined);
  return promise;
}
