import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { sendLater } from './turn-end.ts';

/** Up to so many bytes go out as text, in one write with what stands before them; above, that copying would cost more than a second write. */
export const ONE_WRITE_BYTES = 8_192;
/** A text that has grown beyond this goes out at once: what the peer can have is not held back, and little is kept. */
const GATHERED_CHARACTERS = 65_536;

/**
 * Writes short texts to a socket at the end of the turn in which they were given, straight through its handle: nearly
 * every one goes out whole at once, and then a stream's queue, callbacks and ticks are work for nothing. Whatever is not
 * as it should be for that (something waits to be sent, the handle is not what it was) goes through the socket's own
 * `write`. So does all that is encrypted: a TLS session that is ended sends nothing any more that its socket did not know
 * of. Whoever else uses the socket takes it from `stream`, so that order is kept.
 */
export class DirectWriter {
  readonly #socket: Writer;
  readonly #direct: boolean;
  readonly #drained: () => void;
  /** Bytes handed over whose end is still to come. */
  #pending = 0;
  #text = '';
  #handedOver = 0;

  /** `drained` is called when what was left over has gone out; the socket's own `drain` event tells of the rest. */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket as unknown as Writer;
    this.#direct = !(socket instanceof TLSSocket);
    this.#drained = drained;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#socket.writableLength + this.#pending + this.#text.length;
  }

  /** Whether the peer takes too little for more to be written. */
  get needsDrain(): boolean {
    return this.#pending > 0 || this.#socket.writableNeedDrain;
  }

  /** Whether the last text has not been handed to the system yet: the peer can't have seen any of it. */
  get unsent(): boolean {
    return this.#text !== '';
  }

  /** How many texts were handed to the system: one that was put off at the same count as now is still here, where `unsent` holds. */
  get handedOver(): number {
    return this.#handedOver;
  }

  /** The socket, for whatever else is to be written to it, and for its end. What was put off goes out before. */
  stream(): Socket {
    this.flush();
    return this.#socket as unknown as Socket;
  }

  /** Sends a text of one byte for each character. Not before the socket stands, nor behind its end. */
  write(text: string): void {
    this.flush();
    const socket = this.#socket;
    const idle = this.#pending === 0 && socket.writableLength === 0;
    if (!idle || (this.#direct && typeof socket._handle?.writeLatin1String !== 'function')) {
      socket.write(text, 'latin1');
      return;
    }
    this.#text = text;
    sendLater(this);
  }

  /** As `write`, but joins the text to what waits for the end of the turn already. */
  append(text: string): void {
    if (this.#text === '') {
      this.write(text);
      return;
    }
    this.#text += text;
    if (this.#text.length > GATHERED_CHARACTERS) this.flush();
  }

  /** Hands over what was put off. A socket that is gone by now has nobody who would read it. */
  flush(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    this.#handedOver++;
    const socket = this.#socket;
    if (socket.destroyed) return;
    const handle = this.#direct ? socket._handle : null;
    if (typeof handle?.writeLatin1String !== 'function') {
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

interface Writer extends Pick<Socket, 'writableLength' | 'writableNeedDrain' | 'destroyed' | 'write' | 'destroy'> {
  readonly _handle?: {
    /** 0 or the system's error where it is over at once. */
    readonly writeLatin1String?: (request: null, text: string) => number | WriteRequest;
  } | null;
}
