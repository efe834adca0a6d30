import { ok, type Result } from '../base/index.ts';
import type { Alert, Clock, Egress } from '../ports/index.ts';
import { type AskServer, createAskServer } from './introspection-call.ts';
import type { IntrospectionReply, IntrospectionServer } from './introspection-server.ts';
import { fetchMetadata, type IssuerMetadata, namedAddress } from './issuer-metadata.ts';
import { isJsonObject } from './jwt-values.ts';

/** How a question to a server ended. `refused`: nobody was asked, since it fails or too many wait. */
export type IntrospectionOutcome = 'answered' | 'failed' | 'refused';

/** What one works with. */
export interface IntrospectorPorts {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly alert: (alert: Alert) => void;
  /** Gives a text that nobody has had before. */
  readonly id: () => string;
  readonly asked: (name: string, outcome: IntrospectionOutcome) => void;
}

/** Calls to one server at a time; each is a connection of its own. */
const AT_A_TIME = 16;

/** Who waits for one of these. More than that would wait longer than anybody does. */
const WAITING_LIMIT = 256;

/** So many failures one after the other, and it is left alone for a while. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** How long an address out of metadata is used before it is asked for again. */
const ADDRESS_LIFE_MS = 10 * 60 * 1_000;

const ENDPOINT = 'introspection_endpoint';

const UNAVAILABLE: IntrospectionReply = Object.freeze({ kind: 'unavailable' });

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
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #failures = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #address: { readonly url: string; readonly untilMs: number } | null = null;
  #addressing: Promise<Result<string, string>> | null = null;

  constructor(server: IntrospectionServer, ports: IntrospectorPorts) {
    this.#server = server;
    this.#ports = ports;
    this.#ask = createAskServer(server, { egress: ports.egress, now: () => ports.clock.now(), id: ports.id });
  }

  /** What the server says of a token. Never throws; whoever asks waits as long as it wants to. */
  ask(token: string): Promise<IntrospectionReply> {
    const flight = this.#flights.get(token);
    if (flight !== undefined) return flight;
    if (this.#isPaused() || this.#waiting.length >= WAITING_LIMIT) return Promise.resolve(this.#refused());
    const begun = this.#inTurn(token).finally(() => this.#flights.delete(token));
    this.#flights.set(token, begun);
    return begun;
  }

  async #inTurn(token: string): Promise<IntrospectionReply> {
    if (this.#running < AT_A_TIME) this.#running++;
    else if (!(await this.#turn())) return this.#refused();
    try {
      if (this.#isPaused()) return this.#refused();
      return this.#settled(await this.#called(token));
    } catch {
      // What is thrown may hold anything; the port promises not to.
      return this.#settled({ ok: false, error: 'the call could not be made' });
    } finally {
      // Whoever waits longest takes this place over, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
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

  async #called(token: string): Promise<Result<Uint8Array, string>> {
    if (!this.#ask.ok) return this.#ask;
    const url = await this.#url();
    return url.ok ? await this.#ask.value(url.value, token) : url;
  }

  async #url(): Promise<Result<string, string>> {
    const { url, issuer, ca } = this.#server;
    if (url !== null) return ok(url);
    const known = this.#address;
    if (known !== null && this.#ports.clock.monotonic() < known.untilMs) return ok(known.url);
    this.#addressing ??= this.#discover(issuer, ca).finally(() => {
      this.#addressing = null;
    });
    return await this.#addressing;
  }

  async #discover(issuer: string, ca: string | null): Promise<Result<string, string>> {
    const metadata = await fetchMetadata({ issuer, ca }, this.#ports.egress);
    const url = metadata.ok ? this.#addressIn(metadata.value) : metadata;
    if (url.ok) {
      this.#address = { url: url.value, untilMs: this.#ports.clock.monotonic() + ADDRESS_LIFE_MS };
      return url;
    }
    // A server whose metadata is not to be had may still answer where it did.
    return this.#address === null ? url : ok(this.#address.url);
  }

  /** Who shows a certificate asks where one is asked for, if that is another place (RFC 8705 §5). */
  #addressIn(metadata: IssuerMetadata): Result<string, string> {
    const { issuer, proof } = this.#server;
    const aliases = metadata.members['mtls_endpoint_aliases'];
    const own = isJsonObject(aliases) ? aliases[ENDPOINT] : undefined;
    const members = proof.kind === 'certificate' && own !== undefined ? { [ENDPOINT]: own } : metadata.members;
    return namedAddress({ ...metadata, members }, ENDPOINT, issuer);
  }

  #refused(): IntrospectionReply {
    this.#ports.asked(this.#server.name, 'refused');
    return UNAVAILABLE;
  }

  #isPaused(): boolean {
    return this.#ports.clock.monotonic() < this.#pausedUntilMs;
  }

  #settled(answer: Result<Uint8Array, string>): IntrospectionReply {
    const { name } = this.#server;
    this.#ports.asked(name, answer.ok ? 'answered' : 'failed');
    if (answer.ok) {
      this.#failures = 0;
      this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
      return { kind: 'answered', body: answer.value };
    }
    this.#failures++;
    // Its address may be what is wrong.
    this.#address = null;
    if (this.#failures >= FAILURES && !this.#isPaused()) this.#pause(answer.error);
    return UNAVAILABLE;
  }

  /** Its next failure makes the pause longer, its next answer ends it. */
  #pause(fault: string): void {
    const { clock, alert } = this.#ports;
    const times = Math.min(this.#failures - FAILURES, 10);
    this.#pausedUntilMs = clock.monotonic() + Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
    alert({
      kind: 'issuer.introspection-unavailable',
      key: this.#server.name,
      severity: 'high',
      message: `the issuer ${this.#server.name} does not say which tokens are active, they are refused: ${fault}`,
    });
  }
}
