import type { HeaderFields, ReplyHead, WholeBody } from '../wire/index.ts';

/** What the upstream's half of a walk must know of a gRPC call. Judgements are in words for the log; null where all is well. */
export interface GrpcLeg {
  /** Whether either side may stand still for as long as it likes. */
  readonly isStream: boolean;
  /** When the upstream is too late by the gateway's own word, of the monotonic clock; infinite where nothing says so. */
  readonly ownDeadlineMs: number;
  /** The call goes upstream: its time runs, and a stream is known from now on. False where it is late: then it was refused. */
  begin(): boolean;
  /** What is left of the deadline, as a field line for the upstream; '' where there is none. */
  timeoutLine(nowMs: number): string;
  /** The upstream has taken all that went on of the request. */
  taken(): void;
  /** Judges the head of the reply. `body` is there where it is whole. */
  head(head: ReplyHead, body: WholeBody | null): string | null;
  /** Judges what comes of the reply next, and gives what may go on of it: nothing where the walk has been stopped for it. */
  receive(pieces: readonly Buffer[]): string | readonly Buffer[];
  /** Judges the end of the reply. */
  receiveEnd(trailers: HeaderFields | undefined): string | null;
}
