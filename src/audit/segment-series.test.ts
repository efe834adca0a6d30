import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDisk } from './fake-log.test.ts';
import { MOST_SEGMENT } from './line.ts';
import { RESERVE_BYTES } from './reserved-segment.ts';
import { SegmentSeries } from './segment-series.ts';

test('each segment has the next number, and its space is safe when it is given', async () => {
  const disk = new FakeDisk();
  const series = new SegmentSeries(disk, 7);
  for (const name of ['000000000008.log', '000000000009.log']) {
    const next = await series.prepare(1);
    assert.ok(next.ok);
    assert.deepEqual([next.value.file.name, next.value.freeBytes], [name, RESERVE_BYTES]);
    assert.equal(disk.remains('power cut').text(name), '\0'.repeat(RESERVE_BYTES));
  }
  assert.equal(series.newest, 9);
});

test('of a segment that finds no space nothing stays, and its number is free', async () => {
  const disk = new FakeDisk();
  disk.roomBytes = 100;
  const series = new SegmentSeries(disk, 0);
  const refused = await series.prepare(1);
  assert.ok(!refused.ok && refused.error.reason === 'full');
  assert.deepEqual([series.newest, disk.files.size], [0, 0]);
  disk.roomBytes = Number.POSITIVE_INFINITY;
  const next = await series.prepare(1);
  assert.equal(next.ok && next.value.file.name, '000000000001.log');
});

test('a number that somebody has is passed over, once for each try', async () => {
  const disk = new FakeDisk();
  disk.put('000000000001.log', 'of somebody else');
  const series = new SegmentSeries(disk, 0);
  const refused = await series.prepare(1);
  assert.ok(!refused.ok && refused.error.reason === 'exists');
  const next = await series.prepare(1);
  assert.equal(next.ok && next.value.file.name, '000000000002.log');
  assert.equal(disk.text('000000000001.log'), 'of somebody else');
});

test('behind the highest number there is none', async () => {
  const disk = new FakeDisk();
  const refused = await new SegmentSeries(disk, MOST_SEGMENT).prepare(1);
  assert.equal(!refused.ok && refused.error.detail, 'no segment can have a higher number');
  assert.equal(disk.files.size, 0);
});
