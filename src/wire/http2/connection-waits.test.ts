import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVER_BOUNDS } from '../server.ts';
import { type ConnectionSight, ConnectionWaits, type Overdue } from './connection-waits.ts';
import { HTTP2_BOUNDS } from './protocol.ts';

type Sight = { -readonly [Key in keyof ConnectionSight]: ConnectionSight[Key] };

/** A connection in which nothing is wrong, and its waits. */
function soundConnection() {
  const sight: Sight = {
    reader: { partial: 'nothing', wholeCount: 2 },
    sender: { isShut: false, sentBytes: 0 },
    streams: 1,
    lastId: 1,
    acknowledged: true,
    onlySends: false,
    waiting: 0,
    flushed: 0,
  };
  return { sight, waits: new ConnectionWaits({ ...SERVER_BOUNDS, ...HTTP2_BOUNDS }, 0) };
}

/** Looks at such a connection each half second until something is overdue. */
function watch(change: (sight: Sight, now: number) => void, endMs = 200_000): readonly [Overdue | null, number] {
  const { sight, waits } = soundConnection();
  for (let now = 500; now <= endMs; now += 500) {
    change(sight, now);
    const overdue = waits.judge(now, sight);
    if (overdue !== null) return [overdue, now];
  }
  return [null, endMs];
}

test('a connection with an open stream may wait for it as long as that takes', () => {
  assert.deepEqual(
    watch(() => {}),
    [null, 200_000],
  );
});

test('without streams a connection is idle, from when the last one was there or came', () => {
  assert.deepEqual(
    watch((sight) => (sight.streams = sight.lastId = 0)),
    ['idle', 10_500],
  );
  assert.deepEqual(
    watch((sight, now) => (sight.streams = now <= 5_000 ? 1 : 0)),
    ['idle', 65_500],
  );
  const quick = watch((sight, now) => {
    sight.streams = 0;
    if (now === 20_000) sight.lastId = 3;
  });
  assert.deepEqual(quick, ['idle', 80_500], 'one came and went between two looks');
});

test('a frame may take ten seconds, but for DATA, and frames that follow one another as long as they like', () => {
  for (const partial of ['preface', 'head', 'block', 'other'] as const) {
    const [overdue, now] = watch((sight) => (sight.reader = { partial, wholeCount: 2 }));
    assert.deepEqual([overdue, now], ['slow-frame', 11_000], partial);
    const moving = watch((sight, at) => (sight.reader = { partial, wholeCount: Math.floor(at / 9_500) }));
    assert.equal(moving[0], null, partial);
  }
  assert.equal(watch((sight) => (sight.reader = { partial: 'data', wholeCount: 2 }))[0], null);
});

test('a preface that never comes is slow ten seconds after the beginning', () => {
  const none = watch((sight) => {
    sight.reader = { partial: 'preface', wholeCount: 0 };
    sight.streams = sight.lastId = 0;
    sight.acknowledged = false;
  });
  assert.deepEqual(none, ['slow-frame', 10_500]);
});

test('settings are acknowledged within ten seconds', () => {
  assert.deepEqual(
    watch((sight, now) => (sight.acknowledged = now > 10_000)),
    [null, 200_000],
  );
  assert.deepEqual(
    watch((sight) => (sight.acknowledged = false)),
    ['settings-timeout', 10_500],
  );
});

test('who takes nothing is given up after half a minute; who has closed its side and is sent nothing, at once', () => {
  assert.deepEqual(
    watch((sight) => (sight.waiting = 100)),
    ['untaken', 30_500],
  );
  assert.equal(watch((sight, now) => ((sight.waiting = 100), (sight.flushed = now)))[0], null);
  assert.deepEqual(
    watch((sight, now) => (sight.onlySends = now > 5_000)),
    ['gone', 5_500],
  );
});

test('who closes its side is given half a second from then on, not from when it was looked at before', () => {
  const { sight, waits } = soundConnection();
  assert.equal(waits.judge(500, sight), null);
  waits.closedSide(990);
  sight.onlySends = true;
  assert.deepEqual(
    [waits.judge(1_000, sight), waits.judge(1_250, sight), waits.judge(1_500, sight)],
    [null, null, 'gone'],
  );
});

test('a window of the connection that stays shut, or opens by crumbs, stalls it; a pause of ours does not count', () => {
  const [overdue, now] = watch((sight) => (sight.sender = { isShut: true, sentBytes: 0 }));
  assert.equal(overdue, 'stalled');
  assert.ok(now > 5_000 && now < 8_000, `${now}`);
  assert.equal(watch((sight, at) => (sight.sender = { isShut: true, sentBytes: at / 10 }))[0], 'stalled');
  assert.equal(watch((sight, at) => (sight.sender = { isShut: true, sentBytes: at }))[0], null);
  const isShut = (at: number): boolean => at % 5_000 < 2_500;
  assert.equal(watch((sight, at) => (sight.sender = { isShut: isShut(at), sentBytes: 0 }))[0], 'stalled');
  assert.equal(watch((sight, at) => (sight.sender = { isShut: isShut(at), sentBytes: at }))[0], null);
  assert.equal(watch((sight, at) => (sight.sender = { isShut: at > 190_000, sentBytes: 65_535 }))[0], null);
});
