import { createLedgerClient, type FromWriter, type ToWriter } from '../audit/index.ts';
import type { RecordedChange } from '../control/index.ts';
import type { HostPorts } from './host-ports.ts';
import { changeRecorder } from './ledger-changes.ts';
import { ledgerChannel } from './ledger-channel.ts';
import { type LedgerHost, within } from './ledger-host.ts';

/** A disk that takes longer has failed, and whoever asks is told. */
const FLUSH_LIMIT_MS = 2_000;

/** Where decisions are recorded. */
export interface DecisionRecords {
  /** False where the ledger takes nothing, also once what was taken before is on the disk. */
  record(change: RecordedChange): Promise<boolean>;
  /** Leaves what was taken to the writer. */
  close(): void;
}

/** A way into the ledger for decisions alone: however many there are, what the operator does has its own room. */
export function openDecisionRecords(
  host: Pick<LedgerHost, 'connect'>,
  ports: Pick<HostPorts, 'clock' | 'random'>,
): DecisionRecords {
  const { port, ring } = host.connect();
  const own = createLedgerClient({ channel: ledgerChannel<ToWriter, FromWriter>(port), ring });
  const take = changeRecorder(own, ports);
  return {
    async record(change) {
      if (take(change)) return true;
      await within(ports.clock, FLUSH_LIMIT_MS, own.flush());
      return take(change);
    },
    close: () => own.close(),
  };
}
