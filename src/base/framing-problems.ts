import type { CatalogueEntry } from './catalogue-entry.ts';

/** Refusals of what can't be read as one request. */
export const framingProblems = {
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
  'malformed-pseudo-header': {
    status: 400,
    title: 'Malformed pseudo-header field',
    cause:
      'An HTTP/2 request lacks one of :method, :scheme and :path, has one twice, empty, unknown, or behind an ordinary field, or its method or path breaks the grammar (RFC 9113 §8.3). The stream is reset and gets no reply.',
    fix: 'Send each pseudo-header field once, before all other fields.',
  },
  'connection-specific-field': {
    status: 400,
    title: 'Connection-specific field',
    cause:
      'An HTTP/2 request has Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding or Upgrade, or a TE other than trailers (RFC 9113 §8.2.2). The stream is reset and gets no reply.',
    fix: 'Leave these fields out; HTTP/2 frames the body and the connection by itself.',
  },
  'content-length-mismatch': {
    status: 400,
    title: 'Body of another length than announced',
    cause:
      'The data of an HTTP/2 request is longer or shorter than its Content-Length says (RFC 9113 §8.1.1). The stream is reset and gets no reply.',
    fix: 'Send as many octets as Content-Length says, or leave the field out.',
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
  'malformed-forwarded': {
    status: 400,
    title: 'Malformed forwarding field',
    cause:
      'A trusted proxy sent a Forwarded or X-Forwarded-For whose entries, from the right, are not addresses up to the client, or that has more than 32 of them.',
    fix: 'Let the proxy write the address of its client, and drop what that sent under this name.',
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
    cause:
      'The body is larger than this operation takes (10 MiB unless `body` says otherwise), or a coded one holds more than that, than 10 MiB or than a hundred times its own size.',
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
