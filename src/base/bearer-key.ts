import { err, ok, type Result } from './result.ts';

/**
 * A secret as a key that is sent as a bearer token (RFC 6750 §2.1): 32 to 256 characters of its grammar, a line break of
 * the file it stood in left out. The error repeats nothing of it.
 */
export function bearerKey(secret: Uint8Array): Result<string, string> {
  const text = Buffer.from(secret)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  return /^[A-Za-z0-9._~+/-]{32,256}={0,2}$/.test(text)
    ? ok(text)
    : err('a key has 32 to 256 characters of letters, digits and `._~+/-`; make one by `openssl rand -hex 32`');
}
