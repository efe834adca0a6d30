import { createServer, type ServerHttp2Stream } from 'node:http2';
import { UNARY_MESSAGE } from './unary-message.ts';

// The upstream of the gRPC row: h2c with prior knowledge; a message and status 0 for each call.
// `unary-responder.ts PORT`
const server = createServer();
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.on('error', () => {});
  stream.resume();
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(UNARY_MESSAGE);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
