import type { Issue } from '../base/index.ts';
import type { GatheredParcel } from '../config/index.ts';
import type { ListenPlan, OpenPorts, ThreadStatus } from '../gateway/index.ts';
import type { Told } from '../policy/index.ts';
import type { CertificateMaterial, SharedTable } from '../ports/index.ts';

/** Why a thread was lost, as metrics count it: each is a label. */
export const LOSS_REASONS = ['silent', 'memory', 'exception', 'exit', 'swap', 'start'] as const;

/** Why a thread was lost, and that in words. */
export interface ThreadLoss {
  readonly reason: (typeof LOSS_REASONS)[number];
  readonly detail: string;
}

/** Where a thread could not listen, and the system's reason. */
export interface PortFault {
  readonly code: string;
  readonly port: number;
}

/** A place in the group: its number counts from 0, and `epoch` tells the threads apart that were in it one after the other. */
export interface ThreadPlace {
  readonly number: number;
  readonly epoch: number;
}

/** A gateway thread that was started, as its group sees it. After its end everything answers as if it were silent. */
export interface Member {
  useCertificates(materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void;
  useTicketKeys(ticketKeys: Uint8Array): void;
  useTable(table: SharedTable): void;
  /** Tells it what the control side announces. */
  announce(subject: string, notice: Told): void;
  /** What stands against the configuration; an issue too where it does not answer in time. */
  prepare(parcel: GatheredParcel): Promise<readonly Issue[]>;
  /** `silent` where it does not answer in time: then nobody knows by what it serves. */
  install(revision: number): Promise<'installed' | 'refused' | 'silent'>;
  listen(plan: ListenPlan): Promise<OpenPorts | PortFault>;
  /** Null where it does not answer in time. */
  status(records: number): Promise<ThreadStatus | null>;
  /** No new requests; those under way get `graceMs`, then it ends. Resolves when it has ended. */
  drain(graceMs: number): Promise<void>;
  /** As `drain`, but afterwards it is lost, for this reason. */
  retire(graceMs: number, loss: ThreadLoss): Promise<void>;
  /** Ends it now, whatever it does. */
  end(loss: ThreadLoss): void;
}

/** What a group hears of a thread. `lost` comes once, when it has ended although nobody drained it. */
export interface MemberEvents {
  lost(loss: ThreadLoss): void;
  /** Comes once, when its heap is nearly full: it ought to be replaced. */
  heapNear(): void;
  tableTaken(name: string, version: number): void;
}

/** Starts a thread in a place whose last one has ended. */
export type StartMember = (place: ThreadPlace, events: MemberEvents) => Member;
