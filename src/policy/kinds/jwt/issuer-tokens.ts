import { err, ok, type Result } from '../../../base/index.ts';
import {
  type JwtFault,
  type KeyRow,
  KEYS_STALE_AFTER_MS,
  type UnverifiedJwt,
  verifyJwt,
} from '../../../credential/index.ts';
import type { TableVersion } from '../../../ports/index.ts';
import type { RoleTable } from '../../kind.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { IssuerConfig } from './config.ts';
import { principalOf } from '../../claims/principal-of.ts';
import { type TokenEnd, VerifiedTokens } from './verified-tokens.ts';

/** The keys of an issuer as they are now. `filledAtMs` is wall time; keys out of a file do not age. */
export type KeysAtHand = Pick<TableVersion<KeyRow>, 'rows' | 'filledAtMs'>;

/** Why a token of an issuer is not taken, or that its keys are not there to say. */
export type TokenRefusal = JwtFault | 'keys-unavailable';

const NO_KEYS: ReadonlyMap<string, KeyRow> = new Map();

/** One issuer's tokens, as one Snapshot judges them: by its profile, by its keys, and by the Snapshot's roles. */
export class IssuerTokens {
  readonly config: IssuerConfig;
  readonly #roles: RoleTable;
  readonly #keys: () => KeysAtHand;
  readonly #verified = new VerifiedTokens();

  constructor(config: IssuerConfig, roles: RoleTable, keys: () => KeysAtHand) {
    this.config = config;
    this.#roles = roles;
    this.#keys = keys;
  }

  /**
   * What was said of this very token before, if that still holds: its times are compared with `nowMs` each time, and
   * its key must be among the issuer's still. `end` is the token's.
   */
  remembered(token: string, end: TokenEnd, nowMs: number): AuthenticateVerdict | null {
    return this.#verified.find(token, end, this.#usableKeys(nowMs), nowMs)?.verdict ?? null;
  }

  /** Judges a token that has been read, and remembers it if it holds. `token` is its text. */
  judge(jwt: UnverifiedJwt, token: string, nowMs: number): Result<AuthenticateVerdict, TokenRefusal> {
    const rows = this.#usableKeys(nowMs);
    const verified = verifyJwt(jwt, this.config, rows, nowMs);
    if (!verified.ok) {
      const keysMissing = rows.size === 0 && verified.error === 'unknown-key';
      return err(keysMissing ? 'keys-unavailable' : verified.error);
    }
    const principal = principalOf(verified.value, this.config, this.#roles);
    if (!principal.ok) return principal;
    const verdict: AuthenticateVerdict = Object.freeze({ kind: 'identified', principal: principal.value });
    const { key, algorithm, validFromMs, validUntilMs } = verified.value;
    const named = { kid: jwt.header.kid, thumbprint: key.thumbprint, keyIssuer: key.issuer ?? null, algorithm };
    this.#verified.add({ token, verdict, ...named, validFromMs, validUntilMs });
    return ok(verdict);
  }

  /** Keys that could not be fetched for too long are none: the issuer may have withdrawn them since. */
  #usableKeys(nowMs: number): ReadonlyMap<string, KeyRow> {
    const { rows, filledAtMs } = this.#keys();
    return filledAtMs !== null && nowMs - filledAtMs <= KEYS_STALE_AFTER_MS ? rows : NO_KEYS;
  }
}
