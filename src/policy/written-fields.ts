/** The names under which an upstream hears who is calling; a client's own never get there (docs/adr/0005). */
export const IDENTITY_FIELDS = ['x-portcullis-subject', 'x-portcullis-roles', 'x-portcullis-tenant'] as const;

const NAME = /^[a-z0-9!#$%&'*+.^`|~-]{1,256}$/;
const VALUE_LIMIT_CHARACTERS = 8_192;

/** What no policy may write: framing is the codec's, hop-by-hop fields end here (RFC 9110 §7.6.1), the id is the gateway's. */
const RESERVED = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'sec-websocket-accept',
  'te',
  'trailer',
  'via',
  'x-request-id',
];

/**
 * The fields that no policy may write, in lower case, by what they would stand in: an answer of the gateway's own, a
 * request on its way to an upstream, a reply on its way to a client.
 */
export const RESERVED_FIELDS: {
  readonly answers: ReadonlySet<string>;
  readonly requests: ReadonlySet<string>;
  readonly replies: ReadonlySet<string>;
} = {
  answers: new Set(RESERVED),
  // Besides, what the gateway itself says to upstreams of connection, trace and caller, and what would change how the body is sent.
  requests: new Set([
    ...RESERVED,
    'expect',
    'http2-settings',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'traceparent',
    'tracestate',
    ...IDENTITY_FIELDS,
  ]),
  // Besides, when a reply was made (RFC 9110 §6.6.1).
  replies: new Set([...RESERVED, 'date']),
};

/** Whether a text in lower case is a field's name (RFC 9110 §5.1). */
export function isFieldName(lower: string): boolean {
  return NAME.test(lower);
}

/** Whether a text may be a field's value: visible characters and obs-text, with spaces and tabs between them alone (RFC 9110 §5.5), 8,192 at most. */
export function isFieldValue(value: string): boolean {
  const { length } = value;
  if (length > VALUE_LIMIT_CHARACTERS) return false;
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at);
    if (code > SPACE && code < DELETE) continue;
    const blank = code === SPACE || code === TAB || code === NO_BREAK_SPACE;
    if (blank ? at === 0 || at === length - 1 : code <= DELETE || code > LAST_OCTET) return false;
  }
  return true;
}

const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;
const NO_BREAK_SPACE = 0xa0;
const LAST_OCTET = 0xff;
