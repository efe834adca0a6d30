import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { MISDEEDS } from './misdeeds.ts';

/** A raw server of HTTP/1.1 that answers each request as its field `x-misdeed` asks, with the token of its target. */
export class MisbehavingOrigin {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests that came, by their token. */
  readonly asked = new Map<string, number>();
  connections = 0;

  readonly #misdone: Set<string> | null;

  private constructor(misdone: Set<string> | null) {
    this.#misdone = misdone;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** `misdone`: tokens that somebody has misbehaved to already, and that are answered as they should be from then on. */
  static async start(misdone: Set<string> | null = null): Promise<MisbehavingOrigin> {
    const origin = new MisbehavingOrigin(misdone);
    const { promise, resolve } = Promise.withResolvers<void>();
    origin.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        const bodyEnd = endOfBody(text, end + 4, head);
        if (bodyEnd === null) return;
        text = text.slice(bodyEnd);
        this.#answer(socket, head);
      }
    });
  }

  #answer(socket: Socket, head: string): void {
    const token = /^[A-Z]+ \/(\S+)/.exec(head)?.[1] ?? '';
    this.asked.set(token, (this.asked.get(token) ?? 0) + 1);
    const wanted = /\r\nx-misdeed: ([^\r]+)/.exec(head)?.[1] ?? 'none';
    const name = this.#misdone?.has(token) === true ? 'none' : wanted;
    this.#misdone?.add(token);
    const misdeed = MISDEEDS[name];
    if (misdeed === undefined) throw new Error(`no such misdeed: ${name}`);
    misdeed.commit(socket, token);
  }
}

/** Where a request's body ends that begins at `from`; null where it has not come whole. Bodies here hold no line breaks. */
function endOfBody(text: string, from: number, head: string): number | null {
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const last = text.indexOf('0\r\n\r\n', from);
    return last < 0 ? null : last + 5;
  }
  const end = from + Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
  return text.length < end ? null : end;
}
