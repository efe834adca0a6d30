import { err, ok, type Result, Secret, secretLine } from '../../base/index.ts';
import type { Clock, HostReference, VaultSource } from '../../ports/index.ts';
import { askVault, memberOf, type VaultAnswer, type VaultFault, type VaultPorts } from './vault-call.ts';

/** What a token needs. `own` gives the secrets of this machine by which one proves who asks. */
export interface VaultTokenPorts extends VaultPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly own: (reference: HostReference) => Promise<Result<Secret, string>>;
}

interface Held {
  readonly token: Secret;
  /** What it was made of, so that another is told from it. */
  readonly sinceMs: number;
  /** When it is to be renewed, and when it ends; Infinity for one that does not. */
  readonly renewAtMs: number;
  readonly endsAtMs: number;
  readonly renewable: boolean;
}

/** A token that Vault refuses is not asked for anew sooner: whoever may not read a path would sign in each time. */
const LEAST_AGE_MS = 5_000;

/**
 * The token by which Vault knows us: written down, or given for a role. It is renewed when two thirds of its time are
 * over; one that can not be is asked for anew, where it was given. One at a time.
 */
export class VaultToken {
  readonly #ports: VaultTokenPorts;
  readonly #source: VaultSource;
  #held: Held | null = null;
  #pending: Promise<Result<Held, VaultFault>> | null = null;

  constructor(ports: VaultTokenPorts, source: VaultSource) {
    this.#ports = ports;
    this.#source = source;
  }

  /** A token that has not ended. */
  async current(): Promise<Result<Secret, VaultFault>> {
    const held = this.#held;
    const nowMs = this.#ports.clock.monotonic();
    if (held !== null && nowMs < held.renewAtMs) return ok(held.token);
    this.#pending ??= this.#next(held).finally(() => (this.#pending = null));
    const next = await this.#pending;
    if (next.ok) return ok(next.value.token);
    // It still holds for a third of its time, in which Vault may come back.
    return held !== null && nowMs < held.endsAtMs ? ok(held.token) : next;
  }

  /** Vault refused this one: it was revoked, or has ended early. Whether another may be tried. */
  refused(token: Secret): boolean {
    const held = this.#held;
    if (held === null || held.token !== token) return true;
    if (this.#ports.clock.monotonic() - held.sinceMs < LEAST_AGE_MS) return false;
    this.#held = null;
    return true;
  }

  async #next(held: Held | null): Promise<Result<Held, VaultFault>> {
    const renewed = held !== null && held.renewable ? await this.#renew(held.token) : null;
    const next = renewed?.ok === true ? renewed : await this.#begin();
    if (next.ok) this.#held = next.value;
    return next;
  }

  async #renew(token: Secret): Promise<Result<Held, VaultFault>> {
    const question = { method: 'POST', path: 'auth/token/renew-self', token: token.revealText(), body: {} } as const;
    const answer = await askVault(this.#ports, this.#source, question);
    return answer.ok ? this.#given(answer.value) : answer;
  }

  async #begin(): Promise<Result<Held, VaultFault>> {
    const { auth } = this.#source;
    const own = await this.#ports.own(auth.kind === 'approle' ? auth.secret : auth.token);
    if (!own.ok) return err({ reason: 'refused', words: own.error });
    const text = secretLine(own.value.reveal());
    if (!/^[\x21-\x7e]{1,16384}$/.test(text))
      return err({ reason: 'refused', words: 'what proves to it who asks holds what no header field can hold' });
    switch (auth.kind) {
      case 'token':
        return await this.#lookUp(text);
      case 'approle':
        return await this.#signIn(auth.mount, { role_id: auth.role, secret_id: text });
      case 'kubernetes':
        return await this.#signIn(auth.mount, { role: auth.role, jwt: text });
    }
  }

  async #signIn(mount: string, body: Readonly<Record<string, string>>): Promise<Result<Held, VaultFault>> {
    const question = { method: 'POST', path: `auth/${mount}/login`, token: null, body } as const;
    const answer = await askVault(this.#ports, this.#source, question);
    if (answer.ok) return this.#given(answer.value);
    const { reason } = answer.error;
    const isOurs = reason !== 'absent' && reason !== 'failing';
    return isOurs ? err({ reason: 'refused', words: `it does not let us in: ${answer.error.words}` }) : answer;
  }

  /** How long a token that was written down lives. */
  async #lookUp(token: string): Promise<Result<Held, VaultFault>> {
    const answer = await askVault(this.#ports, this.#source, { method: 'GET', path: 'auth/token/lookup-self', token });
    if (!answer.ok) return answer;
    const data = memberOf(answer.value, 'data');
    return ok(this.#heldFor(token, memberOf(data, 'ttl'), memberOf(data, 'renewable')));
  }

  #given(answer: VaultAnswer): Result<Held, VaultFault> {
    const auth = memberOf(answer, 'auth');
    const token = memberOf(auth, 'client_token');
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token))
      return err({ reason: 'failing', words: 'its answer holds no token' });
    return ok(this.#heldFor(token, memberOf(auth, 'lease_duration'), memberOf(auth, 'renewable')));
  }

  /** A time of 0 is that of a token that does not end; one that is no number ends at once. */
  #heldFor(token: string, seconds: unknown, renewable: unknown): Held {
    const nowMs = this.#ports.clock.monotonic();
    const isTime = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0;
    const livesMs = !isTime ? 0 : seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1_000;
    return {
      token: new Secret(new TextEncoder().encode(token)),
      sinceMs: nowMs,
      renewAtMs: nowMs + (livesMs * 2) / 3,
      endsAtMs: nowMs + livesMs,
      renewable: renewable === true,
    };
  }
}
