import { err, ok, type Result } from '../base/index.ts';
import { parseJson } from '../body/index.ts';
import type { KeptAnswers } from '../policy/index.ts';
import { NONE_LIFE_MS, OWNER_LIMIT_BYTES } from '../policy/index.ts';
import type { Alerts, Clock, Egress } from '../ports/index.ts';
import type { OwnerPlaces } from './owner-places.ts';
import type { OwnerTurns } from './owner-turns.ts';

/** One service that is asked whose objects are, as this lookup says it. */
export interface OwnerServiceSaid {
  readonly name: string;
  /** Scheme, host, port and what of the path is fixed: nothing else is ever asked. */
  readonly start: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string | null;
  readonly cacheMs: number;
  readonly timeoutMs: number;
}

/** What is told of an object: JSON, or null for none, and until when (wall milliseconds) that is gone by. */
export interface OwnerTold {
  readonly body: Uint8Array | null;
  readonly untilMs: number;
}

/** How a question ended. `unusable`: an answer that says nothing of the object. `refused`: nobody was asked. */
export type OwnerOutcome = 'answered' | 'none' | 'unusable' | 'failed' | 'refused';

/** What it asks with. */
export interface OwnerPorts {
  readonly egress: Egress;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Of all services taken together. */
  readonly places: OwnerPlaces;
  readonly kept: () => KeptAnswers<OwnerTold>;
  readonly asked: (service: string, outcome: OwnerOutcome) => void;
}

/** So many failures one after the other, and it is left alone for a while. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** What says that no other object would fare better. A 500 may be an odd id's alone, and anybody can send one. */
const FOR_ALL: ReadonlySet<number> = new Set([401, 429, 502, 503, 504]);

/** Why a call says nothing. `forAll`: no other object would fare better; else it may be this one alone, which anybody can ask for. */
interface CallFault {
  readonly words: string;
  readonly forAll: boolean;
}

/**
 * Asks one service whose objects are, for all threads. A URL that is being asked for is not asked for twice, networks share
 * the turns, and a service that fails is left alone for a while, which doubles until it answers.
 */
export class OwnerService {
  readonly #said: OwnerServiceSaid;
  readonly #ports: OwnerPorts;
  readonly #turns: OwnerTurns;
  /** As alerts and metrics name it. */
  readonly host: string;
  /** Calls that are under way, not those that wait: no network waits for the turn of another. */
  readonly #calls = new Map<string, Promise<OwnerTold | null>>();
  #failures = 0;
  #unusable = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(said: OwnerServiceSaid, ports: OwnerPorts) {
    this.#said = said;
    this.#ports = ports;
    this.host = URL.parse(said.start)?.host ?? '';
    this.#turns = ports.places.turnsOf(this.host);
  }

  /** What is said at this URL, for somebody of this network; null where nobody can say. Never rejects. */
  async ask(url: string, source: string): Promise<OwnerTold | null> {
    if (!url.startsWith(this.#said.start) || URL.parse(url)?.href !== url) return null;
    const known = this.#known(url);
    if (known !== null) return await known;
    if (this.#isPaused() || !(await this.#turns.take(source, this.#said.timeoutMs))) return this.#refused();
    try {
      return await (this.#known(url) ?? this.#begin(url, source));
    } finally {
      this.#turns.give(source);
    }
  }

  #known(url: string): OwnerTold | Promise<OwnerTold | null> | null {
    return this.#ports.kept().find(this.#key(url), this.#ports.clock.now()) ?? this.#calls.get(url) ?? null;
  }

  #key(url: string): string {
    return `${this.#said.name} ${url}`;
  }

  #begin(url: string, source: string): Promise<OwnerTold | null> {
    const { places } = this.#ports;
    if (this.#isPaused() || !places.take(source)) return Promise.resolve(this.#refused());
    const begun = this.#asked(url).finally(() => {
      this.#calls.delete(url);
      places.give(source);
    });
    this.#calls.set(url, begun);
    return begun;
  }

  async #asked(url: string): Promise<OwnerTold | null> {
    const { clock, kept: keptNow } = this.#ports;
    const { cacheMs } = this.#said;
    // An answer is as old as its question, and of the secrets it was asked with.
    const [fromMs, kept] = [clock.now(), keptNow()];
    const body = await this.#called(url).catch(
      (): Result<never, CallFault> => err({ words: 'the call could not be made', forAll: true }),
    );
    if (!body.ok) return this.#failed(body.error);
    this.#ports.asked(this.host, body.value === null ? 'none' : 'answered');
    this.#failures = 0;
    this.#unusable = 0;
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    const untilMs = fromMs + (body.value === null ? Math.min(cacheMs, NONE_LIFE_MS) : cacheMs);
    const value = { body: body.value, untilMs };
    const key = this.#key(url);
    if (untilMs > fromMs) kept.add(key, { value, fromMs, untilMs, bytes: 2 * key.length + (body.value?.length ?? 0) });
    return value;
  }

  async #called(url: string): Promise<Result<Uint8Array | null, CallFault>> {
    const { headers, ca, timeoutMs } = this.#said;
    const reply = await this.#ports.egress.call({
      ...{ url, method: 'GET', timeoutMs, limitBytes: OWNER_LIMIT_BYTES, reach: 'named', keeps: true },
      headers: { accept: 'application/json', ...headers },
      ...(ca === null ? {} : { ca }),
    });
    if (!reply.ok) {
      const { reason, detail } = reply.error;
      const forAll = !['too-large', 'malformed-reply', 'malformed-url'].includes(reason);
      return err({ words: forAll ? `${reason}: ${detail}` : reason, forAll });
    }
    const { status, headers: fields, body } = reply.value;
    if (status === 404) return ok(null);
    if (status !== 200) return err({ words: `it answered ${status}`, forAll: FOR_ALL.has(status) });
    const type = fields.get('content-type') ?? '';
    if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type))
      return err({ words: 'its answer is not served as JSON', forAll: false });
    const read = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    if (!read.ok) return err({ words: 'its answer is no JSON', forAll: false });
    return ok(read.value === null ? null : body);
  }

  #refused(): null {
    this.#ports.asked(this.host, 'refused');
    return null;
  }

  #isPaused(): boolean {
    return this.#ports.clock.monotonic() < this.#pausedUntilMs;
  }

  #failed({ words, forAll }: CallFault): null {
    this.#ports.asked(this.host, forAll ? 'failed' : 'unusable');
    if (!forAll) {
      this.#unusable++;
      if (this.#unusable % FAILURES === 0) this.#alert(words);
      return null;
    }
    // What was under way when it was found to be ill tells nothing new.
    if (this.#isPaused()) return null;
    this.#failures++;
    if (this.#failures >= FAILURES) {
      const times = Math.min(this.#failures - FAILURES, 10);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
      this.#pausedUntilMs = this.#ports.clock.monotonic() + pauseMs;
      this.#alert(words);
    }
    return null;
  }

  #alert(detail: string): void {
    this.#ports.alerts.raise({
      kind: 'owners.unavailable',
      key: this.host,
      severity: 'high',
      message: 'a service does not say whose objects are, so requests that depend on it are refused',
      fields: { service: this.host, detail },
    });
  }
}
