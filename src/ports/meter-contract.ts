import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Meter, MeterReader } from './meter.ts';

/** A meter, and the reader that sees what it counts. */
export interface MeterSubject {
  readonly meter: Meter;
  readonly reader: MeterReader;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?[0-9.e+-]+|\+Inf|NaN)$/;

/** The samples of an exposition by name and labels; fails on any line that breaks the text format 0.0.4. */
function samples(text: string): Map<string, number> {
  assert.ok(text === '' || text.endsWith('\n'));
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const [, name, labels, value] = SAMPLE.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, `not a sample: ${JSON.stringify(line)}`);
    const key = labels === undefined ? name : `${name}{${labels}}`;
    assert.ok(!found.has(key), `twice: ${key}`);
    found.set(key, Number(value));
  }
  return found;
}

/** What every Meter with its MeterReader promises. */
export function meterContract(name: string, makeSubject: () => MeterSubject): void {
  describe(`${name} keeps the contract of Meter`, () => {
    testCounting(makeSubject);
    testHistogram(makeSubject);
    testFormat(makeSubject);
    testMisuse(makeSubject);
  });
}

function testCounting(makeSubject: () => MeterSubject): void {
  test('a counter adds up, and is zero before', () => {
    const { meter, reader } = makeSubject();
    const counter = meter.counter('portcullis_requests_total', 'Requests');
    assert.equal(samples(reader.exposition()).get('portcullis_requests_total'), 0);
    counter.add(1);
    counter.add(2.5);
    assert.equal(samples(reader.exposition()).get('portcullis_requests_total'), 3.5);
  });

  test('a gauge has the value set last', () => {
    const { meter, reader } = makeSubject();
    const gauge = meter.gauge('portcullis_open_connections', 'Connections');
    for (const value of [5, -3, 7.25]) gauge.set(value);
    assert.equal(samples(reader.exposition()).get('portcullis_open_connections'), 7.25);
  });

  test('series differ by their labels, in whatever order these are given', () => {
    const { meter, reader } = makeSubject();
    const counter = (labels: Record<string, string>) => meter.counter('portcullis_requests_total', 'Requests', labels);
    counter({ api: 'orders', code: '200' }).add(1);
    counter({ code: '200', api: 'orders' }).add(1);
    counter({ api: 'orders', code: '404' }).add(5);
    const found = samples(reader.exposition());
    assert.equal(found.get('portcullis_requests_total{api="orders",code="200"}'), 2);
    assert.equal(found.get('portcullis_requests_total{api="orders",code="404"}'), 5);
  });

  test('amounts that are negative or no finite number spoil nothing', () => {
    const { meter, reader } = makeSubject();
    const counter = meter.counter('portcullis_requests_total', 'Requests');
    const gauge = meter.gauge('portcullis_open', 'Open');
    const histogram = meter.histogram('portcullis_time_seconds', 'Time', [1]);
    counter.add(2);
    gauge.set(2);
    histogram.observe(2);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      counter.add(value);
      gauge.set(value);
      histogram.observe(value);
    }
    counter.add(-1);
    const found = samples(reader.exposition());
    assert.equal(found.get('portcullis_requests_total'), 2);
    assert.equal(found.get('portcullis_open'), 2);
    assert.equal(found.get('portcullis_time_seconds_sum'), 2);
  });
}

function testHistogram(makeSubject: () => MeterSubject): void {
  test('buckets are cumulative, bounds belong to their bucket, and +Inf, sum and count close the series', () => {
    const { meter, reader } = makeSubject();
    const histogram = meter.histogram('portcullis_time_seconds', 'Time', [0.1, 1, 10], { api: 'a' });
    for (const value of [0, 0.1, 0.5, 1, 2, 100]) histogram.observe(value);
    const lines = reader
      .exposition()
      .split('\n')
      .filter((line) => line.startsWith('portcullis_time_seconds'));
    assert.deepEqual(lines, [
      'portcullis_time_seconds_bucket{api="a",le="0.1"} 2',
      'portcullis_time_seconds_bucket{api="a",le="1"} 4',
      'portcullis_time_seconds_bucket{api="a",le="10"} 5',
      'portcullis_time_seconds_bucket{api="a",le="+Inf"} 6',
      'portcullis_time_seconds_sum{api="a"} 103.6',
      'portcullis_time_seconds_count{api="a"} 6',
    ]);
  });

  test('a histogram agrees with counting by hand', () => {
    const bounds = [1, 5, 25];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 50 }), (values) => {
        const { meter, reader } = makeSubject();
        const histogram = meter.histogram('portcullis_size_bytes', 'Size', bounds);
        for (const value of values) histogram.observe(value);
        const found = samples(reader.exposition());
        for (const bound of bounds) {
          const expected = values.filter((value) => value <= bound).length;
          assert.equal(found.get(`portcullis_size_bytes_bucket{le="${bound}"}`), expected);
        }
        assert.equal(found.get('portcullis_size_bytes_count'), values.length);
      }),
      { numRuns: 30 },
    );
  });
}

function testFormat(makeSubject: () => MeterSubject): void {
  test('each family has its HELP and TYPE once, before its samples, and its samples together', () => {
    const { meter, reader } = makeSubject();
    meter.counter('portcullis_a_total', 'First', { x: '1' });
    meter.gauge('portcullis_b', 'Second');
    meter.counter('portcullis_a_total', 'First', { x: '2' });
    const lines = reader.exposition().split('\n');
    const at = lines.indexOf('# HELP portcullis_a_total First');
    assert.deepEqual(lines.slice(at, at + 4), [
      '# HELP portcullis_a_total First',
      '# TYPE portcullis_a_total counter',
      'portcullis_a_total{x="1"} 0',
      'portcullis_a_total{x="2"} 0',
    ]);
    assert.equal(lines.filter((line) => line.startsWith('# HELP portcullis_a_total')).length, 1);
  });

  test('text in help and labels cannot leave its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const { meter, reader } = makeSubject();
        meter.counter('portcullis_a_total', value, { x: value }).add(1);
        const text = reader.exposition();
        const names = [...samples(text).keys()].filter((key) => key.startsWith('portcullis_a_total'));
        assert.equal(names.length, 1);
        assert.equal(text.split('\n').filter((line) => line.includes('portcullis_a_total')).length, 3);
      }),
    );
    const { meter, reader } = makeSubject();
    meter.counter('portcullis_a_total', 'a\\b\n"c"', { x: 'a\\b\n"c"' });
    assert.ok(reader.exposition().includes('# HELP portcullis_a_total a\\\\b\\n"c"\n'));
    assert.ok(reader.exposition().includes('{x="a\\\\b\\n\\"c\\""}'));
  });
}

function testMisuse(makeSubject: () => MeterSubject): void {
  test('a malformed name, label or bound, or one name for two things, is a bug and throws', () => {
    const { meter } = makeSubject();
    for (const bad of [
      '',
      'requests_total',
      'portcullis_',
      'portcullis_A_total',
      'portcullis_a b_total',
      'portcullis_a',
    ]) {
      assert.throws(() => meter.counter(bad, ''), bad);
    }
    assert.throws(() => meter.gauge('portcullis_a_total', ''));
    for (const label of ['', '1a', 'le', '__name__', 'a-b', 'a"']) {
      assert.throws(() => meter.gauge('portcullis_g', '', { [label]: 'x' }), label);
    }
    for (const bounds of [[], [1, 1], [2, 1], [Number.NaN], [1, Number.POSITIVE_INFINITY]]) {
      assert.throws(() => meter.histogram('portcullis_h', '', bounds), String(bounds));
    }
    meter.histogram('portcullis_h', 'Help', [1]);
    assert.throws(() => meter.histogram('portcullis_h', 'Help', [2]));
    assert.throws(() => meter.gauge('portcullis_h', 'Help'));
    assert.throws(() => meter.histogram('portcullis_h', 'Help', [1], { other: 'labels' }));
  });

  test('series without end are cut off, and the rest goes on counting', () => {
    const { meter, reader } = makeSubject();
    const first = meter.counter('portcullis_first_total', 'First');
    for (let n = 0; n < 20_000; n++) meter.counter('portcullis_flood_total', 'Flood', { n: String(n) }).add(1);
    first.add(1);
    const found = samples(reader.exposition());
    assert.ok(found.size < 20_000, String(found.size));
    assert.equal(found.get('portcullis_first_total'), 1);
  });
}
