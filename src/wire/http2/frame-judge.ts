import { type Http2Fault, Setting } from './protocol.ts';

/** RFC 9218 §2.1. A client that sends it orders its streams by fields, which mean nothing to us. */
const NO_RFC7540_PRIORITIES = 0x9;
/** RFC 9113 §6.9.1. */
const LARGEST_WINDOW = 0x7fffffff;
/** RFC 9113 §6.5.2. */
const LEAST_FRAME_BYTES = 16_384;
const LARGEST_FRAME_BYTES = 16_777_215;

/**
 * What a stream is when a frame on it comes, as the server sees it (RFC 9113 §5.1). `half-closed`: the client has ended
 * its side. `ended`: both have. `reset-by-us`: we reset it, so that more of it may still be on its way; `refused`: so too,
 * before anything was done with it. `unknown`: below the newest stream, but never opened, or forgotten since. `even`: of
 * the side that is ours to open, which we never do.
 */
export type StreamState =
  | 'idle'
  | 'open'
  | 'half-closed'
  | 'ended'
  | 'reset-by-peer'
  | 'reset-by-us'
  | 'refused'
  | 'unknown'
  | 'even';

/** The frames whose meaning depends on the state of their stream. */
export type StreamFrame = 'headers' | 'data' | 'reset' | 'window-update';

/**
 * What becomes of a frame. `takes`: it is acted on; `opens`: it begins a stream; `drops`: nothing comes of it but a count;
 * `resets`: its stream ends by the fault; `ends`: the connection does.
 */
export type Judgement =
  | { readonly does: 'takes' | 'opens' | 'drops' }
  | { readonly does: 'resets' | 'ends'; readonly fault: Http2Fault };

const TAKES: Judgement = { does: 'takes' };
const OPENS: Judgement = { does: 'opens' };
const DROPS: Judgement = { does: 'drops' };
const CLOSED: Judgement = { does: 'resets', fault: 'stream-closed' };
const CLOSED_FOR_ALL: Judgement = { does: 'ends', fault: 'stream-closed' };
const WRONG_ID: Judgement = { does: 'ends', fault: 'stream-id' };
const IDLE: Judgement = { does: 'ends', fault: 'idle-stream' };

/** Frames about what we send: they may come as long as we do, and a little longer. */
const OF_OUR_SIDE: Readonly<Record<StreamState, Judgement>> = {
  idle: IDLE,
  open: TAKES,
  'half-closed': TAKES,
  ended: DROPS,
  'reset-by-peer': DROPS,
  'reset-by-us': DROPS,
  refused: DROPS,
  unknown: DROPS,
  even: IDLE,
};

/**
 * RFC 9113 §5.1 and §5.1.1, by frame and state. Where they leave a choice, the connection goes on if what the client did
 * may be no fault of it: a frame that met our RST_STREAM on its way, or one on a stream we no longer remember. HEADERS
 * there are a fault all the same, for they would be a message that nobody reads.
 */
const JUDGEMENTS: Readonly<Record<StreamFrame, Readonly<Record<StreamState, Judgement>>>> = {
  headers: {
    idle: OPENS,
    open: TAKES,
    'half-closed': CLOSED,
    ended: CLOSED_FOR_ALL,
    'reset-by-peer': CLOSED,
    'reset-by-us': DROPS,
    refused: DROPS,
    unknown: WRONG_ID,
    even: WRONG_ID,
  },
  data: {
    idle: IDLE,
    open: TAKES,
    'half-closed': CLOSED,
    ended: CLOSED,
    'reset-by-peer': CLOSED,
    'reset-by-us': DROPS,
    refused: DROPS,
    unknown: DROPS,
    even: IDLE,
  },
  reset: OF_OUR_SIDE,
  'window-update': OF_OUR_SIDE,
};

/** What a frame on a stream means, by what the stream is. Whether it is sound by itself has been judged before. */
export function judgeFrame(frame: StreamFrame, state: StreamState): Judgement {
  return JUDGEMENTS[frame][state];
}

/**
 * What a priority means (RFC 9113 §5.3.2, §6.3): nothing, unless it is unsound. Then the stream is reset where there is one
 * to reset, and the connection ends where there never was (§6.4: no RST_STREAM on an idle stream).
 */
export function judgePriority(
  streamId: number,
  dependsOn: number,
  soundLength: boolean,
  state: StreamState,
): Judgement {
  const fault: Http2Fault | null = !soundLength ? 'frame-size' : dependsOn === streamId ? 'self-dependency' : null;
  if (fault === null) return DROPS;
  if (state === 'idle' || state === 'even') return { does: 'ends', fault };
  return state === 'open' || state === 'half-closed' ? { does: 'resets', fault } : DROPS;
}

/** What stands against a setting of the client (RFC 9113 §6.5.2, RFC 9218 §2.1); null where nothing does. */
export function settingFault(id: number, value: number): Http2Fault | null {
  switch (id) {
    case Setting.enablePush:
    case NO_RFC7540_PRIORITIES:
      return value > 1 ? 'setting-value' : null;
    case Setting.initialWindowSize:
      return value > LARGEST_WINDOW ? 'window-overflow' : null;
    case Setting.maxFrameSize:
      return value < LEAST_FRAME_BYTES || value > LARGEST_FRAME_BYTES ? 'setting-value' : null;
    default:
      return null;
  }
}
