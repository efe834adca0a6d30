// No tests here: one call on a connection over a socket without a network. Kept apart from the product by its name.
import { setImmediate } from 'node:timers/promises';
import { FakeSocket } from './fake-socket.test.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import { Caller } from './upstream-peer.test.ts';

/** Lets what was put off to the next turn happen. */
export async function turn(): Promise<void> {
  await setImmediate();
}

/** A connection that stands and carries a GET; `onIdle` is what its pool does when it comes back. */
export function newCallOf(onIdle: () => void = () => {}) {
  const socket = new FakeSocket();
  const caller = new Caller();
  const kept = keepBuffers(caller);
  let idle = 0;
  const connection = new UpstreamConnection(
    socket.socket,
    {
      bounds: { connectMs: 1_000, responseMs: 1_000, idleMs: 1_000 },
      monotonic: () => 0,
      ready() {},
      idle() {
        idle++;
        onIdle();
      },
      lost: (_connection, call, failure) => call?.events.failed(failure),
    },
    'connect',
  );
  socket.emit('connect');
  const request = {
    method: 'GET',
    target: '/',
    authority: 'up',
    fields: null,
    added: [],
    framing: { kind: 'none' },
    upgrade: null,
  } as const;
  connection.carry({ request, events: caller, replayable: true, idleMs: null }, 0);
  return {
    socket,
    caller,
    connection,
    /** How often it has gone back to its pool. */
    idle: (): number => idle,
    /** The body as its buffers show it now, not as they showed it when they came. */
    bodyNow: (): string => Buffer.concat(kept).toString('latin1'),
    fieldNow: (name: string): string | null => caller.reply?.fields.get(name) ?? null,
  };
}

/** Keeps the buffers that a caller is given, as a policy does that reads the whole body. */
function keepBuffers(caller: Caller): readonly Buffer[] {
  const kept: Buffer[] = [];
  const { whole, pieces } = caller;
  caller.whole = (head, body) => {
    kept.push(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    whole.call(caller, head, body);
  };
  caller.pieces = (given) => {
    kept.push(...given);
    return pieces.call(caller, given);
  };
  return kept;
}
