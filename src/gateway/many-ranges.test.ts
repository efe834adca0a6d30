import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PASS } from '../policy/index.ts';
import { fieldsOf, kindOf, startBench, step } from './fixture.test.ts';
import { dropManyRanges, RANGES_LIMIT } from './many-ranges.ts';

const ranges = (count: number): string =>
  Array.from({ length: count }, (_, at) => `${at * 10}-${at * 10 + 1}`).join(',');
const sent = (fields: ReturnType<typeof fieldsOf>): readonly string[] =>
  [...fields.kept()].map(([name]) => name).filter((name) => name.includes('range'));

test('as many ranges as may be pass, and one more are dropped with what belongs to them', () => {
  for (const [count, kept] of [
    [1, ['range', 'if-range', 'accept-ranges']],
    [RANGES_LIMIT, ['range', 'if-range', 'accept-ranges']],
    [RANGES_LIMIT + 1, ['accept-ranges']],
    [1_000, ['accept-ranges']],
  ] as const) {
    const fields = fieldsOf(['Range', `bytes=${ranges(count)}`], ['If-Range', '"a"'], ['accept-ranges', 'bytes']);
    assert.equal(dropManyRanges(fields), count > RANGES_LIMIT);
    assert.deepEqual(sent(fields), kept, `${count}`);
    assert.equal(fields.has('range'), true, 'what was sent stays readable');
  }
});

test('the old name counts too, also over several fields, and so do empty elements and other units', () => {
  const half = ranges(RANGES_LIMIT / 2);
  for (const lines of [
    [['request-range', `bytes=${ranges(17)}`]],
    [
      ['Request-Range', `bytes=${half}`],
      ['request-range', half],
      ['request-range', '5-6'],
    ],
    [['range', `bytes=0-1${','.repeat(RANGES_LIMIT)}`]],
    [['range', `pages=${ranges(17)}`]],
    [['range', ','.repeat(RANGES_LIMIT)]],
  ] as const) {
    const fields = fieldsOf(...lines);
    assert.equal(dropManyRanges(fields), true);
    assert.deepEqual(sent(fields), []);
  }
});

test('only commas are counted, whatever else stands there', () => {
  const text = fc.string({ unit: fc.constantFrom('0', '-', ',', '=', 'b', ' x'), maxLength: 60 });
  fc.assert(
    fc.property(text, (value) => {
      const expected = value.split(',').length > RANGES_LIMIT;
      assert.equal(dropManyRanges(fieldsOf(['range', `b${value}`])), expected);
    }),
  );
});

const ask = (count: number): string =>
  `GET /x HTTP/1.1\r\nhost: x.example\r\nrange: bytes=${ranges(count)}\r\nif-range: "a"\r\n\r\n`;

test('the upstream is not asked for many ranges, which is counted; it is asked for all', async (t) => {
  const bench = await startBench(t);
  assert.equal((await bench.ask(ask(RANGES_LIMIT))).status, 200);
  assert.match(bench.upstream.last.head, /range: bytes=0-1,10-11,/);
  assert.equal(bench.metrics.rangesDroppedCount, 0);
  assert.equal((await bench.ask(ask(RANGES_LIMIT + 1))).status, 200);
  assert.doesNotMatch(bench.upstream.last.head, /range/);
  assert.equal(bench.metrics.rangesDroppedCount, 1);
});

test('where a policy reads the reply, no range is asked for, and none is counted as too many', async (t) => {
  const reading = kindOf('p', { respond: step<'respond'>(() => PASS, { response: 'raw' }) });
  const bench = await startBench(t, { kinds: [reading] });
  for (const count of [1, RANGES_LIMIT + 1]) {
    await bench.ask(ask(count));
    assert.doesNotMatch(bench.upstream.last.head, /range/);
  }
  await bench.ask(`GET /x HTTP/1.1\r\nhost: x.example\r\nrequest-range: bytes=0-1\r\n\r\n`);
  assert.doesNotMatch(bench.upstream.last.head, /range/);
  assert.equal(bench.metrics.rangesDroppedCount, 0);
});
