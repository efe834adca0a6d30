import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * Node's TLS reads into a buffer of 1,024 bytes, or as large as what comes first. Whatever fills it to its end makes Node
 * add one of 16 KiB, which stays as long as the connection; and a post-quantum ClientHello is longer than 1,024.
 */
const PIECE_BYTES = 1_000;

/**
 * Gives a TLS socket that was just made what had been read of its connection, in pieces that fill no buffer; OpenSSL
 * takes each at once. Node offers `unshift` for this, and passes all of it on as one: that is the way where its handle is
 * not what it was, and costs memory and nothing else. Bytes behind a piece that ended the handshake are dropped.
 */
export function giveFirstBytes(secured: TLSSocket, raw: Socket, bytes: Buffer): void {
  const handle = (secured as unknown as Receiver)._handle;
  if (typeof handle?.receive !== 'function') {
    raw.unshift(bytes);
    return;
  }
  for (let at = 0; at < bytes.length && !secured.destroyed; at += PIECE_BYTES) {
    handle.receive(bytes.subarray(at, at + PIECE_BYTES));
  }
}

interface Receiver {
  /** Works off what it gets before it returns, and keeps none of it. */
  readonly _handle?: { readonly receive?: (bytes: Buffer) => void } | null;
}
