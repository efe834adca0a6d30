import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with who calls, and with what callers show for it. */
export const credentialProblems = {
  unauthenticated: {
    status: 401,
    title: 'Sign-in needed',
    cause: 'No credential, or none that is valid.',
    fix: 'Send a valid credential; WWW-Authenticate says of which kind.',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid token',
    cause:
      'The token is malformed, not signed by a trusted issuer, expired, not yet valid, or meant for somebody else.',
    fix: 'Get a new token from the issuer of this API.',
  },
  'invalid-api-key': {
    status: 401,
    title: 'Invalid API key',
    cause: 'The API key opens nothing here: it is not one of ours, or has ended, or is meant for something else.',
    fix: 'Send the key as it was given out, or ask the operator for another one.',
  },
  'keys-unavailable': {
    status: 503,
    title: 'Keys unavailable',
    cause: 'The keys of the token’s issuer could not be fetched, so nobody can say whether the token holds.',
    fix: 'Try again after a pause; the operator has been told.',
  },
  'revocations-unavailable': {
    status: 503,
    title: 'Revocations unavailable',
    cause: 'What was revoked could not be read, so nobody can say whether the credential still holds.',
    fix: 'Try again after a pause; the operator has been told.',
  },
  'introspection-unavailable': {
    status: 503,
    title: 'Introspection unavailable',
    cause: 'The issuer was asked about the token and did not say, so nobody knows whether it holds.',
    fix: 'Try again after a pause; the operator has been told.',
  },
  'credential-in-query': {
    status: 400,
    title: 'Credential in the query',
    cause:
      'The query of the request bears a token or an API key. Queries end up in logs and in histories, where others read them.',
    fix: 'Send the token in the field Authorization, and an API key there or in its own field.',
  },
  'several-credentials': {
    status: 400,
    title: 'Several credentials',
    cause: 'The request bears more than one credential, and they need not name the same caller.',
    fix: 'Send one.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    cause: 'The caller is known and has no right to this.',
    fix: 'Ask for the right.',
  },
  'insufficient-authentication': {
    status: 401,
    title: 'Stronger sign-in needed',
    cause: 'The caller is known, and has not signed in in the way, or as lately, as is asked here (RFC 9470).',
    fix: 'Sign in again as WWW-Authenticate says, and send the new token.',
  },
  'credential-unbound': {
    status: 401,
    title: 'Bound credential needed',
    cause: 'The credential holds, and is not bound to a key that the client has proved, as is asked here.',
    fix: 'Ask the issuer for a token that is bound by DPoP (RFC 9449) or to a client certificate (RFC 8705).',
  },
} as const satisfies Record<string, CatalogueEntry>;
