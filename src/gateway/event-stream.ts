import type { Problem } from '../base/index.ts';
import type { ReplyHead } from '../wire/index.ts';
import type { Standing, Walk } from './walk.ts';

const EVENTS = /^text\/event-stream(?:[\t ]*;|$)/i;

/** Whether an upstream's reply is a stream of server-sent events (HTML Living Standard §9.2), which has no end of its own. */
export function isEventStream({ fields }: ReplyHead): boolean {
  const type = fields.get('content-type');
  return type !== null && EVENTS.test(type);
}

/** A stream of server-sent events. Wherever it ends its client comes again by itself, so it always ends cleanly. */
export class EventStream implements Standing {
  readonly kind = 'events';
  readonly walk: Walk;

  constructor(walk: Walk) {
    this.walk = walk;
  }

  close(problem: Problem): void {
    this.walk.conclude(problem);
  }

  drain(): void {
    this.walk.conclude(null);
  }
}
