import { Agent, request } from 'node:https';

/** Where the good client comes from. */
const GOOD_CLIENT = '127.0.0.2';
const EVERY_MS = 100;
/** A reply that takes longer is none. */
const PATIENCE_MS = 2_000;

/** What became of the good client's requests. */
export interface GoodClientCount {
  readonly sent: number;
  readonly served: number;
  /** The longest that a reply took, of those that came. */
  readonly worstMs: number;
}

/** Asks ten times a second until `stop`, in turn over a kept connection and over a new one. */
export class GoodClient {
  readonly #target: { readonly port: number; readonly ca: string };
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #timer: NodeJS.Timeout;
  readonly #asked: Promise<number | null>[] = [];

  constructor(target: { readonly port: number; readonly ca: string }) {
    this.#target = target;
    this.#timer = setInterval(() => this.#asked.push(this.#ask(this.#asked.length % 2 === 0)), EVERY_MS);
  }

  async stop(): Promise<GoodClientCount> {
    clearInterval(this.#timer);
    const took = await Promise.all(this.#asked);
    this.#agent.destroy();
    const served = took.filter((ms) => ms !== null);
    return { sent: took.length, served: served.length, worstMs: Math.max(0, ...served) };
  }

  /** Milliseconds until the whole reply, or null where it did not come or was another than 200. */
  #ask(isKept: boolean): Promise<number | null> {
    const begun = performance.now();
    const { promise, resolve } = Promise.withResolvers<number | null>();
    const options = {
      ...this.#target,
      host: '127.0.0.1',
      servername: 'localhost',
      localAddress: GOOD_CLIENT,
      path: '/good',
      headers: { host: 'localhost' },
      agent: isKept ? this.#agent : false,
      signal: AbortSignal.timeout(PATIENCE_MS),
    } as const;
    const sent = request(options, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode === 200 ? performance.now() - begun : null));
      reply.on('error', () => resolve(null));
    });
    sent.on('error', () => resolve(null));
    sent.end();
    return promise;
  }
}
