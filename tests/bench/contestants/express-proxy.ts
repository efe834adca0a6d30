import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { middleware } from 'express-openapi-validator';
import { Pool } from 'undici';

// A proxy with express and undici, with express-openapi-validator before it where a description is named:
// `express-proxy.ts PORT UPSTREAM-PORT REPLY-FIELDS [DESCRIPTION requests|responses]`
const [port, upstreamPort, fields = '[]', description, judged] = process.argv.slice(2);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 64, pipelining: 1 });
const replyFields = Object.fromEntries(JSON.parse(fields) as [string, string][]);
/** The bytes of bodies that were parsed: they go upstream as they came. */
const bytesOf = new WeakMap<IncomingMessage, Buffer>();

const app = express().disable('x-powered-by').disable('etag');
if (description !== undefined) {
  const keep = (request: IncomingMessage, _response: unknown, bytes: Buffer): unknown => bytesOf.set(request, bytes);
  app.use(express.json({ limit: '10mb', verify: keep }));
  const validateResponses = judged === 'responses';
  app.use(middleware({ apiSpec: description, validateRequests: true, validateResponses, validateApiSpec: false }));
}
app.use((request: Request, response: Response) => void forward(request, response).catch(() => response.destroy()));
app.use((fault: { status?: number; message: string }, _: Request, response: Response, _next: NextFunction) => {
  response
    .status(fault.status ?? 500)
    .type('text')
    .send(fault.message);
});

async function forward(request: Request, response: Response): Promise<void> {
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
  const streams = kept['content-length'] !== undefined || kept['transfer-encoding'] !== undefined ? request : null;
  const options = {
    path: request.originalUrl,
    method: request.method as 'GET',
    headers,
    body: bytesOf.get(request) ?? streams,
  };
  if (judged !== 'responses') {
    await pool.stream(options, ({ statusCode, headers: received }) => {
      const { connection: _ends, 'keep-alive': _keeps, ...passed } = received;
      return response.writeHead(statusCode, { ...passed, ...replyFields, 'x-request-id': id });
    });
    return;
  }
  // What is to be judged is given to `json`, where the validator waits for it.
  const reply = await pool.request(options);
  const value = await reply.body.json();
  response
    .status(reply.statusCode)
    .set({ ...replyFields, 'x-request-id': id })
    .json(value);
}

const server = app.listen(Number(port), '127.0.0.1');
server.keepAliveTimeout = 60_000;
