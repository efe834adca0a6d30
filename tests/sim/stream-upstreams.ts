import type { GatewayThreadOptions } from '../../src/gateway/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import {
  newAuthorityMemory,
  type HeaderFields,
  type OutgoingRequest,
  readRequestHead,
  type ReplyHead,
  type UpstreamEvents,
} from '../../src/wire/index.ts';
import type { Chance } from './chance.ts';

/** How long an upstream lets its head wait. */
export const LONGEST_HEAD_MS = 200;

type Upstreams = NonNullable<GatewayThreadOptions['outside']>['upstreams'];

/** Upstreams that send events without end. */
export type EndlessUpstreams = Upstreams & {
  /** How many calls are under way. */
  readonly open: number;
  /** Ends one of the streams; false where there is none. */
  endOne(): boolean;
  /** Whether the stream of the request with these fields was ended by its upstream. */
  hasEnded(request: { readonly headers: unknown }): boolean;
};

interface Call {
  readonly events: UpstreamEvents;
  readonly fields: unknown;
  begun: boolean;
}

/** Makes them. Each port has a caller of its own, which stays the same from one configuration to the next. */
export function endlessUpstreams(clock: Clock, chance: Chance): EndlessUpstreams {
  const callers = new Map<
    number,
    { call(request: OutgoingRequest, events: UpstreamEvents): ReturnType<typeof begin>; waitingShare: () => number }
  >();
  const open = new Set<Call>();
  const ended = new WeakSet<object>();
  const begin = (request: OutgoingRequest, events: UpstreamEvents) => {
    const call: Call = { events, fields: request.fields, begun: false };
    open.add(call);
    const speak = (): void => {
      if (!open.has(call)) return;
      if (!call.begun) events.head(EVENTS_HEAD);
      call.begun = true;
      if (open.has(call)) events.pieces([Buffer.from('data: x\n\n')]);
      clock.after(chance.below(5_000), speak);
    };
    clock.after(chance.below(LONGEST_HEAD_MS), speak);
    return { write: () => true, finish() {}, resume() {}, allowIdle() {}, abort: () => void open.delete(call) };
  };
  return {
    forApis: (apis) =>
      apis.map(({ upstream: { targets } }) => {
        const port = targets[0]?.port ?? 0;
        let caller = callers.get(port);
        if (caller === undefined) callers.set(port, (caller = { call: begin, waitingShare: () => 0 }));
        return caller;
      }),
    retain() {},
    sweep() {},
    close() {},
    tableReplaced() {},
    report: () => [],
    get open() {
      return open.size;
    },
    endOne() {
      const begun = [...open].filter((call) => call.begun);
      if (begun.length === 0) return false;
      const call = chance.oneOf(begun);
      open.delete(call);
      if (typeof call.fields === 'object' && call.fields !== null) ended.add(call.fields);
      call.events.end();
      return true;
    },
    hasEnded: ({ headers }) => typeof headers === 'object' && headers !== null && ended.has(headers),
  };
}

const EVENTS_HEAD: ReplyHead = {
  fault: null,
  status: 200,
  fields: fieldsOf('content-type: text/event-stream'),
  framing: { kind: 'chunked' },
  announcedLength: null,
  keepAlive: true,
  idleMs: null,
  bytes: 50,
};

function fieldsOf(line: string): HeaderFields {
  const head = Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\n${line}\r\n\r\n`);
  const reading = readRequestHead(head, head.length - 2, newAuthorityMemory());
  if (reading.fault !== null) throw new Error(reading.fault);
  return reading.fields;
}
