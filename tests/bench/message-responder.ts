import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { FRAME_BYTES, MASK, PAYLOAD_BYTES } from './message-frames.ts';

// The upstream of the WebSocket row: sends each message back that is as long as those of the load, and closes on all
// else. `message-responder.ts PORT`
const ACCEPT_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

createServer({ noDelay: true }, (socket) => {
  let head = '';
  socket.on('error', () => {});
  const onHead = (data: Buffer): void => {
    head += data.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    socket.off('data', onHead);
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}${ACCEPT_SALT}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echo(socket);
  };
  socket.on('data', onHead);
}).listen(Number(process.argv[2]), '127.0.0.1');

function echo(socket: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    const count = Math.floor(pending.length / FRAME_BYTES);
    if (count === 0) return;
    const back = Buffer.allocUnsafe(count * (2 + PAYLOAD_BYTES));
    for (let frame = 0; frame < count; frame++) {
      const from = frame * FRAME_BYTES;
      if (pending[from] !== 0x82 || pending[from + 1] !== (0x80 | PAYLOAD_BYTES)) return void socket.destroy();
      const to = frame * (2 + PAYLOAD_BYTES);
      back[to] = 0x82;
      back[to + 1] = PAYLOAD_BYTES;
      const key = from + 2;
      const payload = key + MASK.length;
      for (let at = 0; at < PAYLOAD_BYTES; at++) {
        back[to + 2 + at] = (pending[payload + at] as number) ^ (pending[key + (at & 3)] as number);
      }
    }
    pending = pending.subarray(count * FRAME_BYTES);
    socket.write(back);
  });
}
