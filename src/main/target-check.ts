import type { CheckConfig } from '../config/index.ts';
import type { Clock } from '../ports/index.ts';
import {
  type HeaderFields,
  NO_FIELDS,
  openUpstream,
  type OutgoingRequest,
  type ReplyHead,
  type Upstream,
  UpstreamDialer,
  type UpstreamEvents,
  type UpstreamFailure,
  type UpstreamTarget,
  type WholeBody,
} from '../wire/index.ts';
import { checkFrame, servingFault } from './grpc-health.ts';

/** What is checked: a target, what it is spoken to in, and its name as a Host field says it. */
export interface CheckSubject {
  readonly target: Omit<UpstreamTarget, 'bounds'>;
  readonly protocol: 'http1' | 'h2';
  readonly authority: string;
  readonly check: CheckConfig;
}

/** Hears once how a check ended: why it failed, in words, or null where it has passed. */
export type CheckEnd = (fault: string | null) => void;

/** Checks are nobody's requests: they have the pool of their target for themselves. */
const CLIENT = { address: '127.0.0.1' };
const AGENT = ['user-agent', 'portcullis-health'] as const;
/** A message of gRPC that says how a service is has a few bytes. */
const MESSAGE_LIMIT_BYTES = 1_024;

/**
 * Asks one target whether it is well, over a connection of its own each time. A check takes no longer than its time-out,
 * whatever the target sends: of an HTTP reply only the head is read, and redirects are not followed.
 */
export class TargetCheck {
  readonly #subject: CheckSubject;
  readonly #clock: Clock;
  #upstream: Upstream | null = null;
  #dialer: UpstreamDialer | null = null;

  constructor(subject: CheckSubject, clock: Clock) {
    this.#subject = subject;
    this.#clock = clock;
  }

  /** Begins a check. Returns how to give it up: then nothing is heard of it. */
  begin(end: CheckEnd): () => void {
    const { check } = this.#subject;
    let give: () => void = () => {};
    let over = false;
    const stop = (): void => {
      over = true;
      timer.cancel();
      give();
    };
    const finish: CheckEnd = (fault) => {
      if (over) return;
      stop();
      end(fault);
    };
    const timer = this.#clock.after(check.timeoutMs, () => finish(`no answer within ${check.timeoutMs} ms`));
    try {
      give = check.kind === 'tcp' ? this.#connect(finish) : this.#ask(finish);
    } catch (fault) {
      // Such as a CA that can't be read. Nobody has a reason in hand yet.
      const words = fault instanceof Error ? fault.message : 'unknown fault';
      process.nextTick(finish, words);
    }
    return stop;
  }

  /** Holds what is left of connections to its time. */
  sweep(nowMs: number): void {
    this.#upstream?.sweep(nowMs);
  }

  /** Whether no connection of it is open any more. */
  get isGone(): boolean {
    return this.#upstream?.isGone ?? true;
  }

  #connect(finish: CheckEnd): () => void {
    this.#dialer ??= new UpstreamDialer(this.#bounded(), this.#subject.protocol === 'h2' ? 'h2' : 'http/1.1', null);
    const socket = this.#dialer.dial(() => {});
    socket.once(this.#dialer.readyEvent, () => finish(null));
    socket.on('error', (fault: NodeJS.ErrnoException) => finish(fault.code ?? fault.message));
    socket.once('close', () => finish('closed before it stood'));
    return () => socket.destroy();
  }

  #ask(finish: CheckEnd): () => void {
    const { check, protocol, authority } = this.#subject;
    const isGrpc = check.kind === 'grpc';
    if (this.#upstream === null) {
      const bounds = { connections: 2, waiting: 1 };
      const monotonic = (): number => this.#clock.monotonic();
      this.#upstream = openUpstream(isGrpc ? 'h2' : protocol, this.#bounded(), monotonic, bounds);
      // What is closed keeps no connection behind its reply.
      this.#upstream.close();
    }
    const body = isGrpc ? checkFrame(check.service) : null;
    const request: OutgoingRequest = {
      method: isGrpc ? 'POST' : 'GET',
      target: isGrpc ? '/grpc.health.v1.Health/Check' : check.path,
      authority: check.host ?? authority,
      fields: null,
      added: isGrpc ? [...AGENT, 'content-type', 'application/grpc', 'te', 'trailers'] : [...AGENT, 'accept', '*/*'],
      framing: body === null ? { kind: 'none' } : { kind: 'length', bytes: body.length },
      upgrade: null,
    };
    const call = this.#upstream.call(request, isGrpc ? grpcEvents(finish) : httpEvents(check, finish), CLIENT);
    if (body !== null) {
      call.write([body]);
      call.finish();
    }
    return () => call.abort();
  }

  #bounded(): UpstreamTarget {
    const { timeoutMs } = this.#subject.check;
    return { ...this.#subject.target, bounds: { connectMs: timeoutMs, responseMs: timeoutMs, idleMs: timeoutMs } };
  }
}

/** What every check does with what it does not wait for. */
function otherEvents(finish: CheckEnd) {
  return {
    interim() {},
    drained() {},
    failed: ({ detail }: UpstreamFailure) => finish(detail),
    switched(): never {
      throw new Error('a check asks for no upgrade');
    },
  };
}

function httpEvents({ expect }: CheckConfig, finish: CheckEnd): UpstreamEvents {
  const judge = ({ status }: ReplyHead): void => {
    const passes = expect.some(({ from, to }) => status >= from && status <= to);
    finish(passes ? null : `status ${status}`);
  };
  return {
    ...otherEvents(finish),
    whole: judge,
    // The rest of it is not waited for: the call is given up.
    head: judge,
    pieces: () => false,
    end() {},
  };
}

function grpcEvents(finish: CheckEnd): UpstreamEvents {
  let head: ReplyHead | null = null;
  let bytes = Buffer.alloc(0);
  const judge = (fields: HeaderFields): void => finish(servingFault(head?.status ?? 0, fields, bytes));
  const take = (piece: WholeBody): void => {
    bytes = Buffer.concat([bytes, typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece]);
  };
  return {
    ...otherEvents(finish),
    whole(reply, body) {
      head = reply;
      take(body);
      judge(reply.fields);
    },
    head(reply) {
      head = reply;
    },
    pieces(pieces) {
      for (const piece of pieces) take(piece);
      if (bytes.length > MESSAGE_LIMIT_BYTES) finish('its answer is too long');
      return true;
    },
    end: (trailers) => judge(trailers ?? head?.fields ?? NO_FIELDS),
  };
}
