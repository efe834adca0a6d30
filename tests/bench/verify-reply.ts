import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { verifyMessages } from './load-messages.ts';
import { verifyUnary } from './load-unary.ts';
import type { Target } from './load.ts';
import type { LoadRequest } from './request-lines.ts';
import { REPLY_BODY } from './upstream.ts';
import { PAGE_BODY } from './validate-loads.ts';

type Fields = Readonly<Record<string, string>>;

/**
 * Fails unless one of the upstream's replies comes back: a race against somebody who answers errors means nothing.
 * Gives the fields of the reply, names in lower case.
 */
export async function verifyReply({ scheme, port }: Target, request?: LoadRequest): Promise<Fields> {
  if (scheme === 'grpc' || scheme === 'grpcs') return await verifyUnary({ scheme, port }, request);
  if (scheme === 'ws' || scheme === 'wss') {
    await verifyMessages(scheme, port);
    return {};
  }
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly status: number;
    readonly body: string;
    readonly fields: Fields;
  }>();
  const { path, headers, body: sentBody } = request ?? { path: '/', headers: {} };
  const method = sentBody === undefined ? 'GET' : 'POST';
  const fixed = { host: '127.0.0.1', rejectUnauthorized: false, agent: false, timeout: 5000 };
  const options = { ...fixed, port, path, headers, method };
  const sent = (scheme === 'http' ? requestHttp : requestHttps)(options, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (data: string) => (body += data));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body, fields: response.headers as Fields }));
    response.on('error', reject);
  });
  sent.on('timeout', () => sent.destroy(new Error('no reply in time')));
  sent.on('error', reject);
  sent.end(sentBody);
  const { status, body, fields } = await promise;
  if (status !== 200 || (body !== REPLY_BODY && body !== PAGE_BODY))
    throw new Error(`port ${port} answered ${status} ${body.slice(0, 200)}`);
  return fields;
}
