import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { UndiciProxy } from './undici-proxy.ts';

// A plain proxy with node:http and undici: `node-http-proxy.ts PORT UPSTREAM-PORT REPLY-FIELDS`
const [port, upstreamPort, fields] = process.argv.slice(2);
const proxy = new UndiciProxy(upstreamPort, fields);

const server = createServer((request, response) => {
  proxy.stream(request, response, randomUUID()).catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1');
