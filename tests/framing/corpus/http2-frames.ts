import { bytes } from '../case.ts';
import { blockFrames } from '../http2-lane/dress.ts';
import * as h2 from '../http2-lane/frames.ts';
import { type Field, integer, literals, plainString } from '../http2-lane/hpack.ts';
import type { FrameCase, StreamEnd } from '../http2-lane/lane-case.ts';

const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'api.test'],
  [':path', '/c'],
];
const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)];

const getOn = (id: number): Buffer => blockFrames(id, [literals(GET)], true);
const postOn = (id: number): Buffer => blockFrames(id, [literals(POST)], false);
/** A HEADERS frame of these flags besides the end of the block. */
const headers = (flags: number, id: number, payload: Buffer): Buffer =>
  h2.frame(h2.HEADERS, h2.END_HEADERS | flags, id, payload);
/** The beginning of a block that goes on. */
const begun = h2.frame(h2.HEADERS, h2.END_STREAM, 1, literals(GET.slice(0, 2)));
const zeros = (count: number): Buffer => Buffer.alloc(count);

/** The connection ends with this code, and nothing of what was sent is served. */
function ends(name: string, code: number, ...frames: readonly Buffer[]): FrameCase {
  return { name, bytes: Buffer.concat(frames), isBare: false, outcome: { kind: 'goaway', code } };
}

/** The same without preface and SETTINGS before it. */
function endsBare(name: string, ...frames: readonly Buffer[]): FrameCase {
  const outcome = { kind: 'goaway', code: h2.PROTOCOL_ERROR } as const;
  return { name: `preface: ${name}`, bytes: Buffer.concat(frames), isBare: true, outcome };
}

/** The connection goes on, and each stream ends in its own way. */
function goesOn(name: string, streams: readonly StreamEnd[], ...frames: readonly Buffer[]): FrameCase {
  return { name, bytes: Buffer.concat(frames), isBare: false, outcome: { kind: 'streams', streams } };
}

const served: readonly StreamEnd[] = [[1, 'served']];

const prefaces: readonly FrameCase[] = [
  endsBare('a request of HTTP/1.1', bytes('GET /c HTTP/1.1\r\nHost: api.test\r\n\r\n')),
  endsBare('another last octet', h2.PREFACE.subarray(0, 23), bytes('x'), h2.settings()),
  endsBare('another first octet', bytes('X'), h2.PREFACE.subarray(1), h2.settings()),
  endsBare('in lower case', bytes(h2.PREFACE.toString().toLowerCase()), h2.settings()),
  endsBare('no settings, a ping', h2.PREFACE, h2.frame(h2.PING, 0, 0, zeros(8))),
  endsBare('no settings, a request', h2.PREFACE, getOn(1)),
];

const places: readonly FrameCase[] = [
  ends('HEADERS on stream 0', h2.PROTOCOL_ERROR, getOn(0)),
  ends('DATA on stream 0', h2.PROTOCOL_ERROR, h2.frame(h2.DATA, 0, 0, bytes('hello'))),
  ends('RST_STREAM on stream 0', h2.PROTOCOL_ERROR, h2.frame(h2.RST_STREAM, 0, 0, h2.word(0))),
  ends('PRIORITY on stream 0', h2.PROTOCOL_ERROR, h2.frame(h2.PRIORITY, 0, 0, zeros(5))),
  ends('SETTINGS on a stream', h2.PROTOCOL_ERROR, h2.frame(h2.SETTINGS, 0, 1)),
  ends('PING on a stream', h2.PROTOCOL_ERROR, h2.frame(h2.PING, 0, 1, zeros(8))),
  ends('GOAWAY on a stream', h2.PROTOCOL_ERROR, h2.frame(h2.GOAWAY, 0, 1, zeros(8))),
  ends('a stream of the server', h2.PROTOCOL_ERROR, getOn(2)),
  ends('a stream below the last one', h2.PROTOCOL_ERROR, postOn(3), getOn(1)),
  ends('DATA on an idle stream', h2.PROTOCOL_ERROR, h2.frame(h2.DATA, h2.END_STREAM, 1, bytes('hello'))),
  ends('RST_STREAM on an idle stream', h2.PROTOCOL_ERROR, h2.frame(h2.RST_STREAM, 0, 1, h2.word(8))),
  ends('WINDOW_UPDATE on an idle stream', h2.PROTOCOL_ERROR, h2.frame(h2.WINDOW_UPDATE, 0, 1, h2.word(1))),
  ends('PUSH_PROMISE', h2.PROTOCOL_ERROR, postOn(1), h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, 1, h2.word(2))),
];

const blocks: readonly FrameCase[] = [
  ends('CONTINUATION of nothing', h2.PROTOCOL_ERROR, h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1, literals(GET))),
  ends('DATA inside a block', h2.PROTOCOL_ERROR, begun, h2.frame(h2.DATA, 0, 1, bytes('hello'))),
  ends('PING inside a block', h2.PROTOCOL_ERROR, begun, h2.frame(h2.PING, 0, 0, zeros(8))),
  ends('another request inside a block', h2.PROTOCOL_ERROR, begun, getOn(3)),
  ends('an unknown frame inside a block', h2.PROTOCOL_ERROR, begun, h2.frame(0x42, 0, 1)),
  ends('CONTINUATION of another stream', h2.PROTOCOL_ERROR, begun, h2.frame(h2.CONTINUATION, h2.END_HEADERS, 3)),
  ends('CONTINUATION behind the end', h2.PROTOCOL_ERROR, getOn(1), h2.frame(h2.CONTINUATION, h2.END_HEADERS, 1)),
  ends(
    'seventeen CONTINUATION frames',
    h2.ENHANCE_YOUR_CALM,
    begun,
    ...Array.from({ length: 17 }, () => h2.frame(h2.CONTINUATION, 0, 1, literals([['x', '1']]))),
  ),
  ends(
    'a block of more than 32 KiB',
    h2.ENHANCE_YOUR_CALM,
    blockFrames(1, [literals(GET), zeros(16_384), zeros(16_384)], true),
  ),
  ends('1,001 fields', h2.ENHANCE_YOUR_CALM, blockFrames(1, [literals(GET), zeros(0), Buffer.alloc(997, 0x82)], true)),
];

const block = (...octets: readonly Buffer[]): Buffer => headers(h2.END_STREAM, 1, Buffer.concat(octets));
const hpack = (name: string, ...octets: readonly Buffer[]): FrameCase =>
  ends(`HPACK: ${name}`, h2.COMPRESSION_ERROR, block(literals(GET), ...octets));
const named = Buffer.concat([Buffer.of(0), plainString('x')]);

const compressions: readonly FrameCase[] = [
  hpack('index 0', Buffer.of(0x80)),
  hpack('an index behind both tables', Buffer.of(0x80 | 62)),
  hpack('a name behind both tables', integer(62, 6, 0x40), plainString('1')),
  hpack('an index without an end', Buffer.of(0xff, 0x80)),
  hpack('an index beyond all numbers', Buffer.of(0xff, ...Array<number>(12).fill(0xff), 0x7f)),
  hpack('a name longer than the block', Buffer.of(0, 0x05, 0x78)),
  hpack('a value longer than the block', named, Buffer.of(0x02, 0x31)),
  hpack('no value', named),
  hpack('an end of the string in the code', named, Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff)),
  hpack('padding of zeros', named, Buffer.of(0x81, 0x00)),
  hpack('padding of a whole octet', named, Buffer.of(0x82, 0x0f, 0xff)),
  hpack('a new size behind a field', Buffer.of(0x20)),
  ends('HPACK: a size above the limit', h2.COMPRESSION_ERROR, block(integer(4_097, 5, 0x20), literals(GET))),
  ends('HPACK: three new sizes', h2.COMPRESSION_ERROR, block(Buffer.of(0x20, 0x20, 0x20), literals(GET))),
  ends('HPACK: a fault in trailers', h2.COMPRESSION_ERROR, postOn(1), headers(h2.END_STREAM, 1, Buffer.of(0x80))),
  ends('HPACK: a fault behind a refused field', h2.COMPRESSION_ERROR, block(literals([['x_', '1']]), Buffer.of(0x80))),
  goesOn('HPACK: two new sizes', served, block(Buffer.of(0x20), integer(4_096, 5, 0x20), literals(GET))),
];

const sizes: readonly FrameCase[] = [
  ends('a frame of 16,385 bytes', h2.FRAME_SIZE_ERROR, postOn(1), h2.frame(h2.DATA, 0, 1, zeros(16_385))),
  ends(
    'a head that announces 16 MiB',
    h2.FRAME_SIZE_ERROR,
    postOn(1),
    h2.announcing(0xffffff, h2.frame(h2.DATA, 0, 1)),
  ),
  ends('SETTINGS of five bytes', h2.FRAME_SIZE_ERROR, h2.frame(h2.SETTINGS, 0, 0, zeros(5))),
  ends('an acknowledgement that sets something', h2.FRAME_SIZE_ERROR, h2.frame(h2.SETTINGS, h2.ACK, 0, zeros(6))),
  ends('PING of seven bytes', h2.FRAME_SIZE_ERROR, h2.frame(h2.PING, 0, 0, zeros(7))),
  ends('RST_STREAM of three bytes', h2.FRAME_SIZE_ERROR, postOn(1), h2.frame(h2.RST_STREAM, 0, 1, zeros(3))),
  ends('WINDOW_UPDATE of five bytes', h2.FRAME_SIZE_ERROR, h2.frame(h2.WINDOW_UPDATE, 0, 0, zeros(5))),
  ends('GOAWAY of seven bytes', h2.FRAME_SIZE_ERROR, h2.frame(h2.GOAWAY, 0, 0, zeros(7))),
  ends(
    'DATA with more padding than it has',
    h2.PROTOCOL_ERROR,
    postOn(1),
    h2.frame(h2.DATA, h2.PADDED, 1, bytes('\x05hell')),
  ),
  ends('HEADERS with more padding than they have', h2.PROTOCOL_ERROR, headers(h2.PADDED, 1, bytes('\xffx'))),
];

const windows: readonly FrameCase[] = [
  ends('ENABLE_PUSH of 2', h2.PROTOCOL_ERROR, h2.settings([2, 2])),
  ends('a first window of 2^31', h2.FLOW_CONTROL_ERROR, h2.settings([4, 0x80000000])),
  ends('frames of 16,383 bytes at most', h2.PROTOCOL_ERROR, h2.settings([5, 16_383])),
  ends('frames of 2^24 bytes', h2.PROTOCOL_ERROR, h2.settings([5, 0x1000000])),
  ends('WINDOW_UPDATE of nothing', h2.PROTOCOL_ERROR, h2.frame(h2.WINDOW_UPDATE, 0, 0, h2.word(0))),
  ends('a window above 2^31-1', h2.FLOW_CONTROL_ERROR, h2.frame(h2.WINDOW_UPDATE, 0, 0, h2.word(0x7fffffff))),
];

const open = postOn(1);

const streams: readonly FrameCase[] = [
  goesOn('a stream opened and reset', [[1, 'gone']], getOn(1), h2.frame(h2.RST_STREAM, 0, 1, h2.word(h2.CANCEL))),
  goesOn(
    'WINDOW_UPDATE of nothing on a stream',
    [[1, h2.PROTOCOL_ERROR]],
    open,
    h2.frame(h2.WINDOW_UPDATE, 0, 1, zeros(4)),
  ),
  goesOn(
    'a stream window above 2^31-1',
    [[1, h2.FLOW_CONTROL_ERROR]],
    open,
    h2.frame(h2.WINDOW_UPDATE, 0, 1, h2.word(0x7fffffff)),
  ),
  goesOn('PRIORITY of four bytes', [[1, h2.FRAME_SIZE_ERROR]], open, h2.frame(h2.PRIORITY, 0, 1, zeros(4))),
  goesOn('trailers that do not end the stream', [[1, h2.PROTOCOL_ERROR]], open, headers(0, 1, literals([['x', '1']]))),
  goesOn('a second head', [[1, h2.PROTOCOL_ERROR]], open, headers(h2.END_STREAM, 1, literals(GET))),
  goesOn('DATA behind the end', [[1, h2.STREAM_CLOSED]], getOn(1), h2.frame(h2.DATA, 0, 1, bytes(`x`))),
  goesOn(
    'a stream that depends on itself',
    [[1, h2.PROTOCOL_ERROR]],
    headers(h2.END_STREAM | h2.PRIORITIZED, 1, Buffer.concat([h2.word(1), Buffer.of(0), literals(GET)])),
  ),
  goesOn(
    'a malformed request between two good ones',
    [
      [1, 'served'],
      [3, h2.PROTOCOL_ERROR],
      [5, 'served'],
    ],
    getOn(1),
    blockFrames(3, [literals([...GET, ['X', '1']])], true),
    getOn(5),
  ),
  goesOn(
    'a hundred and one streams at once',
    [...Array.from({ length: 100 }, (_, at): StreamEnd => [at * 2 + 1, 'served']), [201, h2.REFUSED_STREAM]],
    ...Array.from({ length: 101 }, (_, at) => getOn(at * 2 + 1)),
  ),
];

const harmless: readonly FrameCase[] = [
  goesOn('unknown frames', served, h2.frame(0x42, 0xff, 0, zeros(20)), getOn(1), h2.frame(0x43, 0, 1, zeros(5))),
  goesOn('unknown settings', served, h2.settings([0x4242, 1], [8, 1], [9, 1]), getOn(1)),
  goesOn('unknown flags', served, h2.frame(h2.HEADERS, 0xd0 | h2.END_HEADERS | h2.END_STREAM, 1, literals(GET))),
  goesOn('the reserved bit', served, h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, 0x80000001, literals(GET))),
  goesOn('PRIORITY on an idle stream', served, h2.frame(h2.PRIORITY, 0, 7, zeros(5)), getOn(1)),
  goesOn('empty CONTINUATION frames', served, blockFrames(1, [zeros(0), zeros(0), literals(GET), zeros(0)], true)),
  goesOn(
    'a ping, settings and windows',
    served,
    h2.frame(h2.PING, 0, 0, zeros(8)),
    h2.settings([1, 0], [4, 70_000]),
    getOn(1),
  ),
  goesOn(
    'DATA of padding only, then the end',
    served,
    open,
    h2.frame(h2.DATA, h2.PADDED, 1, bytes('\x02\0\0')),
    h2.frame(h2.DATA, h2.END_STREAM, 1),
  ),
  goesOn('skipped streams', [[7, 'served']], getOn(7)),
];

/** Frames that no library sends (RFC 9113 §4 to §6, RFC 7541), each on a connection of its own. */
export const frameCases: readonly FrameCase[] = [
  ...prefaces,
  ...places,
  ...blocks,
  ...compressions,
  ...sizes,
  ...windows,
  ...streams,
  ...harmless,
];
