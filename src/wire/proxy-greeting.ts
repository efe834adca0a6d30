import type { Socket } from 'node:net';
import { type AddressSet, parseAddress } from '../base/index.ts';
import type { Peer } from './message.ts';
import { type ProxySource, readProxyHeader } from './proxy-header.ts';

const NOTHING = Buffer.alloc(0);

/** What such a greeting is done with. */
export interface ProxyGreetingOptions {
  /** The proxy's own end of the connection. */
  readonly peer: Peer;
  /** When the header must be there, on the monotonic clock. */
  readonly deadlineMs: number;
  /** The header was missing, broken or late: the connection is gone. */
  readonly turnedAway: () => void;
  /** The header was read; what came behind it is the socket's to give again. `peer` is the source. */
  readonly greeted: (peer: Peer) => void;
  /** Nothing is left of the connection, or it is no longer this greeting's. */
  readonly closed: () => void;
}

/** Whether a connection from this address must begin with a PROXY header. */
export function isProxied({ address }: Peer, proxies: AddressSet): boolean {
  const parsed = parseAddress(address);
  return parsed.ok && proxies.has(parsed.value);
}

/**
 * Reads the PROXY header with which a connection begins, however it is cut, and gives the connection on with the source
 * as its peer. It ends exactly once: greeted or turned away.
 */
export class ProxyGreeting {
  readonly #raw: Socket;
  readonly #options: ProxyGreetingOptions;
  #bytes: Buffer = NOTHING;
  #over = false;
  readonly #onData = (bytes: Buffer): void => this.#read(bytes);
  readonly #onLost = (): void => this.#turnAway();

  constructor(raw: Socket, options: ProxyGreetingOptions) {
    this.#raw = raw;
    this.#options = options;
    raw.on('error', this.#onLost);
    raw.on('end', this.#onLost);
    raw.on('close', this.#onLost);
    raw.on('data', this.#onData);
  }

  /** Holds the deadline. */
  sweep(now: number): void {
    if (now > this.#options.deadlineMs) this.#turnAway();
  }

  /** A proxy that has begun may end, and its one request be answered: deadline and grace bound it. */
  drain(): void {}

  destroy(): void {
    this.#turnAway();
  }

  #read(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const reading = readProxyHeader(this.#bytes);
    switch (reading.kind) {
      case 'header':
        this.#giveOn(reading.source, this.#bytes.subarray(reading.bytes));
        return;
      case 'broken':
        this.#turnAway();
        return;
      case 'more':
      // What is kept is bounded: a reading never asks for more than a header may have.
    }
  }

  #giveOn(source: ProxySource | null, rest: Buffer): void {
    this.#over = true;
    this.#bytes = NOTHING;
    const raw = this.#raw;
    const { peer, greeted, closed } = this.#options;
    raw.off('data', this.#onData).off('end', this.#onLost).off('close', this.#onLost);
    raw.pause();
    // Whoever reads next gets these bytes first, as if they had just come.
    if (rest.length > 0) raw.unshift(rest);
    greeted(source === null ? peer : { ...peer, ...source });
    raw.off('error', this.#onLost);
    raw.resume();
    closed();
  }

  #turnAway(): void {
    if (this.#over) return;
    this.#over = true;
    this.#raw.destroy();
    this.#options.turnedAway();
    this.#options.closed();
  }
}
