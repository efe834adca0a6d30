/**
 * Why a token is not taken, for logs and the ledger only: the client hears of none of it.
 *
 * - `too-long`, `not-compact`, `encrypted`, `encoding`, `json`: it is no compact JWS of strict JSON (RFC 7515 §7.1).
 * - `header`, `critical`, `algorithm`, `type`: its header is malformed, demands an extension, or names an algorithm or
 *   a kind of token that the issuer's profile does not have.
 * - `issuer`, `audience`, `subject`, `claims`: a claim is missing, malformed or not ours.
 * - `tenant`: it is of a tenant or domain of its issuer that is not let in.
 * - `profile`: a claim is missing that the issuer's profile demands (RFC 9068 §2.2).
 * - `expired`, `not-yet-valid`, `issued-in-future`, `lifetime`: its times.
 * - `token-kind`: an ID token, refresh token, logout token or the like, which gives no access.
 * - `sender-constrained`: it is bound to something (RFC 7800) that is not known here, so that nobody could check the proof.
 * - `unbound`: it is not bound as the tokens of its issuer have to be.
 * - `unknown-key`: the issuer's keys at hand have none of this name; newer ones may.
 * - `key-choice`: no single key is meant, or the key is not for this algorithm.
 * - `weak-key`: the key is too short, off its curve or otherwise broken.
 * - `signature`: it does not hold.
 */
export type JwtFault =
  | 'too-long'
  | 'not-compact'
  | 'encrypted'
  | 'encoding'
  | 'json'
  | 'header'
  | 'critical'
  | 'algorithm'
  | 'type'
  | 'issuer'
  | 'audience'
  | 'subject'
  | 'claims'
  | 'tenant'
  | 'profile'
  | 'expired'
  | 'not-yet-valid'
  | 'issued-in-future'
  | 'lifetime'
  | 'token-kind'
  | 'sender-constrained'
  | 'unbound'
  | 'unknown-key'
  | 'key-choice'
  | 'weak-key'
  | 'signature';
