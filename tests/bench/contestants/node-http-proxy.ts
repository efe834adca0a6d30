import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Pool } from 'undici';

// A plain proxy with node:http and undici: `node-http-proxy.ts PORT UPSTREAM-PORT REPLY-FIELDS`
const [port, upstreamPort, fields = '[]'] = process.argv.slice(2);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64, pipelining: 1 });
const replyFields = Object.fromEntries(JSON.parse(fields) as [string, string][]);

const server = createServer((request, response) => {
  const id = randomUUID();
  const { connection: _ended, host = '', ...kept } = request.headers;
  const headers = {
    ...kept,
    'x-request-id': id,
    'x-forwarded-for': request.socket.remoteAddress,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    via: '1.1 node',
  };
  const hasBody = kept['content-length'] !== undefined || kept['transfer-encoding'] !== undefined;
  const options = {
    path: request.url ?? '/',
    method: request.method as 'GET',
    headers,
    body: hasBody ? request : null,
  };
  pool
    .stream(options, ({ statusCode, headers: received }) => {
      const { connection: _ends, 'keep-alive': _keeps, ...passed } = received;
      return response.writeHead(statusCode, { ...passed, ...replyFields, 'x-request-id': id });
    })
    .catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1');
