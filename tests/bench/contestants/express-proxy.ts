import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { middleware } from 'express-openapi-validator';
import { UndiciProxy } from './undici-proxy.ts';

// A proxy with express and undici, with express-openapi-validator before it where a description is named:
// `express-proxy.ts PORT UPSTREAM-PORT REPLY-FIELDS [DESCRIPTION requests|responses]`
const [port, upstreamPort, fields, description, judged] = process.argv.slice(2);
const proxy = new UndiciProxy(upstreamPort, fields);
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
  if (judged !== 'responses') {
    await proxy.stream(request, response, id, bytesOf.get(request));
    return;
  }
  // What is to be judged is given to `json`, where the validator waits for it.
  const reply = await proxy.pool.request(proxy.forwarded(request, id, bytesOf.get(request)));
  const value = await reply.body.json();
  response
    .status(reply.statusCode)
    .set({ ...proxy.replyFields, 'x-request-id': id })
    .json(value);
}

const server = app.listen(Number(port), '127.0.0.1');
server.keepAliveTimeout = 60_000;
