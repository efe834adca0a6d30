import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf, type Sample, takeSample } from './samples.ts';

const FLAT: Omit<Sample, 'minute'> = { rssMb: 300, mainHeapMb: 40, gatewayHeapMb: 30, descriptors: 100, threads: 13 };

/** Ten minutes of samples. */
function samples(of: (minute: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 60 }, (_, at) => ({ ...FLAT, minute: at / 6, ...of(at / 6) }));
}

const grown = (list: readonly Sample[]): string[] => growthOf(list).flatMap(({ name, flat }) => (flat ? [] : [name]));

test('memory that goes up and down is flat, and so is what happens while caches fill', () => {
  assert.deepEqual(grown(samples((minute) => ({ rssMb: 300 + 20 * Math.sin(minute * 40) }))), []);
  assert.deepEqual(grown(samples((minute) => (minute < 1 ? { rssMb: 50, descriptors: 10, threads: 2 } : {}))), []);
});

test('what grows with the minutes is told, each by its name', () => {
  assert.deepEqual(grown(samples((minute) => ({ rssMb: 300 + 12 * minute }))), ['rssMb']);
  assert.deepEqual(grown(samples((minute) => ({ gatewayHeapMb: 30 + 5 * minute }))), ['gatewayHeapMb']);
  assert.deepEqual(grown(samples((minute) => ({ mainHeapMb: 40 + 6 * minute }))), ['mainHeapMb']);
  assert.deepEqual(grown(samples((minute) => ({ descriptors: 100 + 10 * minute }))), ['descriptors']);
  assert.deepEqual(grown(samples((minute) => ({ threads: 13 + Math.floor(minute) }))), ['threads']);
});

test('nothing is called flat where nothing was sampled', () => {
  assert.equal(grown([]).length, 5);
});

test('a process has threads, descriptors and memory', { skip: process.platform !== 'linux' }, () => {
  const { rssMb, descriptors, threads, mainHeapMb } = takeSample(process.pid, '/nowhere', 0);
  assert.ok(rssMb > 10 && descriptors > 2 && threads > 1);
  assert.equal(mainHeapMb, 0);
});
