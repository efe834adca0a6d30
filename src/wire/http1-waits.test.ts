import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http1Waits } from './http1-waits.ts';
import { SERVER_BOUNDS } from './server.ts';

const { headMs, keepAliveMs, idleMs } = SERVER_BOUNDS;
const SILENT = { begun: false, isFirst: false, drains: false };

function waits(): Http1Waits {
  return new Http1Waits(SERVER_BOUNDS, 0);
}

test('a first request is waited for as long as for a head, a further one as long as a connection is kept', () => {
  const first = { ...SILENT, isFirst: true };
  assert.equal(waits().judgeIdle(headMs, first), null);
  assert.equal(waits().judgeIdle(headMs + 1, first), 'idle');
  assert.equal(waits().judgeIdle(keepAliveMs, SILENT), null);
  assert.equal(waits().judgeIdle(keepAliveMs + 1, SILENT), 'idle');
});

test('a head that has begun is too slow, and not idle, whatever else holds', () => {
  for (const isFirst of [true, false]) {
    for (const drains of [true, false]) {
      assert.equal(waits().judgeIdle(headMs, { begun: true, isFirst, drains }), null);
      assert.equal(waits().judgeIdle(headMs + 1, { begun: true, isFirst, drains }), 'slow-head');
    }
  }
});

test('a connection that takes no further request waits half a second for one that may be on its way', () => {
  assert.equal(waits().judgeIdle(499, { ...SILENT, drains: true }), null);
  assert.equal(waits().judgeIdle(500, { ...SILENT, drains: true }), 'idle');
});

test('a wait counts from where it began', () => {
  const one = waits();
  one.begin(1_000);
  assert.equal(one.sinceMs, 1_000);
  assert.equal(one.judgeIdle(1_000 + keepAliveMs, SILENT), null);
  assert.equal(one.judgeIdle(1_001 + keepAliveMs, SILENT), 'idle');
});

test('a body has its grace from its own beginning, and the time in which nobody waits for it is not counted', () => {
  const one = waits();
  one.beginBody(100_000);
  assert.equal(one.isBodyTooSlow(0, true, 105_000), false);
  one.restBody(200_000);
  assert.equal(one.isBodyTooSlow(0, true, 200_000), false);
  assert.equal(one.isBodyTooSlow(0, true, 200_500), true);
  assert.equal(waits().isBodyTooSlow(0, false, 1_000_000), false);
});

test('a client is given up that takes nothing of what is sent, and one that only takes and is sent nothing', () => {
  const stuck = waits();
  assert.equal(stuck.isWriteOver(idleMs, { waiting: 1, flushed: 0 }, false), false);
  assert.equal(stuck.isWriteOver(idleMs + 1, { waiting: 1, flushed: 0 }, false), true);
  assert.equal(waits().isWriteOver(1_000_000, { waiting: 0, flushed: 0 }, false), false);
  assert.equal(waits().isWriteOver(500, { waiting: 0, flushed: 0 }, true), true);
});
