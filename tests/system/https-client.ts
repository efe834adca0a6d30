import { request } from 'node:https';

/** A whole reply. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What to ask. The connection is made to 127.0.0.1 and checked against `ca` for localhost. */
export interface Ask {
  readonly port: number;
  readonly ca: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The address of this machine that it comes from. */
  readonly from?: string;
}

/** Asks once over a connection of its own. */
export function ask({ port, ca, method = 'GET', path = '/', headers = {}, body, from }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        ca,
        method,
        path,
        headers: { host: 'localhost', ...headers },
        agent: false,
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }));
        reply.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
