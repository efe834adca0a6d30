import { networkOf } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import type { Told } from '../../desk.ts';
import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { KeptAnswers } from '../introspection/kept-answers.ts';
import { NONE_LIFE_MS, type OwnerLookup, OWNERS, ownerService } from './owner-lookup.ts';

/** What is known of an object: what its service says of it, that there is none, or that nobody can say, and why. */
export type OwnerAnswer =
  | { readonly kind: 'known'; readonly owner: unknown }
  | { readonly kind: 'none' }
  | { readonly kind: 'unavailable'; readonly words: string };

/** What the thread works with. */
export type OwnerPorts = Pick<KindPorts, 'clock' | 'desk'>;

/** Questions of one thread to one service at a time, and those of one network among them. */
const AT_A_TIME = 512;
const OF_ONE_NETWORK = 128;

/** The way there and back, beside the wait for a turn and the call itself. */
const SPARE_MS = 500;

const NONE: OwnerAnswer = Object.freeze({ kind: 'none' });
const BUSY: OwnerAnswer = Object.freeze({ kind: 'unavailable', words: 'too much is being asked for already' });
const UNANSWERED: OwnerAnswer = Object.freeze({
  kind: 'unavailable',
  words: 'nobody could say whose it is: the owner service gave no answer that counts',
});

/**
 * The owners of objects as one Snapshot asks for them in one thread. What was answered is remembered by its URL, which holds
 * all that the answer depends on: nothing else of a caller is sent.
 */
export class Owners {
  readonly #ports: OwnerPorts;
  readonly #kept = new KeptAnswers<OwnerAnswer>();
  readonly #services = new Map<string, AskedService>();

  constructor(ports: OwnerPorts) {
    this.#ports = ports;
  }

  /** How this service is asked; operations that say the same of it share what it answered. */
  at(lookup: OwnerLookup): AskedService {
    const name = ownerService(lookup);
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const made = new AskedService({ name, lookup }, this.#kept, this.#ports);
    this.#services.set(name, made);
    return made;
  }
}

/** One service, asked from one thread. */
export class AskedService {
  readonly #name: string;
  readonly #lookup: OwnerLookup;
  readonly #kept: KeptAnswers<OwnerAnswer>;
  readonly #ports: OwnerPorts;
  readonly #flights = new Map<string, Promise<OwnerAnswer>>();
  readonly #ofNetwork = new Map<string, number>();

  constructor(
    { name, lookup }: { readonly name: string; readonly lookup: OwnerLookup },
    kept: KeptAnswers<OwnerAnswer>,
    ports: OwnerPorts,
  ) {
    this.#name = name;
    this.#lookup = lookup;
    this.#kept = kept;
    this.#ports = ports;
  }

  /** What the service says at this URL, which was written for this request. Never rejects. */
  find(url: string, exchange: Exchange): OwnerAnswer | Promise<OwnerAnswer> {
    const key = `${this.#name} ${url}`;
    const kept = this.#kept.find(key, this.#ports.clock.now());
    if (kept !== null) return kept;
    const network = networkOf(exchange.request.peer.address);
    // Not shared by networks: one that has used up its share must not be what others wait for.
    const flightKey = `${network} ${url}`;
    const flight = this.#flights.get(flightKey);
    if (flight !== undefined) return flight;
    const ofNetwork = this.#ofNetwork.get(network) ?? 0;
    if (this.#flights.size >= AT_A_TIME || ofNetwork >= OF_ONE_NETWORK) return BUSY;
    this.#ofNetwork.set(network, ofNetwork + 1);
    const begun = this.#ask(url, key, network).finally(() => {
      this.#flights.delete(flightKey);
      const left = (this.#ofNetwork.get(network) ?? 1) - 1;
      if (left > 0) this.#ofNetwork.set(network, left);
      else this.#ofNetwork.delete(network);
    });
    this.#flights.set(flightKey, begun);
    return begun;
  }

  async #ask(url: string, key: string, source: string): Promise<OwnerAnswer> {
    const { clock, desk } = this.#ports;
    const { cacheMs, timeoutMs } = this.#lookup;
    // What is kept is as old as the question, however long the answer took.
    const askedAtMs = clock.now();
    const told = readTold(
      await desk.ask(OWNERS, { service: this.#name, url, source }, 2 * timeoutMs + SPARE_MS).catch(() => null),
    );
    if (told === null) return UNANSWERED;
    const value = told.body === null ? NONE : read(told.body);
    if (value === UNANSWERED) return value;
    const lifeMs = value === NONE ? Math.min(cacheMs, NONE_LIFE_MS) : cacheMs;
    const untilMs = Math.min(told.untilMs, askedAtMs + lifeMs);
    const bytes = 2 * key.length + (told.body?.length ?? 0);
    if (untilMs > askedAtMs) this.#kept.add(key, { value, fromMs: askedAtMs, untilMs, bytes });
    return value;
  }
}

interface ToldOwner {
  /** JSON; null where there is no such object. */
  readonly body: Uint8Array | null;
  readonly untilMs: number;
}

function readTold(told: Told): ToldOwner | null {
  if (typeof told !== 'object' || told === null || !('body' in told)) return null;
  const { body, untilMs } = told;
  const isBody = body === null || body instanceof Uint8Array;
  return isBody && typeof untilMs === 'number' ? { body, untilMs } : null;
}

function read(body: Uint8Array): OwnerAnswer {
  const parsed = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  // An owner that is null is nobody's word on an object.
  if (parsed.ok && parsed.value === null) return NONE;
  return parsed.ok ? Object.freeze({ kind: 'known', owner: parsed.value }) : UNANSWERED;
}
