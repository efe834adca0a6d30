import { err, ok, type Result } from './result.ts';

const KEY_LEAST_BYTES = 16;
const PREFIX = Buffer.from('whsec_');

/**
 * The key that signs what is posted to a webhook (Standard Webhooks): a secret that begins with `whsec_` stands for the
 * bytes behind it in base64, any other is the key as it is. An HMAC takes any key, also an empty one, and whoever guesses
 * it can send alerts: fewer than 16 bytes are an error.
 */
export function webhookKey(secret: Uint8Array): Result<Uint8Array, string> {
  const bytes = Buffer.from(secret);
  const key = bytes.subarray(0, PREFIX.length).equals(PREFIX)
    ? Buffer.from(bytes.subarray(PREFIX.length).toString('latin1'), 'base64')
    : bytes;
  return key.length < KEY_LEAST_BYTES ? err(`the secret has fewer than ${KEY_LEAST_BYTES} bytes`) : ok(key);
}
