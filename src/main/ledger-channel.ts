import type { MessagePort } from 'node:worker_threads';
import type { LedgerChannel } from '../audit/index.ts';

/** A producer's way into the ledger: `port` is to be transferred to its thread, and `ring` is shared with it. */
export interface LedgerConnection {
  readonly port: MessagePort;
  readonly ring: SharedArrayBuffer;
}

/**
 * A way to or from the ledger's writer over a message port. It does not keep its thread alive. When the thread at the
 * other end dies, however it dies, this end is told that it is closed.
 */
export function ledgerChannel<Out, In>(port: MessagePort): LedgerChannel<Out, In> {
  return {
    send: (message) => port.postMessage(message),
    receive(take, closed) {
      port.on('message', take);
      port.on('close', closed);
      port.unref();
    },
    close: () => port.close(),
  };
}
