import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FLAG,
  FRAME,
  type Frame,
  frame,
  PREFACE,
  readFrames,
  requestBlock,
  SETTING,
  settings,
  windowUpdate,
} from './frames.ts';
import { OutputModel } from './output-model.ts';

const ASKED = frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, requestBlock('GET', '/'));
const GREETING = settings([]);
const HEAD = frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.from([0x88]));
const data = (bytes: number, flags = 0): Buffer => frame(FRAME.data, flags, 1, Buffer.alloc(bytes));

const judge = (sent: readonly Buffer[], got: readonly Buffer[]): readonly string[] =>
  new OutputModel(Buffer.concat([PREFACE, settings([]), ...sent])).judge(framesOf(got));

const framesOf = (bytes: readonly Buffer[]): readonly Frame[] => readFrames(Buffer.concat(bytes)).frames;

test('a reply within its windows is as it must be', () => {
  const whole = Array.from({ length: 4 }, (_, at) => data(16_384 - (at === 3 ? 1 : 0), at === 3 ? FLAG.endStream : 0));
  assert.deepEqual(judge([ASKED], [GREETING, HEAD, ...whole]), []);
});

test('what a server must not send is complained of', () => {
  const tooMuch = Array.from({ length: 4 }, () => data(16_384));
  assert.equal(judge([ASKED], [GREETING, HEAD, ...tooMuch]).length, 2, 'stream and connection');
  assert.equal(judge([ASKED, windowUpdate(1, 1)], [GREETING, HEAD, ...tooMuch]).length, 1, 'the connection');
  assert.deepEqual(judge([ASKED, windowUpdate(1, 1), windowUpdate(0, 1)], [GREETING, HEAD, ...tooMuch]), []);
  const wider = settings([[SETTING.initialWindowSize, 65_536]]);
  assert.deepEqual(judge([wider, ASKED, windowUpdate(0, 1)], [GREETING, HEAD, ...tooMuch]), []);
  assert.equal(judge([ASKED], [HEAD]).length, 1, 'no SETTINGS first');
  assert.equal(judge([], [GREETING, HEAD]).length, 1, 'never opened');
  assert.equal(judge([ASKED], [GREETING, HEAD, data(0, FLAG.endStream), data(0)]).length, 1, 'behind its end');
  assert.equal(judge([ASKED], [GREETING, HEAD, data(16_385)]).length, 1, 'too long');
  assert.equal(judge([ASKED], [GREETING, frame(5, 0, 1)]).length, 1, 'a push');
});
