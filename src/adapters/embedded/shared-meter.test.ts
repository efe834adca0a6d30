import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meterContract } from '../../ports/meter-contract.ts';
import { type AttachedMeter, createMeterReader, type SharedMeterReader } from './meter-reader.ts';
import { createSharedMeter, type MeterSeries, type SharedMeter } from './shared-meter.ts';

/** A meter as on a thread of its own: what it announces goes to the reader as a message would. */
function attach(reader: SharedMeterReader, cellLimit?: number): { meter: SharedMeter; attached: AttachedMeter } {
  const early: MeterSeries[] = [];
  let attached: AttachedMeter | null = null;
  const announce = (series: MeterSeries): void => {
    if (attached === null) early.push(series);
    else attached.announce(structuredClone(series));
  };
  const meter = createSharedMeter(cellLimit === undefined ? { announce } : { announce, cellLimit });
  attached = reader.attach(meter.buffer);
  for (const series of early) attached.announce(series);
  return { meter, attached };
}

meterContract('the meter in shared memory', () => {
  const reader = createMeterReader();
  return { meter: attach(reader).meter, reader };
});

function valueOf(reader: SharedMeterReader, series: string): number | null {
  const line = reader
    .exposition()
    .split('\n')
    .find((text) => text.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test('what several threads count is summed, though their cells lie in different places', () => {
  const reader = createMeterReader();
  const [one, two] = [attach(reader).meter, attach(reader).meter];
  two.gauge('portcullis_other', 'Shifts the cells');
  for (const [meter, amount] of [
    [one, 2],
    [two, 3],
  ] as const) {
    meter.counter('portcullis_a_total', 'A').add(amount);
    meter.gauge('portcullis_g', 'G').set(amount);
    meter.histogram('portcullis_h', 'H', [2]).observe(amount);
  }
  assert.equal(valueOf(reader, 'portcullis_a_total'), 5);
  assert.equal(valueOf(reader, 'portcullis_g'), 5);
  assert.equal(valueOf(reader, 'portcullis_h_bucket{le="2"}'), 1);
  assert.equal(valueOf(reader, 'portcullis_h_count'), 2);
});

test('what an ended thread counted stays in the sums, its gauges go', () => {
  const reader = createMeterReader();
  const { meter, attached } = attach(reader);
  meter.counter('portcullis_a_total', 'A').add(2);
  meter.gauge('portcullis_g', 'G').set(2);
  meter.histogram('portcullis_h', 'H', [2]).observe(1);
  attached.detach();
  attached.detach();
  meter.counter('portcullis_a_total', 'A').add(100);
  attach(reader).meter.counter('portcullis_a_total', 'A').add(1);
  assert.equal(valueOf(reader, 'portcullis_a_total'), 3);
  assert.equal(valueOf(reader, 'portcullis_g'), null);
  assert.equal(valueOf(reader, 'portcullis_h_sum'), 1);
});

test('series without room are counted', () => {
  const reader = createMeterReader();
  const { meter } = attach(reader, 4);
  for (let n = 0; n < 10; n++) meter.counter('portcullis_flood_total', 'Flood', { n: String(n) }).add(1);
  assert.equal(valueOf(reader, 'portcullis_meter_dropped_series_total'), 7);
  assert.equal(valueOf(reader, 'portcullis_flood_total{n="2"}'), 1);
  assert.equal(valueOf(reader, 'portcullis_flood_total{n="3"}'), null);
});

test('a thread that announces another kind under a known name is a bug and throws', () => {
  const reader = createMeterReader();
  attach(reader).meter.histogram('portcullis_h', 'H', [1]);
  assert.throws(() => attach(reader).meter.gauge('portcullis_h', 'H'), /two things/);
  assert.throws(() => attach(reader).meter.histogram('portcullis_h', 'H', [2]), /two things/);
});
