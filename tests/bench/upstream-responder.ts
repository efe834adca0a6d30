import { createServer, type Server } from 'node:net';
import { REPLY_BODY } from './upstream.ts';

// The upstream where nginx is not installed: it looks for the end of each head and nothing else. `upstream-responder.ts PORT ADDRESS…`
const reply = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${REPLY_BODY.length}\r\n\r\n${REPLY_BODY}`;

const server = (): Server =>
  createServer({ noDelay: true }, (socket) => {
    let pending = '';
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      pending += data.toString('latin1');
      const heads = pending.split('\r\n\r\n');
      pending = heads.pop() ?? '';
      if (heads.length > 0) socket.write(reply.repeat(heads.length), 'latin1');
    });
  });

for (const address of process.argv.slice(3)) server().listen(Number(process.argv[2]), address);
