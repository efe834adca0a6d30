/**
 * Decodes base64url without padding (RFC 4648 §5, RFC 7515 §2), or null. Each byte string has exactly one accepted
 * spelling: padding, white space, `+`, `/` and bits that are set behind the last byte are refused (RFC 4648 §3.5), or
 * one token could be written in many ways and slip past whatever remembers tokens by their text.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
