import { createServer, type ServerResponse } from 'node:http';
import { AT_ONCE, WORK_MS } from './limited-upstream.ts';

// An upstream that does so much at once and lets the rest wait, as one with a pool of workers does:
// `limited-responder.ts PORT`
const waiting: ServerResponse[] = [];
let busy = 0;

function work(): void {
  while (busy < AT_ONCE) {
    const response = waiting.shift();
    if (response === undefined) return;
    busy++;
    setTimeout(() => {
      busy--;
      response.end('done');
      work();
    }, WORK_MS);
  }
}

createServer((_request, response) => {
  waiting.push(response);
  work();
}).listen(Number(process.argv[2]), '127.0.0.1');
