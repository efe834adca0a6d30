import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDuration, parseSize } from './duration.ts';
import { ok, type Result } from './result.ts';

const UNITS_MS = { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 36e5, d: 864e5 };
const UNITS_BYTES = { B: 1, KiB: 1024, MiB: 1_048_576, GiB: 1_073_741_824, kB: 1e3, MB: 1e6, GB: 1e9 };

function holdsFor(parse: (text: string) => Result<number, string>, units: Readonly<Record<string, number>>): void {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.constantFrom(...Object.entries(units)), (count, [unit, factor]) => {
      assert.deepEqual(parse(`${count}${unit}`), ok(count * factor));
    }),
  );
}

test('a whole number and a unit of time are read into milliseconds', () => {
  holdsFor(parseDuration, UNITS_MS);
});

test('a whole number and a unit of size are read into bytes', () => {
  holdsFor(parseSize, UNITS_BYTES);
});

test('anything else is refused in words that show what is expected', () => {
  const hostile = [
    '',
    '30',
    's',
    '30 s',
    ' 30s',
    '30s ',
    '30s\n',
    '-1s',
    '+1s',
    '1.5s',
    '1e3s',
    '007s',
    '0x1s',
    '1S',
    '1Ms',
  ];
  for (const text of [...hostile, '1h30m', '１s', '1µs', '1toString', '1w', '1__proto__', 'Infinitys', 'NaNs']) {
    const read = parseDuration(text);
    assert.ok(!read.ok && read.error.includes('30s'), text);
  }
  for (const text of ['10', '10mib', '10 MiB', '1.5GB', '10MBB', '10b', '0x1B', '10TB']) {
    const read = parseSize(text);
    assert.ok(!read.ok && read.error.includes('10MiB'), text);
  }
});

test('what would not be a safe integer is refused', () => {
  assert.deepEqual(parseDuration('104249991d'), ok(104_249_991 * 864e5));
  for (const text of ['104249992d', '999999999999d']) assert.match(String(errorOf(parseDuration(text))), /too large/);
  assert.equal(parseDuration('1000000000000ms').ok, false);
  assert.match(String(errorOf(parseSize('999999999999GiB'))), /too large/);
});

test('whatever the text, the answer is a whole number that is not negative, or an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,14}[a-zA-Z]{0,4}$/)), (text) => {
      for (const read of [parseDuration(text), parseSize(text)]) {
        assert.ok(!read.ok || (Number.isSafeInteger(read.value) && read.value >= 0));
      }
    }),
  );
});

function errorOf(read: Result<number, string>): string | null {
  return read.ok ? null : read.error;
}
