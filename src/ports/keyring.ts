import type { Result } from '../base/index.ts';

/** Encrypts what lies at rest. Each purpose has a key of its own, so that what was sealed for one never opens for another. */
export interface Keyring {
  /** AES-256-GCM under the newest key; `context` is bound to it and must be the same on opening. */
  seal(purpose: string, plain: Uint8Array, context: string): Uint8Array;
  /** Opens what this keyring sealed, also under earlier keys; anything else, or changed by a bit, is an error. */
  open(purpose: string, sealed: Uint8Array, context: string): Result<Uint8Array, string>;
  /** A keyed hash (HMAC-SHA-256) for pseudonyms and look-ups; the same for the same input, for the life of the keyring. */
  mac(purpose: string, message: Uint8Array): Uint8Array;
  /** Makes a new newest key; earlier ones still open. */
  rotate(): Promise<Result<void, string>>;
}
