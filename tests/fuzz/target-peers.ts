import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Message, readMessage } from '../framing/message-reader.ts';
import { Signal } from '../framing/signal.ts';
import { findProgram, startServer } from '../bench/child.ts';
import { startNginx } from '../peers/nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** What another server understands of a request target. */
export interface TargetUnderstood {
  /** Decoded once, and without dot segments and doubled slashes. */
  readonly path: Buffer;
  /** As it came; empty where there is none. */
  readonly query: string;
}

/** A server that says what it understands of targets. */
export interface TargetReader {
  /** Null where it refuses the target. */
  understand(target: string): Promise<TargetUnderstood | null>;
  stop(): Promise<void>;
}

/** How one of them is started; `program` is what must be installed, with its Debian package. */
export interface TargetPeer {
  readonly name: string;
  readonly program: string;
  readonly start: (folder: string) => Promise<TargetReader>;
}

/** The readings that ours is compared with. */
export const TARGET_PEERS: readonly TargetPeer[] = [
  { name: 'nginx', program: 'nginx', start: startNginxReader },
  { name: 'HAProxy', program: 'haproxy', start: startHaproxy },
];

async function startNginxReader(folder: string): Promise<TargetReader> {
  const port = await freePort();
  const http = `keepalive_requests 1000000; large_client_header_buffers 4 32k;
  server { listen 127.0.0.1:${port}; location / { add_header x-args "=$args"; return 200 "$uri"; } }`;
  const child = await startNginx({ folder, port, http });
  const line = new ReplyLine(port);
  return {
    understand: async (target) => {
      const reply = await line.ask(target);
      return reply.start.startsWith('HTTP/1.1 200') ? { path: reply.body, query: fieldOf(reply, 'x-args') } : null;
    },
    stop: async () => {
      line.close();
      await child.stop();
    },
  };
}

/** It brings the path to its own canonical form first, and then decodes it. */
async function startHaproxy(folder: string): Promise<TargetReader> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  const steps = ['path-merge-slashes', 'path-strip-dot', 'path-strip-dotdot full', 'percent-decode-unreserved strict'];
  await writeFile(
    file,
    `global
  nbthread 1
  tune.bufsize 65536
  expose-experimental-directives
defaults
  mode http
  timeout client 60s
  timeout connect 3s
  timeout server 3s
listen all
  bind 127.0.0.1:${port}
${steps.map((step) => `  http-request normalize-uri ${step}\n`).join('')}  http-request return status 200 content-type text/plain hdr x-args "=%[query]" lf-string "%[path,url_dec,hex]"
`,
  );
  const command = [findProgram('haproxy') ?? 'haproxy', '-db', '-f', file];
  const child = await startServer(command, port, { core: 'any' });
  const line = new ReplyLine(port);
  return {
    understand: async (target) => {
      const reply = await line.ask(target);
      if (!reply.start.startsWith('HTTP/1.1 200')) return null;
      return { path: Buffer.from(reply.body.toString('latin1'), 'hex'), query: fieldOf(reply, 'x-args') };
    },
    stop: async () => {
      line.close();
      await child.stop();
    },
  };
}

function fieldOf(reply: Message, name: string): string {
  return reply.fields.find(([found]) => found === name)?.[1].slice(1) ?? '';
}

/** A connection over which one request follows the other; a new one where the server has closed it. */
class ReplyLine {
  readonly #port: number;
  readonly #signal = new Signal();
  #socket: Socket | null = null;
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.#port = port;
  }

  async ask(target: string): Promise<Message> {
    const socket = (this.#socket ??= this.#open());
    this.#received = Buffer.alloc(0);
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`, 'latin1');
    let reply: Message | null = null;
    const isWhole = (): boolean => {
      const reading = readMessage(this.#received, { from: 'server', ended: this.#socket === null });
      if (reading.kind === 'message') reply = reading.message;
      return reply !== null || this.#socket === null;
    };
    await this.#signal.holds(isWhole);
    if (reply === null) throw new Error(`no reply to ${target}: ${this.#received.toString('latin1')}`);
    const { fields } = reply as Message;
    if (fields.some(([name, value]) => name === 'connection' && value === 'close')) this.close();
    return reply;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      if (socket !== this.#socket) return;
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#signal.changed();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#signal.changed();
    });
    return socket;
  }
}
