/** Frame types (RFC 9113 §6). Any other is unknown and without meaning (§4.1). */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags of frames (RFC 9113 §6). What a bit means depends on the frame's type; bits without a meaning there are ignored. */
export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Settings (RFC 9113 §6.5.2, RFC 8441 §3). Any other is ignored. */
export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
} as const;

/** Every window begins with so many octets until something else is said (RFC 9113 §6.9.2). */
export const FIRST_WINDOW_BYTES = 65_535;

/** Codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

interface FaultAnswer {
  /** What ends by it. `either`: the stream where the breach is of one stream, else the connection. */
  readonly scope: 'connection' | 'stream' | 'either';
  /** What RST_STREAM or GOAWAY says. */
  readonly code: (typeof ErrorCode)[keyof typeof ErrorCode];
}

/** Every reason for which we end a stream or a connection, as metrics and log name it. */
export const HTTP2_FAULTS = {
  /** The first octets are not the preface, or no SETTINGS stands behind them (RFC 9113 §3.4). */
  'bad-preface': { scope: 'connection', code: ErrorCode.protocolError },
  /** A frame of a stream on stream 0, or one of the connection on a stream (§6). */
  'wrong-stream': { scope: 'connection', code: ErrorCode.protocolError },
  /** Another frame between the pieces of a header block, or a CONTINUATION that continues none (§6.10). */
  'broken-block': { scope: 'connection', code: ErrorCode.protocolError },
  /** More padding than the frame has room for (§6.1, §6.2). */
  padding: { scope: 'connection', code: ErrorCode.protocolError },
  /** A PUSH_PROMISE: clients may send none, and we let no server (§6.6). */
  'push-promise': { scope: 'connection', code: ErrorCode.protocolError },
  /** A setting with a value that it can't have (§6.5.2). */
  'setting-value': { scope: 'connection', code: ErrorCode.protocolError },
  /** A new stream whose number is of the wrong side, or below one that was there (§5.1.1). */
  'stream-id': { scope: 'connection', code: ErrorCode.protocolError },
  /** A frame on a stream that nobody has opened (§5.1). */
  'idle-stream': { scope: 'connection', code: ErrorCode.protocolError },
  /** A frame on a stream whose sender has ended it (§5.1). */
  'stream-closed': { scope: 'either', code: ErrorCode.streamClosed },
  /** A stream that depends on itself (RFC 7540 §5.3.1). */
  'self-dependency': { scope: 'either', code: ErrorCode.protocolError },
  /** A frame too long, or of a length that its type can't have (RFC 9113 §4.2). Of the stream only for PRIORITY (§6.3). */
  'frame-size': { scope: 'either', code: ErrorCode.frameSizeError },
  /** A compressed header block too long or in too many pieces (§10.5.1). */
  'header-block': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  /** More fields in a block than are decoded. */
  'header-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  /** A block that breaks RFC 7541: nothing behind it can be read. */
  hpack: { scope: 'connection', code: ErrorCode.compressionError },
  /** More streams at once than were allowed (§5.1.2). */
  refused: { scope: 'stream', code: ErrorCode.refusedStream },
  /** A message that RFC 9113 §8 calls malformed. */
  malformed: { scope: 'stream', code: ErrorCode.protocolError },
  /** More or fewer octets of DATA than content-length says (§8.1.1). */
  'content-length-mismatch': { scope: 'stream', code: ErrorCode.protocolError },
  /** Trailers that are malformed, too long, or not the end of their stream (§8.1). */
  trailers: { scope: 'stream', code: ErrorCode.protocolError },
  /** More DATA than the window allows (§6.9.1). */
  'window-overrun': { scope: 'either', code: ErrorCode.flowControlError },
  /** A window opened beyond 2^31-1 (§6.9.1, §6.9.2). */
  'window-overflow': { scope: 'either', code: ErrorCode.flowControlError },
  /** A WINDOW_UPDATE of nothing (§6.9). */
  'window-zero': { scope: 'either', code: ErrorCode.protocolError },
  /** The peer doesn't take what it asked for. */
  stalled: { scope: 'either', code: ErrorCode.cancel },
  /** No memory is left for what the stream brings. DATA gets `enhanceYourCalm`: its request may be at work already. */
  memory: { scope: 'stream', code: ErrorCode.refusedStream },
  /** A preface, frame or header block was begun, and its end did not come. */
  'slow-frame': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  /** Our SETTINGS were not acknowledged (§6.5.3). */
  'settings-timeout': { scope: 'connection', code: ErrorCode.settingsTimeout },
  /** Too many streams opened and reset, by the peer or by its faults (CVE-2023-44487, CVE-2025-8671). */
  'reset-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  'settings-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  'ping-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  'priority-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  'window-update-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  /** DATA that is empty, or more padding than data. */
  'empty-data-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  'unknown-frame-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
  /** Frames on streams that are over. */
  'closed-stream-flood': { scope: 'connection', code: ErrorCode.enhanceYourCalm },
} as const satisfies Readonly<Record<string, FaultAnswer>>;

/** A reason for which we end a stream or a connection. */
export type Http2Fault = keyof typeof HTTP2_FAULTS;

/**
 * What an HTTP/2 connection allows its peer beside what holds for HTTP/1.1 too (`ServerBounds`, `HEAD_BOUNDS`,
 * `CHUNK_BOUNDS`). What lies beyond a bound is not read, kept or answered.
 */
export interface Http2Bounds {
  /** Payload of one frame. */
  readonly frameBytes: number;
  /** A compressed header block, all its pieces together, without padding. */
  readonly headerBlockBytes: number;
  /** Pieces of a header block behind its HEADERS. */
  readonly continuations: number;
  /** Fields that a header block names, whether they are kept or not. */
  readonly fieldsPerBlock: number;
  /** Cookie fields of a head, which become one (RFC 9113 §8.2.3). */
  readonly crumbs: number;
  /** Our decoder's dynamic table (RFC 7541 §4.1). */
  readonly tableBytes: number;
  readonly settingsPerFrame: number;
  /** Streams open at once. */
  readonly streams: number;
  /** The same of a client whose requests are being refused. */
  readonly hushedStreams: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Within it our SETTINGS are acknowledged. */
  readonly settingsAckMs: number;
  /** Between the two GOAWAY of a connection that is to end, where the PING between them is not answered. */
  readonly drainMs: number;
  /** Streams reset by the peer, or by us for a fault of it. */
  readonly resets: FrameAllowance;
  /** Frames that cost the peer nothing and bring nothing. */
  readonly chatter: FrameAllowance;
  /** So much more chatter is allowed for each HEADERS or DATA that we send: those are answered by some of it. */
  readonly chatterPerFrameSent: number;
  readonly settings: FrameAllowance;
  /** Memory that each connection has before it asks for a share of all. */
  readonly freeBytes: number;
  /** What it asks for and gives back at once. */
  readonly shareBytes: number;
  /** Heads of open streams, all together. */
  readonly headsBytes: number;
  /** What waits for the peer to take of all streams together: beyond it no request is begun. */
  readonly heldBytes: number;
}

interface FrameAllowance {
  /** At once. */
  readonly burst: number;
  readonly perSecond: number;
}

/** As docs/guide/operations.md says. */
export const HTTP2_BOUNDS: Http2Bounds = {
  // RFC 9113 §4.2: what every peer sends unless it is told otherwise. A longer one would let DATA hold up all streams.
  frameBytes: 16_384,
  // Twice the largest head as text: compression makes it shorter.
  headerBlockBytes: 32_768,
  // A block of that size needs one; peers that cut at 2 KiB fit too. Beyond it they only cost (CVE-2024-27316).
  continuations: 16,
  // Ten times what a head may have: the rest of a refused one still has to be decoded for the table.
  fieldsPerBlock: 1_000,
  // Browsers keep 180 cookies a site at most.
  crumbs: 200,
  // RFC 7541's default: no SETTINGS has to be acknowledged before the first block is read.
  tableBytes: 4_096,
  // Seven are defined.
  settingsPerFrame: 32,
  // RFC 9113 §6.5.2 recommends no less than 100.
  streams: 100,
  // Three times what browsers ask of a host at once over HTTP/1.1.
  hushedStreams: 20,
  // RFC 9113 §6.9.2: the default. It bounds what a body may bring that nobody reads yet.
  streamWindowBytes: 65_535,
  // Sixteen bodies at full pace; fifteen that are not read don't stop the others.
  connectionWindowBytes: 1_048_576,
  // Far beyond any round trip.
  settingsAckMs: 10_000,
  // A round trip: requests that were on their way are taken.
  drainMs: 1_000,
  // A page that is left resets all of its streams at once; going on at more than 20 a second is no browser.
  resets: { burst: 100, perSecond: 20 },
  // A window update and a ping for each of many streams at once.
  chatter: { burst: 1_000, perSecond: 100 },
  // A window update each for stream and connection, and twice that for peers that send them early.
  chatterPerFrameSent: 4,
  // One at the beginning; few peers ever send another.
  settings: { burst: 20, perSecond: 1 },
  // Usual connections never ask: one reply that is taken slowly fills a socket and one frame more, and a piece waits behind it.
  freeBytes: 147_456,
  // Large enough to be asked for seldom.
  shareBytes: 65_536,
  // Sixteen of the largest heads, or a hundred of 2.6 KB.
  headsBytes: 262_144,
  // Four times what goes to a socket at once.
  heldBytes: 262_144,
};
