import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DirectWriter } from '../direct-writer.ts';
import { FakeSocket } from '../fake-socket.test.ts';
import { ConnectionTalk } from './connection-talk.ts';
import { frame } from './frame-fixture.test.ts';
import { FrameType, HTTP2_BOUNDS, type Http2Fault } from './protocol.ts';

function talking() {
  const socket = new FakeSocket();
  const faults: Http2Fault[] = [];
  const sender = { worthyFrames: 0 };
  const writer = new DirectWriter(socket.socket, () => {});
  const talk = new ConnectionTalk({ bounds: HTTP2_BOUNDS, writer, sender, fail: (fault) => void faults.push(fault) });
  return { talk, faults, sender, written: () => (writer.flush(), socket.text) };
}

test('a ping is answered with what it holds, and settings with their acknowledgement', () => {
  const { talk, faults, written } = talking();
  talk.ping('abcdefgh');
  assert.equal(talk.settingsEnd(), true);
  assert.equal(written(), frame(FrameType.ping, 1, 0, 'abcdefgh') + frame(FrameType.settings, 1, 0));
  assert.deepEqual(faults, []);
});

test('settings beyond their measure end the connection, and are not answered', () => {
  const { talk, faults, written } = talking();
  for (let count = 0; count < 20; count++) assert.ok(talk.settingsEnd());
  const before = written();
  assert.equal(talk.settingsEnd(), false);
  assert.deepEqual([faults, written()], [['settings-flood'], before]);
  talk.refill(0);
  talk.refill(1_000);
  assert.ok(talk.settingsEnd(), 'time gives one a second');
});

test('what tips the measure of chatter is the reason, and DATA of ours make room for more', () => {
  const { talk, faults, sender } = talking();
  for (let count = 0; count < 1_000; count++) talk.chat('ping-flood');
  sender.worthyFrames = 1;
  for (let count = 0; count < 4; count++) talk.chat('ping-flood');
  talk.sentHead();
  for (let count = 0; count < 4; count++) talk.chat('ping-flood');
  assert.deepEqual(faults, []);
  talk.chat('priority-flood');
  assert.deepEqual(faults, ['priority-flood']);
});

test('our settings are acknowledged once each; more of that is chatter', () => {
  const { talk, faults } = talking();
  assert.equal(talk.acknowledged, false);
  talk.settingsAck();
  assert.equal(talk.acknowledged, true);
  talk.tellStreams(20);
  assert.equal(talk.acknowledged, false);
  talk.settingsAck();
  assert.equal(talk.acknowledged, true);
  for (let count = 0; count < 1_000; count++) talk.settingsAck();
  assert.deepEqual(faults, []);
  talk.settingsAck();
  assert.deepEqual(faults, ['settings-flood']);
});

test('resets beyond their measure end the connection', () => {
  const { talk, faults } = talking();
  for (let count = 0; count < 100; count++) talk.countReset();
  assert.deepEqual(faults, []);
  talk.countReset();
  assert.deepEqual(faults, ['reset-flood']);
});
