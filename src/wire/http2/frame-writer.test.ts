import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filler, newReading, SETTINGS, type Told } from './frame-fixture.test.ts';
import {
  frameHead,
  goaway,
  headerFrames,
  ping,
  pingAck,
  rstStream,
  SETTINGS_ACK,
  settings,
  windowUpdate,
} from './frame-writer.ts';
import { ErrorCode, Flag, FrameType, Setting } from './protocol.ts';

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** What the other side is told of these octets. */
function told(text: string): readonly Told[] {
  const { events, reader, read } = newReading('client');
  read(SETTINGS + text);
  assert.equal(reader.partial, 'nothing');
  return events.told.slice(1);
}

test('a frame head is nine octets in network order', () => {
  assert.equal(hex(frameHead(0, 0, 0, 0)), '000000000000000000');
  assert.equal(hex(frameHead(0x010203, 0x04, 0x05, 0x06070809)), '010203040506070809');
  assert.equal(hex(frameHead(0xffffff, 0xff, 0xff, 0x7fffffff)), 'ffffffffff7fffffff');
  assert.equal(hex(frameHead(16_384, FrameType.data, Flag.endStream, 1)), '004000000100000001');
});

test('each frame is what RFC 9113 §6 says', () => {
  assert.equal(hex(rstStream(0x7fffffff, ErrorCode.http11Required)), '0000040300' + '7fffffff' + '0000000d');
  assert.equal(hex(goaway(0x7fffffff, ErrorCode.noError)), '0000080700' + '00000000' + '7fffffff' + '00000000');
  assert.equal(hex(SETTINGS_ACK), '000000040100000000');
  assert.equal(hex(settings([])), '000000040000000000');
  const pairs = [
    [Setting.maxConcurrentStreams, 100],
    [0xfffe, 0xffffffff],
  ] as const;
  assert.equal(hex(settings(pairs)), '00000c040000000000' + '000300000064' + 'fffeffffffff');
  assert.equal(hex(ping('\0\x7f\x80\xff1234')), '000008060000000000' + '007f80ff31323334');
  assert.equal(hex(pingAck('\0\x7f\x80\xff1234')), '000008060100000000' + '007f80ff31323334');
  assert.equal(hex(windowUpdate(0, 1)), '000004080000000000' + '00000001');
  assert.equal(hex(windowUpdate(5, 0x7fffffff)), '000004080000000005' + '7fffffff');
});

test('a header block is one HEADERS while it fits, and exactly as many frames as it needs where not', () => {
  const lengths = (blockBytes: number): number[] => {
    const text = headerFrames(1, filler(blockBytes), false, 100);
    const found: number[] = [];
    for (let at = 0; at < text.length; at += 9 + (found.at(-1) ?? 0)) found.push(text.charCodeAt(at + 2));
    return found;
  };
  assert.deepEqual(lengths(0), [0]);
  assert.deepEqual(lengths(99), [99]);
  assert.deepEqual(lengths(100), [100]);
  assert.deepEqual(lengths(101), [100, 1]);
  assert.deepEqual(lengths(200), [100, 100]);
  assert.deepEqual(lengths(201), [100, 100, 1]);
});

test('END_STREAM stands in HEADERS and END_HEADERS in the last frame only', () => {
  const flags = (text: string): number[] => [text.charCodeAt(4), text.charCodeAt(9 + 4 + 4)];
  assert.equal(headerFrames(3, 'abcd', true, 4).charCodeAt(4), Flag.endStream | Flag.endHeaders);
  assert.equal(headerFrames(3, 'abcd', false, 4).charCodeAt(4), Flag.endHeaders);
  assert.deepEqual(flags(headerFrames(3, 'abcde', true, 4)), [Flag.endStream, Flag.endHeaders]);
  assert.deepEqual(flags(headerFrames(3, 'abcdefghi', true, 4)), [Flag.endStream, 0]);
});

test('what is written is what a reader is told', () => {
  const words = fc.integer({ min: 0, max: 0xffffffff });
  const ids = fc.integer({ min: 1, max: 0x7fffffff });
  const opaques = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const blocks = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(ids, words, opaques, fc.tuple(blocks, fc.boolean()), (id, code, opaque, [block, endStream]) => {
      assert.deepEqual(
        told(
          rstStream(id, code) +
            goaway(id, code) +
            settings([[code & 0xffff, code]]) +
            SETTINGS_ACK +
            ping(opaque) +
            pingAck(opaque) +
            windowUpdate(id, id) +
            headerFrames(id, block, endStream, 7),
        ),
        [
          ['reset', id, code],
          ['goaway', id, code],
          ['setting', code & 0xffff, code],
          ['settingsEnd'],
          ['settingsAck'],
          ['ping', opaque],
          ['pingAck', opaque],
          ['windowUpdate', id, id],
          ['headerBlock', id, endStream, -1, block],
        ],
      );
    }),
  );
});
