import type { CatalogueEntry } from './catalogue-entry.ts';

/** What is said of proofs of possession (RFC 9449, RFC 8705). */
export const proofProblems = {
  'invalid-proof': {
    status: 401,
    title: 'Invalid proof of possession',
    cause:
      'The token is bound to a key, and the DPoP field is missing, is there twice, was used before, does not hold, or was made for another request or token; or a proof came with a token that is bound to nothing.',
    fix: 'Send one new proof with each request, for its method, its URL and its token, signed with the key of the token.',
  },
  'proof-nonce-required': {
    status: 401,
    title: 'Nonce required in the proof of possession',
    cause:
      'The proof has no nonce or an old one, and the API wants one; or it was not made now, going by the time it tells.',
    fix: 'Make another proof with the nonce of the field DPoP-Nonce, and send the request again.',
  },
  'proofs-unavailable': {
    status: 503,
    title: 'Proofs can not be judged',
    cause: 'So many proofs of possession came lately that there is no room to tell whether this one was used before.',
    fix: 'Try again in some seconds. The counter portcullis_replays_full_total tells how often it happens.',
  },
  'too-many-proofs': {
    status: 429,
    title: 'Too many proofs',
    cause:
      'The caller made so many proofs of possession lately that it has taken its share of the room in which used ones are remembered.',
    fix: 'Wait as long as Retry-After says, and use one token from fewer places at once.',
  },
} as const satisfies Record<string, CatalogueEntry>;
