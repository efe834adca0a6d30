/**
 * The field that asks the client for a token of an API (RFC 6750 §3). The realm is the API's name, and there is always
 * one, since a challenge of this scheme has at least one parameter. `error` is given only where a token was sent (§3.1).
 * Names of APIs are lower-case letters, digits and hyphens, so that a quoted string needs no escape.
 */
export function bearerChallenge(
  api: string,
  error?: 'invalid_token' | 'insufficient_scope',
): readonly [readonly [name: string, value: string]] {
  const realm = `Bearer realm="${api}"`;
  return [['www-authenticate', error === undefined ? realm : `${realm}, error="${error}"`]];
}
