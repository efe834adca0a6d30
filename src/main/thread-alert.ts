import type { Alerts } from '../ports/index.ts';
import type { ThreadLoss } from './thread-member.ts';

/** A thread that is lost so often in a row is no accident. */
const LOOP_AFTER = 3;

/** A thread that was lost, and what becomes of its place. */
interface LostThread {
  readonly thread: string;
  /** How often in a row. */
  readonly losses: number;
  /** When it is replaced; null where it is not. */
  readonly waitMs: number | null;
  /** How many serve without it, of how many. */
  readonly serving: number;
  readonly threads: number;
}

/** What the operator is told of a lost thread. */
export function lossAlert(
  { thread, losses, waitMs, serving, threads }: LostThread,
  { reason, detail }: ThreadLoss,
): Parameters<Alerts['raise']>[0] {
  const loops = losses >= LOOP_AFTER;
  const others = serving === 0 ? 'no other serves' : `${serving} of ${threads} serve`;
  const then =
    waitMs === null ? 'it is not replaced' : waitMs === 0 ? 'it is replaced now' : `it is replaced in ${waitMs} ms`;
  return {
    kind: 'thread.lost',
    // That a thread is lost again and again is another occasion than that it was lost, and so is each reason: none hides
    // another.
    key: `${thread} ${reason}${loops ? ' again and again' : ''}`,
    severity: loops || waitMs === null || serving === 0 ? 'critical' : 'high',
    message: `the gateway thread ${thread} was lost${loops ? ' again' : ''}: ${detail}; ${then}, ${others}`,
    fields: { thread, reason, losses },
  };
}
