/**
 * Every refusal a client can meet. `status` and `title` are what the client sees; `cause` and `fix` stand in the
 * documentation. `closes` marks what leaves the connection's framing in doubt: it is answered and never used again.
 * Codes are stable: they are never renamed and never reused.
 */
interface CatalogueEntry {
  readonly status: number;
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
  readonly closes?: true;
}

const framing = {
  'malformed-request-line': {
    status: 400,
    title: 'Malformed request line',
    cause: 'The first line is not METHOD SP TARGET SP HTTP/1.1 CRLF (RFC 9112 §3).',
    fix: 'Send exactly one space between the parts and end the line with CRLF.',
    closes: true,
  },
  'unsupported-http-version': {
    status: 400,
    title: 'Unsupported HTTP version',
    cause: 'The request line names a version other than HTTP/1.1 or HTTP/1.0, or none at all.',
    fix: 'Speak HTTP/1.1.',
    closes: true,
  },
  'malformed-header': {
    status: 400,
    title: 'Malformed header field',
    cause:
      'A field line is not NAME ":" VALUE with a token as its name: a space before the colon, a folded line, an empty name, no colon, or a forbidden byte (RFC 9112 §5).',
    fix: 'Send each field on one line, with no white space before the colon.',
    closes: true,
  },
  'malformed-header-value': {
    status: 400,
    title: 'Malformed header value',
    cause: 'A field value holds a control byte, NUL or a byte above 0x7e (RFC 9110 §5.5).',
    fix: 'Send visible ASCII, spaces and tabs only; encode anything else.',
    closes: true,
  },
  'bare-line-break': {
    status: 400,
    title: 'Bare line break',
    cause: 'A carriage return or a line feed stands alone where only CRLF ends a line (RFC 9112 §2.2).',
    fix: 'End every line with CRLF.',
    closes: true,
  },
  'underscore-in-header': {
    status: 400,
    title: 'Underscore in a header name',
    cause:
      'A field name holds an underscore, which many servers read as a hyphen, so that one field can pass for another.',
    fix: 'Use hyphens in header names.',
    closes: true,
  },
  'duplicate-header': {
    status: 400,
    title: 'Header sent twice',
    cause: 'A field that may stand only once (such as Authorization, Content-Type or Cookie) was sent more than once.',
    fix: 'Send it once.',
    closes: true,
  },
  'connection-names-protected-header': {
    status: 400,
    title: 'Connection names a protected header',
    cause: 'The Connection field lists a field that belongs to both ends, which would remove it on the way.',
    fix: 'List only hop-by-hop fields in Connection.',
    closes: true,
  },
  'length-and-chunked': {
    status: 400,
    title: 'Two kinds of framing',
    cause: 'Content-Length and Transfer-Encoding stand in one message (RFC 9112 §6.1).',
    fix: 'Send one of them.',
    closes: true,
  },
  'invalid-content-length': {
    status: 400,
    title: 'Invalid Content-Length',
    cause: 'Content-Length is repeated, or is not a plain decimal number without leading zeros below 2^53.',
    fix: 'Send the length once, in decimal digits.',
    closes: true,
  },
  'invalid-transfer-encoding': {
    status: 400,
    title: 'Invalid Transfer-Encoding',
    cause: 'Transfer-Encoding is anything but the one word chunked, is repeated, or stands in an HTTP/1.0 request.',
    fix: 'Use chunked alone, over HTTP/1.1.',
    closes: true,
  },
  'malformed-chunk': {
    status: 400,
    title: 'Malformed chunked body',
    cause: 'A chunk size, extension, line end or trailer breaks the grammar or its bounds (RFC 9112 §7.1).',
    fix: 'Send hexadecimal sizes of at most 16 digits, and CRLF after each chunk.',
    closes: true,
  },
  'incomplete-request': {
    status: 400,
    title: 'Incomplete request',
    cause: 'The client closed its side before the request was whole.',
    fix: 'Send the whole message before closing.',
    closes: true,
  },
  'unexpected-body': {
    status: 400,
    title: 'Unexpected body',
    cause: 'A GET or HEAD request has a body that its description does not mention.',
    fix: 'Send the data in the target, or use a method that takes a body.',
    closes: true,
  },
  'invalid-expect': {
    status: 400,
    title: 'Invalid Expect',
    cause: 'Expect is repeated, holds more than one expectation, or asks to continue without a body to send.',
    fix: 'Send Expect: 100-continue once, with a body, or not at all.',
    closes: true,
  },
  'expectation-failed': {
    status: 417,
    title: 'Unknown expectation',
    cause: 'Expect asks for something other than 100-continue (RFC 9110 §10.1.1).',
    fix: 'Leave Expect out.',
    closes: true,
  },
  'header-too-large': {
    status: 431,
    title: 'Header too large',
    cause: 'The head is larger than 16 KiB or has more than 100 fields.',
    fix: 'Send fewer or smaller header fields.',
    closes: true,
  },
  'target-too-long': {
    status: 414,
    title: 'Target too long',
    cause: 'The request target is longer than 8 KiB.',
    fix: 'Send long data in the body.',
    closes: true,
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    cause: 'The body is larger than this operation takes (10 MiB unless `body` says otherwise).',
    fix: 'Send less, or raise `body` for this API.',
    closes: true,
  },
  'request-timeout': {
    status: 408,
    title: 'Request took too long',
    cause: 'The head was not whole within 10 s, or the body stood still or came too slowly.',
    fix: 'Send the request without long pauses.',
    closes: true,
  },
} as const satisfies Record<string, CatalogueEntry>;

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
    cause: 'No API names this path.',
    fix: 'Compare the path with the description of the API.',
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
    cause: 'No API answers for this host.',
    fix: 'Send the host of the API you mean.',
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
    cause: 'The body has a content type or coding that this operation does not take.',
    fix: 'Send one of the described content types, uncompressed.',
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
  'malformed-body': {
    status: 400,
    title: 'Malformed body',
    cause:
      'The body is not what its content type says, has duplicate keys or bad UTF-8, or goes past a bound: depth 64, 10,000 keys, 250,000 elements, 1,000 form fields, numbers of 1,000 digits.',
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
  'upstream-tls': {
    status: 502,
    title: 'Upstream not trusted',
    cause: 'The API did not prove its identity by a trusted certificate.',
    fix: 'Give the API a certificate for its name, or name its CA.',
  },
  'upstream-malformed-reply': {
    status: 502,
    title: 'Malformed upstream reply',
    cause: 'The reply breaks the grammar or the framing of RFC 9112, or its bounds.',
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
    cause: 'A policy had to read the reply, and it was too large or not what its content type says.',
    fix: 'Make the reply smaller or well-formed.',
  },
  'upstream-timeout': {
    status: 504,
    title: 'Upstream too slow',
    cause: 'The API did not accept the connection within 3 s, did not reply in time, or stood still in its reply.',
    fix: 'Mend the API or raise `timeout` for it.',
  },
  'upstream-overloaded': {
    status: 503,
    title: 'Upstream overloaded',
    cause: 'All connections to the API are in use and the queue for them is full.',
    fix: 'Try again after a pause.',
  },
} as const satisfies Record<string, CatalogueEntry>;

const gateway = {
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
  'keys-unavailable': {
    status: 503,
    title: 'Keys unavailable',
    cause: 'The keys of the token’s issuer could not be fetched, so nobody can say whether the token holds.',
    fix: 'Try again after a pause; the operator has been told.',
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
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    cause: 'A limit is used up; Retry-After says when it opens again.',
    fix: 'Wait, then try again.',
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
export const problemCatalogue = { ...framing, ...target, ...routing, ...upstream, ...gateway } as const;

/** A stable name for a refusal. */
export type ProblemCode = keyof typeof problemCatalogue;
