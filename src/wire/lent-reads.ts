import { Socket } from 'node:net';
import { SIDE_BUFFER_BYTES } from './server.ts';

/**
 * What sockets send is read into this, one read after the other, and worked off before the next: a buffer for each read
 * would cost more than all that is done with it. Connections see of it what their own read has filled, and whoever keeps
 * something of a read copies it before anything else is called.
 */
export const READ_BUFFER: Buffer = Buffer.alloc(SIDE_BUFFER_BYTES);

/** Reads below this have their piece of the buffer made once: messages of an API are mostly short, and of few lengths. */
const KNOWN_READS = 4_096;
const lent: (Buffer | undefined)[] = Array.from({ length: KNOWN_READS }, () => undefined);

/** The first `count` bytes of the buffer, as a read has filled them. */
function lentBytes(count: number): Buffer {
  if (count >= KNOWN_READS) return READ_BUFFER.subarray(0, count);
  return (lent[count] ??= READ_BUFFER.subarray(0, count));
}

/** Copies below this share memory with others; who collects a body copies such small pieces once more. */
const SHARED_COPY_BYTES = 4_096;

/**
 * A copy of what was read, for keeps. A large one has memory of its own: Node's shared piece of 64 KiB would live as long
 * as anything in it, and bodies that are being collected would hold many times what is counted.
 */
export function keepRead(bytes: Buffer): Buffer {
  if (bytes.length < SHARED_COPY_BYTES) return Buffer.from(bytes);
  const kept = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(kept);
  return kept;
}

/** What `net.connect` and `tls.connect` take to read into the buffer. */
export function lendingTo(receive: (bytes: Buffer) => void): {
  readonly buffer: Buffer;
  readonly callback: (count: number) => boolean;
} {
  return {
    buffer: READ_BUFFER,
    callback(count) {
      receive(lentBytes(count));
      return true;
    },
  };
}

/**
 * Makes an accepted socket read into the buffer, as `onread` does it for one that connects. Node offers no option for
 * this, though a socket of either kind reads through the same places; where they are not what they were, nothing is done
 * and false is given: then the socket's bytes come by its `data` events. No `data` event comes otherwise.
 */
export function lendReads(socket: Socket, receive: (bytes: Buffer) => void): boolean {
  const places = PLACES;
  const reader = socket as unknown as Reader;
  const handle = reader._handle;
  if (places === null || typeof handle?.useUserBuffer !== 'function') return false;
  const { buffer, callback } = lendingTo(receive);
  reader[places.buffer] = buffer;
  reader[places.callback] = callback;
  handle.useUserBuffer(buffer);
  takeReads(socket, callback);
  return true;
}

/**
 * Makes a socket that stands, and reads into the buffer, tell of its reads straight from its handle: what Node does on the
 * way to `callback` is as much work again. All else that the handle tells (the end, errors) goes Node's way, and so does
 * everything where the handle is not what it was.
 */
export function takeReads(socket: Socket, callback: (count: number) => boolean): void {
  const handle = (socket as unknown as Reader)._handle;
  const told = handle?.onread;
  if (typeof told !== 'function' || typeof handle?.bytesRead !== 'number') return;
  let before = handle.bytesRead;
  handle.onread = function (given) {
    const count = this.bytesRead - before;
    before += count;
    if (count === 0 || socket.destroyed) told.call(this, given);
    else callback(count);
  };
}

/** Where Node keeps what `onread` says. */
interface Places {
  readonly buffer: symbol;
  readonly callback: symbol;
}

type Reader = Record<symbol, unknown> & {
  readonly _handle?: Handle | null;
};

interface Handle {
  readonly useUserBuffer?: (buffer: Buffer) => void;
  /** How many bytes came so far, those that `onread` is just being told of included. */
  readonly bytesRead: number;
  onread: (this: Handle, given: unknown) => void;
}

/** Finds the places by what a socket keeps there that was made with such an option; null where they can't be told. */
function findPlaces(): Places | null {
  const { buffer, callback } = lendingTo(() => {});
  // The types know the option for `connect` alone.
  const options = { onread: { buffer, callback } } as object;
  const probe = new Socket(options) as unknown as Record<symbol, unknown>;
  const symbols = Object.getOwnPropertySymbols(probe);
  const place = symbols.find((symbol) => probe[symbol] === buffer);
  const called = symbols.find((symbol) => probe[symbol] === callback);
  return place === undefined || called === undefined ? null : { buffer: place, callback: called };
}

const PLACES = findPlaces();
