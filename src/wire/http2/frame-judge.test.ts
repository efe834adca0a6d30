import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judgeFrame,
  judgePriority,
  type Judgement,
  settingFault,
  type StreamFrame,
  type StreamState,
} from './frame-judge.ts';
import { ErrorCode, HTTP2_FAULTS, Setting } from './protocol.ts';

/** A judgement in a word: what it does, and for a fault what stands in RST_STREAM or GOAWAY. */
function told(judgement: Judgement): string {
  if (judgement.does !== 'resets' && judgement.does !== 'ends') return judgement.does;
  const { code } = HTTP2_FAULTS[judgement.fault];
  const name = Object.entries(ErrorCode).find(([, value]) => value === code)?.[0];
  return `${judgement.does === 'resets' ? 'RST' : 'GOAWAY'} ${name}`;
}

const STATES = [
  'idle',
  'open',
  'half-closed',
  'ended',
  'reset-by-peer',
  'reset-by-us',
  'refused',
  'unknown',
  'even',
] as const satisfies readonly StreamState[];

const PROTOCOL = 'GOAWAY protocolError';

/** Every cell, in the order of `STATES`, with the words of RFC 9113 that ask for it. */
const CELLS: Readonly<Record<StreamFrame, readonly (readonly [told: string, why: string])[]>> = {
  headers: [
    ['opens', '§5.1 idle: receiving HEADERS opens the stream'],
    ['takes', '§8.1: trailers'],
    ['RST streamClosed', '§5.1 half-closed (remote): stream error STREAM_CLOSED'],
    ['GOAWAY streamClosed', '§5.1 closed by END_STREAM: connection error STREAM_CLOSED'],
    ['RST streamClosed', '§5.1 closed by RST_STREAM received: stream error STREAM_CLOSED'],
    ['drops', '§5.1 closed by RST_STREAM sent: must be ignored'],
    ['drops', '§5.1 closed by RST_STREAM sent: must be ignored'],
    [PROTOCOL, '§5.1.1: numerically smaller than one that was used'],
    [PROTOCOL, '§5.1.1: clients use odd numbers'],
  ],
  data: [
    [PROTOCOL, '§5.1 idle: any frame but HEADERS or PRIORITY'],
    ['takes', '§6.1'],
    ['RST streamClosed', '§5.1 half-closed (remote)'],
    ['RST streamClosed', '§6.1: not open nor half-closed (local): stream error STREAM_CLOSED'],
    ['RST streamClosed', '§5.1 closed by RST_STREAM received'],
    ['drops', '§5.1 closed by RST_STREAM sent'],
    ['drops', '§5.1 closed by RST_STREAM sent'],
    ['drops', '§5.1: may have been reset by us, longer ago than is remembered'],
    [PROTOCOL, '§5.1 idle'],
  ],
  reset: [
    [PROTOCOL, '§6.4: on an idle stream'],
    ['takes', '§6.4'],
    ['takes', '§6.4'],
    ['drops', '§5.1 closed: may come for a short time'],
    ['drops', '§5.1 closed: may come for a short time'],
    ['drops', '§5.1 closed: may come for a short time'],
    ['drops', '§5.1 closed: may come for a short time'],
    ['drops', '§5.1 closed'],
    [PROTOCOL, '§6.4: on an idle stream'],
  ],
  'window-update': [
    [PROTOCOL, '§5.1 idle'],
    ['takes', '§6.9'],
    ['takes', '§6.9: half-closed (remote) still gets our DATA'],
    ['drops', '§6.9: may come behind END_STREAM, no error'],
    ['drops', '§5.1 closed'],
    ['drops', '§5.1 closed'],
    ['drops', '§5.1 closed'],
    ['drops', '§5.1 closed'],
    [PROTOCOL, '§5.1 idle'],
  ],
};

for (const [frame, cells] of Object.entries(CELLS)) {
  test(`${frame} in each state of its stream`, () => {
    assert.equal(cells.length, STATES.length);
    for (const [at, state] of STATES.entries()) {
      const [expected, why] = cells[at] ?? [];
      assert.equal(told(judgeFrame(frame as StreamFrame, state)), expected, `${state}: ${why}`);
    }
  });
}

test('a sound priority means nothing, whatever its stream is', () => {
  for (const state of STATES)
    for (const on of [0, 1, 5, 7]) assert.equal(judgePriority(3, on, true, state).does, 'drops');
});

test('a priority of a wrong length, or on itself, resets a stream that is there and ends a connection where none was', () => {
  const word = (dependsOn: number, sound: boolean) =>
    STATES.map((state) => told(judgePriority(3, dependsOn, sound, state)));
  const gone = ['drops', 'drops', 'drops', 'drops', 'drops'];
  const end = 'GOAWAY frameSizeError';
  const reset = 'RST frameSizeError';
  assert.deepEqual(word(0, false), [end, reset, reset, ...gone, end]);
  assert.deepEqual(word(3, false), [end, reset, reset, ...gone, end], 'the length is judged first');
  assert.deepEqual(word(3, true), [PROTOCOL, 'RST protocolError', 'RST protocolError', ...gone, PROTOCOL]);
});

test('settings are held to their values, each to its last and its first beyond', () => {
  const noOldPriorities = 0x9;
  const cases: readonly (readonly [id: number, sound: readonly number[], unsound: readonly number[], code: number])[] =
    [
      [Setting.enablePush, [0, 1], [2, 0xffffffff], ErrorCode.protocolError],
      [noOldPriorities, [0, 1], [2], ErrorCode.protocolError],
      [Setting.initialWindowSize, [0, 65_535, 0x7fffffff], [0x80000000, 0xffffffff], ErrorCode.flowControlError],
      [Setting.maxFrameSize, [16_384, 16_777_215], [0, 16_383, 16_777_216, 0xffffffff], ErrorCode.protocolError],
    ];
  for (const [id, sound, unsound, code] of cases) {
    for (const value of sound) assert.equal(settingFault(id, value), null, `${id}: ${value}`);
    for (const value of unsound) {
      const fault = settingFault(id, value);
      assert.ok(fault !== null, `${id}: ${value}`);
      assert.equal(HTTP2_FAULTS[fault].code, code);
      assert.notEqual(HTTP2_FAULTS[fault].scope, 'stream');
    }
  }
});

test('settings that mean nothing to us may have any value', () => {
  const { headerTableSize, maxConcurrentStreams, maxHeaderListSize, enableConnectProtocol } = Setting;
  for (const id of [0, headerTableSize, maxConcurrentStreams, maxHeaderListSize, enableConnectProtocol, 0x7, 0xffff])
    for (const value of [0, 1, 2, 0xffffffff]) assert.equal(settingFault(id, value), null, `${id}`);
});
