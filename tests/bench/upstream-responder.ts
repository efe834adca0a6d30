import { createServer, type Server } from 'node:net';
import { REPLY_BODY } from './upstream.ts';
import { PAGE_BODY } from './validate-loads.ts';

// The upstream where nginx is not installed: it looks for the end of each head and nothing else. `upstream-responder.ts PORT ADDRESS…`
const replyWith = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const reply = replyWith(REPLY_BODY);
const page = replyWith(PAGE_BODY);

const server = (): Server =>
  createServer({ noDelay: true }, (socket) => {
    let pending = '';
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      pending += data.toString('latin1');
      const heads = pending.split('\r\n\r\n');
      pending = heads.pop() ?? '';
      for (const head of heads) socket.write(head.startsWith('GET /catalogue') ? page : reply, 'latin1');
    });
  });

for (const address of process.argv.slice(3)) server().listen(Number(process.argv[2]), address);
