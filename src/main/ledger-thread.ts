import { type MessagePort, parentPort, workerData as rawWorkerData } from 'node:worker_threads';
import { createLedgerSegments, createSystemClock } from '../adapters/threads.ts';
import { type LedgerCondition, LedgerWriter } from '../audit/index.ts';
import type { Alert, LogFields, LogLevel } from '../ports/index.ts';
import { ledgerChannel } from './ledger-channel.ts';

/** What the ledger's writer is started with. */
export interface LedgerThreadData {
  /** Absolute. */
  readonly folder: string;
}

/** What the main thread tells the writer. */
export type ToLedgerThread =
  | { readonly kind: 'attach'; readonly port: MessagePort; readonly ring: SharedArrayBuffer; readonly number: number }
  | { readonly kind: 'close' };

/** What the writer tells the main thread. */
export type FromLedgerThread =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'closed'; readonly fault: string | null }
  /** The ring that was attached with this number is not used any more. */
  | { readonly kind: 'released'; readonly number: number }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'changed'; readonly condition: LedgerCondition }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly message: string;
      readonly fields: LogFields;
    };

/** The entry of the ledger's writer: opens the log, and appends what the other threads have. */
async function runLedgerThread(): Promise<void> {
  const parent = parentPort;
  if (parent === null) throw new Error('the writer of the ledger is started by the main thread');
  const { folder } = rawWorkerData as LedgerThreadData;
  const send = (message: FromLedgerThread): void => parent.postMessage(message);
  const opened = await LedgerWriter.open({
    segments: createLedgerSegments(folder),
    clock: createSystemClock(),
    log: { write: (level, event, message, fields = {}) => send({ kind: 'log', level, event, message, fields }) },
    alert: (alert) => send({ kind: 'alert', alert }),
    changed: (condition) => send({ kind: 'changed', condition }),
  });
  if (!opened.ok) {
    send({ kind: 'refused', reason: opened.error });
    return;
  }
  const writer = opened.value;
  const attach = ({ port, ring, number }: Extract<ToLedgerThread, { kind: 'attach' }>): void =>
    writer.attach(ledgerChannel(port), ring, () => send({ kind: 'released', number }));
  parent.on('message', (message: ToLedgerThread) => {
    switch (message.kind) {
      case 'attach':
        attach(message);
        return;
      case 'close':
        void writer.close().then((closed) => send({ kind: 'closed', fault: closed.ok ? null : closed.error }));
    }
  });
  send({ kind: 'open' });
}

await runLedgerThread();
