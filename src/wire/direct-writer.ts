import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';

/**
 * Writes short texts to a socket straight through its handle. Nearly every one goes out whole at once, and then a
 * stream's queue, callbacks and ticks are work for nothing. Whatever is not as it should be for that (something waits to
 * be sent, the handle is not what it was) goes through the socket's own `write`; order is kept either way. So does all
 * that is encrypted: a TLS session that is ended sends nothing any more that its socket did not know of.
 */
export class DirectWriter {
  readonly #socket: Writer;
  readonly #direct: boolean;
  readonly #drained: () => void;
  /** Bytes handed over whose end is still to come. */
  #pending = 0;

  /** `drained` is called when what was left over has gone out; the socket's own `drain` event tells of the rest. */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket as unknown as Writer;
    this.#direct = !(socket instanceof TLSSocket);
    this.#drained = drained;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#socket.writableLength + this.#pending;
  }

  /** Whether the peer takes too little for more to be written. */
  get needsDrain(): boolean {
    return this.#pending > 0 || this.#socket.writableNeedDrain;
  }

  /** Sends a text of one byte for each character. Not before the socket stands, nor behind its end. */
  write(text: string): void {
    const socket = this.#socket;
    const handle = socket._handle;
    const idle = this.#direct && this.#pending === 0 && socket.writableLength === 0;
    if (!idle || typeof handle?.writeLatin1String !== 'function') {
      socket.write(text, 'latin1');
      return;
    }
    const answer = handle.writeLatin1String(null, text);
    if (answer === 0) return;
    if (typeof answer === 'number') socket.destroy(refusal(answer));
    else this.#await(answer, text.length);
  }

  /** Only a part could be sent at once. */
  #await(request: WriteRequest, bytes: number): void {
    this.#pending = bytes;
    request.oncomplete = (status) => {
      this.#pending = 0;
      if (status < 0) this.#socket.destroy(refusal(status));
      else this.#drained();
    };
  }
}

/** What the socket's own `write` would report. */
function refusal(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`write ${code}`), { code, errno, syscall: 'write' });
}

/** What Node makes of a write that is not over when it returns. */
interface WriteRequest {
  oncomplete: (status: number) => void;
}

interface Writer extends Pick<Socket, 'writableLength' | 'writableNeedDrain' | 'write' | 'destroy'> {
  readonly _handle?: {
    /** 0 or the system's error where it is over at once. */
    readonly writeLatin1String?: (request: null, text: string) => number | WriteRequest;
  } | null;
}
