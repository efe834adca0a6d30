import type * as http from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, ResolvedAddress } from '../../ports/index.ts';

/** Servers close what is idle sooner or later; what says when is heeded (RFC 9112 §9.3). */
const IDLE_MS = 10_000;

/** So that what has changed at the other end, such as its certificate, is seen. */
const LONGEST_LIFE_MS = 5 * 60_000;

/** Idle connections to one place, and places that are remembered. */
const IDLE_LIMIT = 16;
const PLACE_LIMIT = 64;

/** Connections to one place. Those of other CAs or another certificate are kept apart. */
export interface KeptPlace {
  readonly agent: http.Agent;
  /** Whether the connection that a call has ended well over may serve another one. */
  mayKeep(socket: Socket): boolean;
}

/**
 * Connections that calls leave for the next. A place is a host with the addresses that were just checked: where its name
 * means others, those of before are not used any more.
 */
export class KeptConnections {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #places = new Map<string, KeptPlace>();
  readonly #openedMs = new WeakMap<Socket, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  to(url: URL, addresses: readonly ResolvedAddress[]): KeptPlace {
    const name = [url.origin, ...addresses.map(({ address }) => address).toSorted()].join(' ');
    const place = this.#places.get(name) ?? this.#open(url.protocol === 'https:');
    this.#places.delete(name);
    this.#places.set(name, place);
    // Idle connections to a place that is forgotten end by themselves.
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= PLACE_LIMIT) break;
      this.#places.delete(oldest);
    }
    return place;
  }

  #open(secure: boolean): KeptPlace {
    const { Agent } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
    return {
      // A session that is resumed shows no certificate (RFC 8446 §2.2), so none is remembered.
      agent: new Agent({ keepAlive: true, maxFreeSockets: IDLE_LIMIT, timeout: IDLE_MS, maxCachedSessions: 0 }),
      mayKeep: (socket) => {
        const nowMs = this.#clock.monotonic();
        const openedMs = this.#openedMs.get(socket) ?? nowMs;
        this.#openedMs.set(socket, openedMs);
        return nowMs - openedMs < LONGEST_LIFE_MS;
      },
    };
  }
}
