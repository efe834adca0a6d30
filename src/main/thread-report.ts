import type { ThreadStatus } from '../gateway/index.ts';
import { threadName } from './thread-host.ts';

/**
 * `starting` gets ready, `joined` is ready and does not listen yet, `retiring` ends its last requests to be replaced, `lost`
 * waits to be replaced.
 */
export type ThreadState = 'starting' | 'joined' | 'serving' | 'retiring' | 'lost';

/** How the thread in one place of the group is doing. */
export interface ThreadFacts {
  readonly name: string;
  /** `silent`: it serves or starts, and did not answer within a second. */
  readonly state: 'starting' | 'serving' | 'silent' | 'lost';
  /** Tells the threads apart that were in this place one after the other, from 1. */
  readonly epoch: number;
  /** Wall time in milliseconds. */
  readonly startedAtMs: number;
  /** Null where it did not answer. */
  readonly status: ThreadStatus | null;
}

/** What is known of a place, and what the thread in it says of itself. */
interface KnownPlace {
  readonly number: number;
  readonly epoch: number;
  readonly startedAtMs: number;
  readonly state: ThreadState;
}

/** Tells it. */
export function toldThread(
  { number, epoch, startedAtMs, state }: KnownPlace,
  status: ThreadStatus | null,
): ThreadFacts {
  return { name: threadName({ number }), state: toldState(state, status), epoch, startedAtMs, status };
}

function toldState(state: ThreadState, status: ThreadStatus | null): ThreadFacts['state'] {
  switch (state) {
    case 'lost':
      return 'lost';
    case 'starting':
    case 'joined':
      return 'starting';
    case 'serving':
    case 'retiring':
      return status === null ? 'silent' : 'serving';
  }
}
