import { hash } from 'node:crypto';
import { networkOf } from '../../../base/index.ts';
import type { KeyRow } from '../../../credential/index.ts';
import { KEYS_STALE_AFTER_MS } from '../../../credential/index.ts';
import { principalOf } from '../../claims/principal-of.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { RoleTable } from '../../kind.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { KeysAtHand } from '../jwt/issuer-tokens.ts';
import { type ActiveToken, type AnswerFault, readAnswer } from './answer.ts';
import { type AskedIssuer, askedServer, INTROSPECTION, NOT_TAKEN } from './asked-issuer.ts';
import { AskingBudget } from './asking-budget.ts';
import { KeptAnswers } from './kept-answers.ts';

/** What this kind works with while requests run. */
export type IntrospectionPorts = Pick<KindPorts, 'clock' | 'desk' | 'keys' | 'alerts'>;

/** What came of a token: who bears it, why it is not taken, or that nobody can say. */
export type AskedVerdict =
  | { readonly kind: 'identified'; readonly verdict: AuthenticateVerdict }
  | { readonly kind: 'refused'; readonly rule: string }
  | { readonly kind: 'unavailable'; readonly rule: string };

/** A token that is not active now will hardly be in a few seconds, and whoever sends it is no longer asked about. */
const REFUSED_LIFE_MS = 5_000;

/** A thread tells of answers that are none at most this often. */
const HUSH_MS = 10_000;

/** What the way there and back takes, and the wait for a turn: twice the time of a call, and this. */
const SPARE_MS = 500;

const QUESTION_NOT_TAKEN: AskedVerdict = Object.freeze({ kind: 'unavailable', rule: NOT_TAKEN });
const UNANSWERED: AskedVerdict = Object.freeze({ kind: 'unavailable', rule: 'unanswered' });

const NO_KEYS: ReadonlyMap<string, KeyRow> = new Map();

/** What a token is remembered by: of no use to whoever reads it, and as good as the whole text to tell tokens apart. */
export function hashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/**
 * The tokens that one issuer is asked about, as one Snapshot judges them. Each issuer has its own: what one server said of a
 * token is never taken for what another did. Nothing of a token is kept but its hash.
 */
export class AskedTokens {
  readonly issuer: AskedIssuer;
  readonly #roles: RoleTable;
  readonly #keys: () => KeysAtHand;
  readonly #ports: IntrospectionPorts;
  readonly #server: string;
  readonly #taken = new KeptAnswers<AskedVerdict>();
  readonly #refused = new KeptAnswers<AskedVerdict>();
  readonly #flights = new Map<string, Promise<AskedVerdict>>();
  readonly #budget = new AskingBudget();
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    issuer: AskedIssuer,
    { roles, keys, ports }: { roles: RoleTable; keys: () => KeysAtHand; ports: IntrospectionPorts },
  ) {
    this.issuer = issuer;
    this.#roles = roles;
    this.#keys = keys;
    this.#ports = ports;
    this.#server = askedServer(issuer);
  }

  /** What was said of a token before, if that counts still. */
  remembered(hashed: string, nowMs: number): AskedVerdict | null {
    return this.#taken.find(hashed, nowMs) ?? this.#refused.find(hashed, nowMs);
  }

  /** Asks about a token, once for all who bear it at the time. Never rejects. */
  ask(token: string, hashed: string, address: string): Promise<AskedVerdict> | AskedVerdict {
    const flight = this.#flights.get(hashed);
    if (flight !== undefined) return flight;
    const asking = this.#budget.begin(address, this.#ports.clock.monotonic());
    if (typeof asking === 'string') return Object.freeze({ kind: 'unavailable', rule: asking });
    const begun = this.#asked(token, hashed, address)
      .then((said) => {
        // Who brings tokens that no server reads makes questions as those do whose tokens it refuses.
        if (said.kind === 'refused' || said === QUESTION_NOT_TAKEN) asking.refused(this.#ports.clock.monotonic());
        return said;
      })
      .finally(() => {
        this.#flights.delete(hashed);
        asking.end();
      });
    this.#flights.set(hashed, begun);
    return begun;
  }

  async #asked(token: string, hashed: string, address: string): Promise<AskedVerdict> {
    const { clock, desk } = this.#ports;
    // What is kept is as old as the question, however long the answer took.
    const askedAtMs = clock.now();
    const limitMs = 2 * this.issuer.introspection.timeoutMs + SPARE_MS;
    const body = await desk.ask(INTROSPECTION, { server: this.#server, token, source: networkOf(address) }, limitMs);
    if (body === NOT_TAKEN) return QUESTION_NOT_TAKEN;
    if (!(body instanceof Uint8Array)) return UNANSWERED;
    const answer = await this.#read(body, address);
    if (answer.ok) return this.#identified(answer.value, { hashed, askedAtMs, bytes: body.length });
    const { kind, fault } = answer.error;
    if (kind === 'unbelieved') return this.#unbelieved(fault);
    return this.#keepRefused(fault, hashed, askedAtMs);
  }

  /** Reads an answer; where it names a key that nobody has seen, once more when newer keys have been asked for. */
  async #read(body: Uint8Array, address: string): Promise<ReturnType<typeof readAnswer>> {
    const first = this.#readNow(body);
    if (first.ok || !lacksKey(first.error) || this.issuer.keys.kind === 'file') return first;
    const pending = this.#ports.keys.want(this.issuer.name, address);
    if (pending === null) return first;
    await pending;
    return this.#readNow(body);
  }

  #readNow(body: Uint8Array): ReturnType<typeof readAnswer> {
    const nowMs = this.#ports.clock.now();
    const { rows, filledAtMs } = this.#keys();
    const isFresh = filledAtMs !== null && nowMs - filledAtMs <= KEYS_STALE_AFTER_MS;
    return readAnswer(body, { issuer: this.issuer, rows: isFresh ? rows : NO_KEYS, nowMs });
  }

  #identified(
    token: ActiveToken,
    { hashed, askedAtMs, bytes }: { hashed: string; askedAtMs: number; bytes: number },
  ): AskedVerdict {
    const principal = principalOf(token, this.issuer, this.#roles);
    if (!principal.ok) return this.#keepRefused(principal.error, hashed, askedAtMs);
    const verdict: AuthenticateVerdict = Object.freeze({ kind: 'identified', principal: principal.value });
    const value: AskedVerdict = Object.freeze({ kind: 'identified', verdict });
    const untilMs = Math.min(token.validUntilMs, askedAtMs + this.issuer.introspection.cacheMs);
    if (untilMs > askedAtMs) this.#taken.add(hashed, { value, fromMs: askedAtMs, untilMs, bytes });
    return value;
  }

  #keepRefused(rule: string, hashed: string, askedAtMs: number): AskedVerdict {
    const value: AskedVerdict = Object.freeze({ kind: 'refused', rule });
    const untilMs = askedAtMs + Math.min(REFUSED_LIFE_MS, this.issuer.introspection.cacheMs);
    if (untilMs > askedAtMs) this.#refused.add(hashed, { value, fromMs: askedAtMs, untilMs, bytes: 0 });
    return value;
  }

  /** What is no answer says nothing of the token: it is asked about anew, and the operator is told. */
  #unbelieved(fault: string): AskedVerdict {
    const { alerts, clock } = this.#ports;
    if (clock.monotonic() >= this.#quietUntilMs) {
      this.#quietUntilMs = clock.monotonic() + HUSH_MS;
      const { name } = this.issuer;
      alerts({
        kind: 'issuer.introspection-unavailable',
        key: name,
        severity: 'high',
        message: `what the issuer ${name} says of tokens is no answer (${fault}), they are refused`,
      });
    }
    return Object.freeze({ kind: 'unavailable', rule: fault });
  }
}

function lacksKey({ kind, fault }: AnswerFault): boolean {
  return kind === 'unbelieved' && fault === 'unknown-key';
}
