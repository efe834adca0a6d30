import type { Clock } from '../../src/ports/index.ts';
import type { GatewayThreadOptions } from '../../src/gateway/index.ts';
import { NO_FIELDS, type OutgoingRequest, type ReplyHead, type UpstreamEvents } from '../../src/wire/index.ts';
import type { Chance } from './chance.ts';
import type { Judge } from './judge.ts';

type Upstreams = NonNullable<GatewayThreadOptions['outside']>['upstreams'];

/** The port of the upstream says which configuration sent the request there. */
export const FIRST_PORT = 10_000;

const BODY = Buffer.from('some words');

/** Upstreams that answer in their own time: most at once, some slowly, few so slowly that configurations come and go. */
export function simUpstreams(given: {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly judge: Judge;
}): Upstreams {
  return {
    forApis: (apis) =>
      apis.map(() => ({ waitingShare: () => 0, call: (request, events) => answer(request, events, given) })),
    retain() {},
    sweep() {},
    close() {},
    tableReplaced() {},
    report: () => [],
  };
}

function answer(
  request: OutgoingRequest,
  events: UpstreamEvents,
  { clock, chance, judge }: { readonly clock: Clock; readonly chance: Chance; readonly judge: Judge },
) {
  const mark = Number(request.authority.split(':')[1]) - FIRST_PORT;
  judge.met(Number(request.fields?.get('x-number')), mark, 'the upstream');
  const head = replyHead();
  const delayMs = chance.percent(70)
    ? chance.below(30)
    : chance.percent(80)
      ? chance.below(3_000)
      : chance.below(20_000);
  const inParts = chance.percent(40);
  let timer = clock.after(delayMs, () => {
    if (!inParts) return events.whole(head, BODY, clock.monotonic());
    events.head(head);
    timer = clock.after(delayMs, () => {
      events.pieces([BODY]);
      events.end();
    });
  });
  return { write: () => true, finish() {}, resume() {}, allowIdle() {}, abort: () => timer.cancel() };
}

function replyHead(): ReplyHead {
  const framing = { kind: 'length', bytes: BODY.length } as const;
  return {
    fault: null,
    status: 200,
    fields: NO_FIELDS,
    framing,
    announcedLength: null,
    keepAlive: true,
    idleMs: null,
    bytes: 50,
  };
}
