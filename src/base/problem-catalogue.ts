import { accessProblems } from './access-problems.ts';
import type { CatalogueEntry } from './catalogue-entry.ts';
import { credentialProblems } from './credential-problems.ts';
import { corsProblems } from './cors-problems.ts';
import { fileProblems } from './file-problems.ts';
import { framingProblems } from './framing-problems.ts';
import { graphqlProblems } from './graphql-problems.ts';
import { proofProblems } from './proof-problems.ts';
import { sessionProblems } from './session-problems.ts';
import { upgradeProblems } from './upgrade-problems.ts';

const target = {
  'malformed-target': {
    status: 400,
    title: 'Malformed request target',
    cause:
      'The target holds a byte outside the grammar of RFC 3986, a fragment or a backslash, or is of a form this method does not take.',
    fix: 'Percent-encode what is not allowed, and send origin-form: /path?query.',
    closes: true,
  },
  'malformed-escape': {
    status: 400,
    title: 'Malformed percent-encoding',
    cause: 'The target holds a % without two hexadecimal digits, an encoded control byte, or bytes that are not UTF-8.',
    fix: 'Encode UTF-8 bytes as %XX.',
    closes: true,
  },
  'encoded-separator': {
    status: 400,
    title: 'Encoded path separator',
    cause: 'The path holds %2F or %5C, which servers read in different ways.',
    fix: 'Send the value in the query.',
    closes: true,
  },
  'dot-segment': {
    status: 400,
    title: 'Dot segment in path',
    cause: 'The path holds . or .. as a segment, plain or encoded.',
    fix: 'Send the path you mean.',
    closes: true,
  },
  'empty-segment': {
    status: 400,
    title: 'Empty path segment',
    cause: 'The path holds // , which servers read in different ways.',
    fix: 'Send single slashes.',
    closes: true,
  },
  'path-parameter': {
    status: 400,
    title: 'Semicolon in path',
    cause: 'The path holds a semicolon, which some servers cut off with what follows.',
    fix: 'Send the value in the query, or encode it as %3B.',
    closes: true,
  },
  'invalid-host': {
    status: 400,
    title: 'Invalid host',
    cause: 'Host is missing, repeated, empty, or no host name with an optional port; or the target names another host.',
    fix: 'Send one Host field with the name of the API.',
    closes: true,
  },
} as const satisfies Record<string, CatalogueEntry>;

const routing = {
  'not-found': {
    status: 404,
    title: 'Not found',
    cause: 'No API names this path, or there is nothing under it that this caller may see.',
    fix: 'Compare the path with the description of the API, and the object with who is signed in.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    cause: 'The API names this path with other methods; Allow lists them. CONNECT and TRACE are never allowed.',
    fix: 'Use one of the methods in Allow.',
  },
  'misdirected-request': {
    status: 421,
    title: 'Misdirected request',
    cause:
      'No API answers for this host; or the connection was made for another host, whose clients are judged by other CAs, or before these were replaced.',
    fix: 'Send the host of the API you mean, over a connection of its own.',
  },
  'client-certificate-required': {
    status: 403,
    title: 'Client certificate required',
    cause: 'Clients of this host must show a certificate in the TLS handshake, and none was shown.',
    fix: 'Connect again with a certificate of a CA that the host trusts.',
    closes: true,
  },
  'client-certificate-refused': {
    status: 403,
    title: 'Client certificate refused',
    cause:
      'The certificate is of a CA that the host does not trust, is not valid now, is revoked, is not made for clients, or is of somebody who is not meant.',
    fix: 'Connect again with another certificate; the ledger has the reason.',
    closes: true,
  },
  'plain-http': {
    status: 403,
    title: 'Encryption needed',
    cause: 'The request came over plain http, and is more than a GET or HEAD without credentials.',
    fix: 'Use https. Replace a credential that was sent in clear.',
    closes: true,
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    cause: 'The body has a content type or coding that this operation does not take, or is not what its type says.',
    fix: 'Send one of the described content types, plain or in one of the codings that Accept-Encoding names.',
  },
  'not-acceptable': {
    status: 406,
    title: 'Not acceptable',
    cause: 'The Accept field excludes every media type that replies of this operation are described to have.',
    fix: 'Accept one of the described media types, or leave the field out.',
  },
  'invalid-parameters': {
    status: 400,
    title: 'Invalid parameters',
    cause: 'A parameter of the path, the query, a header or a cookie is missing, unknown, or not as it is described.',
    fix: 'Send the parameters as the description of the API says.',
  },
  'invalid-body': {
    status: 400,
    title: 'Invalid body',
    cause: 'The body is missing, or is not as the description of the API says.',
    fix: 'Send a body as described; properties that are not described are refused too.',
  },
  'unclean-content': {
    status: 400,
    title: 'Unclean content',
    cause:
      'A text of the request has to be cleaned before it is read, and that can not be done: it holds too much HTML or more combining marks in a row than any language has, is JSON to some readers only, or its name has brackets that do not match.',
    fix: 'Send a simpler text, under a name that all servers read alike.',
  },
  'rule-not-met': {
    status: 400,
    title: 'Rule not met',
    cause: 'The request breaks a rule of the API that a schema can not say, such as that an end lies behind its start.',
    fix: 'Send values that go together as the documentation of the API says.',
  },
  'invalid-grpc': {
    status: 400,
    title: 'Invalid gRPC call',
    cause:
      'The head is none of a gRPC call: not over HTTP/2, without `te: trailers`, with a bad `grpc-timeout`, a query, a Content-Encoding, or several of what stands once.',
    fix: 'Call by a gRPC library, over HTTP/2.',
  },
  'invalid-message': {
    status: 400,
    title: 'Invalid message',
    cause:
      'A message of a gRPC call is not as its descriptor says: a field that is not described, of another type, twice, missing, out of range, or against a rule.',
    fix: 'Send messages as the descriptors of the API say; the record says which field it is.',
  },
  'malformed-message': {
    status: 400,
    title: 'Malformed message',
    cause:
      'A message breaks the framing of its protocol: over gRPC a bad flag, a compressed message where no coding is named, a second one where one is due, or an end inside of one; over WebSocket a frame that RFC 6455 forbids, such as a compressed one.',
    fix: 'Send messages by a library of the protocol.',
  },
  'message-too-large': {
    status: 413,
    title: 'Message too large',
    cause:
      'A message is larger than this operation takes (over gRPC 4 MiB unless `body` says otherwise, over WebSocket 1 MiB unless `message` does).',
    fix: 'Send smaller messages, or raise the bound for this operation.',
  },
  'malformed-body': {
    status: 400,
    title: 'Malformed body',
    cause:
      'The body is not what its content type or its content coding says, has duplicate keys or bad UTF-8, or goes past a bound: depth 64, 10,000 keys, 250,000 elements, 1,000 form fields, numbers of 1,000 digits.',
    fix: 'Send a well-formed body.',
  },
} as const satisfies Record<string, CatalogueEntry>;

const upstream = {
  'upstream-unreachable': {
    status: 502,
    title: 'Upstream unreachable',
    cause: 'No connection to the API could be made, or it was cut before a reply came.',
    fix: 'See that the API runs and that `upstream` names it.',
  },
  'upstream-unavailable': {
    status: 503,
    title: 'Upstream unavailable',
    cause: 'The API has several targets, and none of them can be asked now.',
    fix: 'See in the log which targets failed, and why.',
  },
  'upstream-circuit-open': {
    status: 503,
    title: 'Upstream resting',
    cause: 'The API failed too often, so its circuit breaker lets nothing through for a while.',
    fix: 'Try again after a pause; see in the log why it failed.',
  },
  'upstream-tls': {
    status: 502,
    title: 'Upstream not trusted',
    cause:
      'The API did not prove its identity by a trusted certificate or a pinned key, did not agree to HTTP/2 where that is wanted, or refused the certificate of the gateway.',
    fix: 'Give the API a certificate for its name, or name its CA; with `protocol: h2` see that it speaks HTTP/2; see what it asks of its clients.',
  },
  'upstream-malformed-reply': {
    status: 502,
    title: 'Malformed upstream reply',
    cause: 'The reply breaks the grammar or the framing of RFC 9112 or RFC 9113, or its bounds.',
    fix: 'Mend the API; the log says what was wrong.',
  },
  'upstream-incomplete-reply': {
    status: 502,
    title: 'Incomplete upstream reply',
    cause: 'The API closed the connection before its reply was whole.',
    fix: 'Mend the API; the log says how far it came.',
  },
  'upstream-refused-body': {
    status: 502,
    title: 'Upstream reply refused',
    cause: 'A policy had to read the reply, and it was too large or not what its content type or content coding says.',
    fix: 'Make the reply smaller or well-formed.',
  },
  'upstream-reply-too-large': {
    status: 502,
    title: 'Upstream reply too large',
    cause: 'The reply of a third party is larger than its `size` allows. One that had begun is cut.',
    fix: 'Raise `size` for it, or ask it for less at a time.',
  },
  'upstream-reply-type': {
    status: 502,
    title: 'Upstream reply of another type',
    cause:
      'The reply of a third party has a content type that is not among its `types`, or a content coding that it was not asked for.',
    fix: 'Name the type under `types`, if it is meant; the log says what it was.',
  },
  'upstream-reply-undescribed': {
    status: 502,
    title: 'Upstream reply not described',
    cause: 'The reply has a status, a content type or a part that the OpenAPI document of the API does not describe.',
    fix: 'Describe it, or mend the API; the log says what it is. `undescribed` says what becomes of parts.',
  },
  'upstream-reply-invalid': {
    status: 502,
    title: 'Invalid upstream reply',
    cause: 'A header or the body of the reply is not as the OpenAPI document of the API describes it.',
    fix: 'Mend the API or its description; the log says where they differ.',
  },
  'reply-leaks': {
    status: 502,
    title: 'Reply withheld',
    cause: 'The reply holds what must not leave, such as a key, a token or the number of a card.',
    fix: 'Mend the API; the log says what it is, and where. `leaks` says what becomes of each class.',
  },
  'reply-fields-withheld': {
    status: 502,
    title: 'Fields withheld',
    cause:
      'The reply has fields that its caller may not see. Records of rules that only observe say so; the reply passes.',
    fix: 'Name the fields in `fields`, or take `fields` out of `observe` so that they are taken out.',
  },
  'upstream-refused-location': {
    status: 502,
    title: 'Upstream redirect refused',
    cause:
      'The reply sends clients on to an address that can be read in two ways, that runs code, or that is not among those that the API may lead to.',
    fix: 'Mend the address in Location or Refresh, or name its origin under `locations: { allow: … }`.',
  },
  'upstream-error': {
    status: 500,
    title: 'Upstream error',
    cause:
      'The API failed, or showed its inside in an error. Its status stays, from 400 to 599, and its body is replaced.',
    fix: 'Read the original with `portcullis errors show ID`, and mend the API.',
  },
  'upstream-timeout': {
    status: 504,
    title: 'Upstream too slow',
    cause: 'The API did not accept the connection within 3 s, did not reply in time, or stood still in its reply.',
    fix: 'Mend the API or raise `timeout` for it.',
  },
  'deadline-exceeded': {
    status: 504,
    title: 'Deadline exceeded',
    cause:
      'The reply did not begin within the `deadline` of the API or operation, or a call took longer than its `grpc-timeout`, or a stream longer than a day.',
    fix: 'Give the request more time, or begin the stream again.',
  },
  'nothing-stored': {
    status: 504,
    title: 'Nothing stored',
    cause: 'The request takes a stored reply only (`Cache-Control: only-if-cached`), and none is stored.',
    fix: 'Send it without `only-if-cached`.',
  },
  'upstream-overloaded': {
    status: 503,
    title: 'Upstream overloaded',
    cause:
      'All connections to the API, or all that one client network may have, are in use, and so is the queue for them.',
    fix: 'Try again after a pause.',
  },
} as const satisfies Record<string, CatalogueEntry>;

const gateway = {
  'groups-unavailable': {
    status: 503,
    title: 'Groups unavailable',
    cause: 'Groups of the caller could not be asked for, so nobody can say what it may do.',
    fix: 'Try again after a pause; the operator has been told.',
  },
  'owner-unavailable': {
    status: 503,
    title: 'Owner unavailable',
    cause: 'Nobody could say whose the object is that the request is about.',
    fix: 'Try again after a pause; the operator has been told.',
  },
  'access-denied': {
    status: 403,
    title: 'Access denied',
    cause: 'Whoever runs this service does not let this request in.',
    fix: 'Ask whoever runs it; the ledger has the reason.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    cause: 'A limit is used up; Retry-After says when it opens again.',
    fix: 'Wait, then try again.',
  },
  'under-maintenance': {
    status: 503,
    title: 'Under maintenance',
    cause: 'The operator has closed this API, or this operation, for a while.',
    fix: 'Come again after the time in Retry-After.',
  },
  'gateway-fault': {
    status: 503,
    title: 'Gateway fault',
    cause: 'A part of the protection failed, so the request was refused.',
    fix: 'See the alarm that names the part.',
  },
  'gateway-overloaded': {
    status: 503,
    title: 'Gateway overloaded',
    cause: 'The gateway has no room for another request.',
    fix: 'Try again after a pause.',
  },
  'not-recorded': {
    status: 503,
    title: 'Could not be recorded',
    cause: 'The ledger takes no records now, and no request is answered that could not be recorded.',
    fix: 'Free the ledger: look for a full disk.',
  },
} as const satisfies Record<string, CatalogueEntry>;

/** The catalogue itself; the documentation has a page section for each code, and a test holds the two together. */
export const problemCatalogue = {
  ...framingProblems,
  ...target,
  ...routing,
  ...upstream,
  ...upgradeProblems,
  ...fileProblems,
  ...corsProblems,
  ...accessProblems,
  ...proofProblems,
  ...graphqlProblems,
  ...credentialProblems,
  ...sessionProblems,
  ...gateway,
} as const;

/** A stable name for a refusal. */
export type ProblemCode = keyof typeof problemCatalogue;
