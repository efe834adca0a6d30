import type { Problem } from '../base/index.ts';
import type { Timer } from '../ports/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import type { GrpcLeg } from './grpc-leg.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { RequestDeadline } from './upstream-caller.ts';
import type { Walk } from './walk.ts';

/** What a request is told that took too long. */
export const LATE: Problem = { code: 'deadline-exceeded' };

/** The bound on a request from its head to the head of its reply, as its operation has it. */
export class Deadline implements RequestDeadline {
  readonly atMs: number;
  /** Where the upstream hears what is left; over gRPC it does so in `grpc-timeout` instead. */
  readonly #field: string | null;
  readonly #grpc: GrpcLeg | null;
  /** Those that say nothing of time. */
  #lines = '';
  #timer: Timer | null = null;

  /** Null where the operation has none. A call of gRPC may have one that its client names. */
  static of({ compiled, grpc, sinceMs }: Walk): Deadline | null {
    const { deadlineMs, api } = compiled;
    if (grpc !== null) return new Deadline(grpc.ownDeadlineMs, api.upstream.deadlineField, grpc);
    return deadlineMs === null ? null : new Deadline(sinceMs + deadlineMs, api.upstream.deadlineField, null);
  }

  private constructor(atMs: number, field: string | null, grpc: GrpcLeg | null) {
    this.atMs = atMs;
    this.#field = field;
    this.#grpc = grpc;
  }

  /** The request goes upstream: from now on its time runs. False where it is over, which `taker` has heard then. gRPC sees to that itself. */
  begin({ context }: Walk, taker: Pick<ReplyTaker, 'late'>): boolean {
    if (this.#grpc !== null) return this.#grpc.begin();
    const { clock } = context.ports;
    const leftMs = this.atMs - clock.monotonic();
    if (leftMs <= 0) taker.late();
    else this.#timer = clock.after(leftMs, () => taker.late());
    return leftMs > 0;
  }

  /** The head of the reply is here, or nothing is waited for any more. */
  end(): void {
    this.#timer?.cancel();
  }

  /** Takes out of a request's fields what its client says of time: upstreams hear of that from the gateway alone. */
  dropFrom(fields: HeaderFields): void {
    if (this.#field !== null) fields.drop(this.#field);
    if (this.#grpc !== null) fields.drop('grpc-timeout');
  }

  /** Names the other lines of the request. */
  beside(lines: string): this {
    this.#lines = lines;
    return this;
  }

  linesAt(nowMs: number): string {
    return this.#lines + this.#lineAt(nowMs);
  }

  #lineAt(nowMs: number): string {
    if (this.#grpc !== null) return this.#grpc.timeoutLine(nowMs);
    return this.#field === null ? '' : `${this.#field}: ${Math.max(1, Math.ceil(this.atMs - nowMs))}\r\n`;
  }
}
