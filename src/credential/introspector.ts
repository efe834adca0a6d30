import { ok, type Result } from '../base/index.ts';
import type { Alert, Clock, Egress } from '../ports/index.ts';
import type { AskingPlaces } from './asking-places.ts';
import { introspectionAddress } from './introspection-address.ts';
import { type AskServer, createAskServer } from './introspection-call.ts';
import type { IntrospectionReply, IntrospectionServer } from './introspection-server.ts';

/** How a question to a server ended. `refused`: nobody was asked, since it fails or too many wait. */
export type IntrospectionOutcome = 'answered' | 'failed' | 'refused';

/** What one works with. */
export interface IntrospectorPorts {
  readonly places: AskingPlaces;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly alert: (alert: Alert) => void;
  /** Gives a text that nobody has had before. */
  readonly id: () => string;
  readonly asked: (name: string, outcome: IntrospectionOutcome) => void;
}

/** Calls to one server at a time, each over a connection of its own, which the next call finds open. */
const AT_A_TIME = 16;

/** Who waits for one of these. More than that would wait longer than anybody does. */
const WAITING_LIMIT = 256;

/** Tokens of one network that are under way or wait, over all threads, so that no network takes all turns. */
const OF_ONE_SOURCE = 32;

/** So many failures one after the other, and it is left alone for a while. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** How long an address out of metadata is used before it is asked for again. */
const ADDRESS_LIFE_MS = 10 * 60 * 1_000;

const UNAVAILABLE: IntrospectionReply = Object.freeze({ kind: 'unavailable' });
const NOT_TAKEN: IntrospectionReply = Object.freeze({ kind: 'not-taken' });

/**
 * Asks one server of tokens, for all threads: a token that is being asked for is not asked for twice, so many calls are
 * under way at most, and a server that fails is left alone for a while, which doubles until it answers. It remembers no
 * answer and no token.
 */
export class Introspector {
  readonly #server: IntrospectionServer;
  readonly #ports: IntrospectorPorts;
  readonly #ask: Result<AskServer, string>;
  /** By the whole text of the token, so that no two of them share an answer. */
  readonly #flights = new Map<string, Promise<IntrospectionReply>>();
  readonly #ofSource = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #failures = 0;
  #notTaken = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #address: { readonly url: string; readonly untilMs: number } | null = null;
  #addressing: Promise<Result<string, string>> | null = null;

  constructor(server: IntrospectionServer, ports: IntrospectorPorts) {
    this.#server = server;
    this.#ports = ports;
    this.#ask = createAskServer(server, { egress: ports.egress, now: () => ports.clock.now(), id: ports.id });
  }

  /**
   * What the server says of a token that came from this network. Never throws; whoever asks waits as long as it wants to.
   */
  ask(token: string, source: string): Promise<IntrospectionReply> {
    const flight = this.#flights.get(token);
    if (flight !== undefined) return flight;
    const ofSource = this.#ofSource.get(source) ?? 0;
    const isFull = this.#waiting.length >= WAITING_LIMIT || ofSource >= OF_ONE_SOURCE;
    if (isFull || this.#isPaused()) return Promise.resolve(this.#refused());
    this.#ofSource.set(source, ofSource + 1);
    const begun = this.#inTurn(token).finally(() => {
      this.#flights.delete(token);
      const left = (this.#ofSource.get(source) ?? 1) - 1;
      if (left > 0) this.#ofSource.set(source, left);
      else this.#ofSource.delete(source);
    });
    this.#flights.set(token, begun);
    return begun;
  }

  async #inTurn(token: string): Promise<IntrospectionReply> {
    if (this.#running < AT_A_TIME) this.#running++;
    else if (!(await this.#turn())) return this.#refused();
    try {
      return await this.#inPlace(token);
    } finally {
      // Whoever waits longest takes this place over, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** That others take all places says nothing of this server: it has not failed. */
  async #inPlace(token: string): Promise<IntrospectionReply> {
    const { places } = this.#ports;
    if (this.#isPaused() || !places.take()) return this.#refused();
    try {
      return this.#settled(await this.#called(token));
    } catch {
      // What is thrown may hold anything; the port promises not to.
      return this.#settled({ ok: false, error: 'the call could not be made' });
    } finally {
      places.give();
    }
  }

  /** True when it is one's turn; false when that took longer than an answer may. */
  #turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const mine = (): void => {
        timer.cancel();
        resolve(true);
      };
      const timer = this.#ports.clock.after(this.#server.timeoutMs, () => {
        const at = this.#waiting.indexOf(mine);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(false);
      });
      this.#waiting.push(mine);
    });
  }

  async #called(token: string): Promise<Result<Uint8Array | null, string>> {
    if (!this.#ask.ok) return this.#ask;
    const url = await this.#url();
    return url.ok ? await this.#ask.value(url.value, token) : url;
  }

  async #url(): Promise<Result<string, string>> {
    const { url } = this.#server;
    if (url !== null) return ok(url);
    const known = this.#address;
    if (known !== null && this.#ports.clock.monotonic() < known.untilMs) return ok(known.url);
    this.#addressing ??= this.#discover().finally(() => {
      this.#addressing = null;
    });
    return await this.#addressing;
  }

  async #discover(): Promise<Result<string, string>> {
    const url = await introspectionAddress(this.#server, this.#ports.egress);
    if (url.ok) {
      this.#address = { url: url.value, untilMs: this.#ports.clock.monotonic() + ADDRESS_LIFE_MS };
      return url;
    }
    // A server whose metadata is not to be had may still answer where it did.
    return this.#address === null ? url : ok(this.#address.url);
  }

  #refused(): IntrospectionReply {
    this.#ports.asked(this.#server.name, 'refused');
    return UNAVAILABLE;
  }

  #isPaused(): boolean {
    return this.#ports.clock.monotonic() < this.#pausedUntilMs;
  }

  #settled(answer: Result<Uint8Array | null, string>): IntrospectionReply {
    if (!answer.ok) return this.#failed(answer.error);
    if (answer.value === null) return this.#turnedDown();
    this.#ports.asked(this.#server.name, 'answered');
    this.#failures = 0;
    this.#notTaken = 0;
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    return { kind: 'answered', body: answer.value };
  }

  #failed(fault: string): IntrospectionReply {
    this.#ports.asked(this.#server.name, 'failed');
    this.#failures++;
    // Its address may be what is wrong.
    this.#address = null;
    if (this.#failures >= FAILURES && !this.#isPaused()) this.#pause(fault);
    return UNAVAILABLE;
  }

  /** No reason to leave a server alone: anybody could bring such tokens. Where nothing else comes, it may be this client. */
  #turnedDown(): IntrospectionReply {
    this.#ports.asked(this.#server.name, 'failed');
    this.#notTaken++;
    if (this.#notTaken % FAILURES === 0) this.#alert('it does not take the questions');
    return NOT_TAKEN;
  }

  /** Its next failure makes the pause longer, its next answer ends it. */
  #pause(fault: string): void {
    const { clock } = this.#ports;
    const times = Math.min(this.#failures - FAILURES, 10);
    this.#pausedUntilMs = clock.monotonic() + Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
    this.#alert(fault);
  }

  #alert(fault: string): void {
    this.#ports.alert({
      kind: 'issuer.introspection-unavailable',
      key: this.#server.name,
      severity: 'high',
      message: `the issuer ${this.#server.name} does not say which tokens are active, they are refused: ${fault}`,
    });
  }
}
