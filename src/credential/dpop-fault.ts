/**
 * Why a proof of possession is not taken, for logs and the ledger only.
 *
 * - `too-long`, `not-compact`, `encoding`, `json`: it is no compact JWS of strict JSON (RFC 7515 §7.1).
 * - `header`, `type`: it demands an extension, or is no `dpop+jwt`.
 * - `algorithm`: one that is not taken, or that its key is not for.
 * - `key`: it has no public key, or one that shows its private part, is too weak or broken.
 * - `binding`: the token is bound to another key.
 * - `claims`, `method`, `target`, `token-hash`: it lacks a claim, or was made for another request or token.
 * - `signature`: it does not hold.
 */
export type DpopFault =
  | 'too-long'
  | 'not-compact'
  | 'encoding'
  | 'json'
  | 'header'
  | 'type'
  | 'algorithm'
  | 'key'
  | 'binding'
  | 'claims'
  | 'method'
  | 'target'
  | 'token-hash'
  | 'signature';
