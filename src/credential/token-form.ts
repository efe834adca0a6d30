/**
 * Whether a token of the field Authorization looks like a JWT, signed or encrypted: an object in base64url, and two dots at
 * least (RFC 7515 §7.1, RFC 7516 §7.1). It is taken in a wide sense: a JWT that is broken is a JWT still, and never shown
 * to a server that is asked about opaque tokens.
 */
export function looksLikeJwt(token: string): boolean {
  return /^e[w-z0-9_-][^.]*\.[^.]*\./.test(token);
}

/** A token as the field Authorization may bear one (RFC 6750 §2.1): b64token, of some length. */
export function isOpaqueToken(token: string): boolean {
  return token.length <= OPAQUE_LIMIT && /^[A-Za-z0-9._~+/-]+=*$/.test(token);
}

/** Issuers whose tokens are names of something give out less than a hundred characters; encrypted ones are as long as JWTs. */
const OPAQUE_LIMIT = 8 * 1_024;
