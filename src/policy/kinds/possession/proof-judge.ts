import type { Problem } from '../../../base/index.ts';
import type { DpopProofs, HeldProof } from '../../../credential/index.ts';
import { REPLAYS_AHEAD_MS, type Replays } from '../../../ports/index.ts';
import type { Exchange } from '../../exchange.ts';
import { dpopRefusal } from '../../possession-refusal.ts';
import type { Principal } from '../../principal.ts';
import type { ToldOnce } from '../../told-once.ts';
import { type AuthenticateVerdict, deny, PASS } from '../../verdict.ts';
import { type AddressReaders, isAddressOf } from './address.ts';
import type { ProofPorts } from './proof-ports.ts';
import { oldNonce } from './renewed-nonce.ts';

/** A proof without a nonce is taken for so long after it was made (RFC 9449 §11.1). */
const PROOF_AGE_MS = 60_000;

const NO_ROOM: Problem = { code: 'proofs-unavailable', headers: [['retry-after', '5']] };
/** Until proofs count of which none have been used yet. */
const SHARE_TAKEN: Problem = { code: 'too-many-proofs', headers: [['retry-after', '30']] };

/** Whose token a proof goes with, and what that is bound to. */
interface Bound {
  readonly token: string;
  /** Of the key that the token is bound to. */
  readonly thumbprint: string;
  readonly principal: Principal;
}

/** Judges proofs of possession of the key that a token is bound to (RFC 9449 §4.3, §7.1, §9). */
export class ProofJudge {
  readonly #clock: ProofPorts['clock'];
  readonly #replays: Replays;
  readonly #alerts: ProofPorts['alerts'];
  readonly #told: ToldOnce;
  readonly #nonces: ProofPorts['proofs']['nonces'];
  readonly #proofs: DpopProofs;
  readonly #readers: AddressReaders;
  readonly #demandsNonce: boolean;

  constructor(given: {
    readonly ports: ProofPorts;
    readonly told: ToldOnce;
    readonly proofs: DpopProofs;
    readonly readers: AddressReaders;
    readonly nonce: 'off' | 'required';
  }) {
    this.#clock = given.ports.clock;
    this.#alerts = given.ports.alerts;
    this.#told = given.told;
    this.#replays = given.ports.proofs.replays;
    this.#nonces = given.ports.proofs.nonces;
    this.#proofs = given.proofs;
    this.#readers = given.readers;
    this.#demandsNonce = given.nonce === 'required';
  }

  /** Uses the proof up, if it holds. */
  judge(exchange: Exchange, { token, thumbprint, principal }: Bound): AuthenticateVerdict {
    const { request } = exchange;
    const [text, ...others] = request.headers.all('dpop');
    if (text === undefined) return this.#refuse(exchange, 'proof-missing');
    if (others.length > 0) return this.#refuse(exchange, 'proof-several');
    const isTarget = (address: string): boolean => isAddressOf(address, request, this.#readers);
    const held = this.#proofs.judge(text, { method: request.method, isTarget, token, thumbprint });
    if (!held.ok) return this.#refuse(exchange, `proof-${held.error}`);
    // Not the time at which the request came: it may have waited, and what is remembered is forgotten in time.
    const nowMs = this.#clock.now();
    const madeAtMs = this.#momentOf(held.value, nowMs);
    if (madeAtMs === null) return this.#askForNonce(exchange, held.value.nonce === null ? 'proof-time' : 'proof-nonce');
    const key = `${thumbprint}.${held.value.jti}`;
    switch (this.#replays.use({ key, source: sourceOf(principal), madeAtMs })) {
      case 'first':
        if (held.value.nonce !== this.#nonces.newest(nowMs)) exchange.slot(oldNonce).isOld = true;
        return PASS;
      case 'again':
        return this.#refuse(exchange, 'proof-replayed');
      case 'full':
        this.#tell('proofs', NO_ROOM_SAID);
        return deny(NO_ROOM, 'proof-room');
      case 'exceeded':
        this.#tell('proofs-of-one', SHARE_SAID);
        return deny(SHARE_TAKEN, 'proof-share');
    }
  }

  /**
   * When a proof was made: as its nonce says, or else as its maker says, who may have another clock. Null where that is not
   * now, or cannot be told: before this memory of replays began it may have been used already.
   */
  #momentOf({ nonce, issuedAtMs }: HeldProof, nowMs: number): number | null {
    if (nonce !== null) return this.#nonces.madeAtMs(nonce, nowMs);
    if (this.#demandsNonce || issuedAtMs < this.#replays.sinceMs) return null;
    const isNow = issuedAtMs >= nowMs - PROOF_AGE_MS && issuedAtMs <= nowMs + REPLAYS_AHEAD_MS;
    return isNow ? issuedAtMs : null;
  }

  #tell(key: string, message: string): void {
    if (this.#told.due(key) !== null) this.#alerts({ kind: 'attack.bounded', key, severity: 'medium', message });
  }

  #refuse({ operation }: Exchange, rule: string): AuthenticateVerdict {
    return deny(dpopRefusal('invalid-proof', operation.api, 'invalid_dpop_proof'), rule);
  }

  /** Whoever makes another proof with the nonce has the key now, whatever its clock says (RFC 9449 §8, §9). */
  #askForNonce({ operation }: Exchange, rule: string): AuthenticateVerdict {
    const { code, headers = [] } = dpopRefusal('proof-nonce-required', operation.api, 'use_dpop_nonce');
    const nonce = ['dpop-nonce', this.#nonces.newest(this.#clock.now())] as const;
    return deny({ code, headers: [...headers, nonce] }, rule);
  }
}

const NO_ROOM_SAID =
  'so many proofs of possession came that no more can be judged; they are refused until there is room';
const SHARE_SAID =
  'one caller made so many proofs of possession that it is refused, so that there is room for those of others; the ledger has who, by the rule proof-share';

/** Who takes room: keys cost nothing, but whom a token is of is said by the issuer. */
function sourceOf({ issuer, subject }: Principal): string {
  return `${issuer} ${subject}`;
}
