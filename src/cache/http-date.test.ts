import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHttpDate } from './http-date.ts';

const NOW_MS = Date.UTC(2030, 5, 15);
const read = (text: string): string | null => {
  const ms = readHttpDate(text, NOW_MS);
  return ms === null ? null : new Date(ms).toISOString();
};

test('all three forms of a date are read (RFC 9110 §5.6.7)', () => {
  assert.equal(read('Sun, 06 Nov 1994 08:49:37 GMT'), '1994-11-06T08:49:37.000Z');
  assert.equal(read('Sunday, 06-Nov-94 08:49:37 GMT'), '1994-11-06T08:49:37.000Z');
  assert.equal(read('Sun Nov  6 08:49:37 1994'), '1994-11-06T08:49:37.000Z');
  assert.equal(read('Thu, 01 Jan 1970 00:00:00 GMT'), '1970-01-01T00:00:00.000Z');
});

test('a year of two digits is at most fifty years ahead', () => {
  assert.equal(read('Sunday, 06-Nov-31 08:49:37 GMT')?.slice(0, 4), '2031');
  assert.equal(read('Sunday, 06-Nov-79 08:49:37 GMT')?.slice(0, 4), '2079');
  assert.equal(read('Sunday, 06-Nov-81 08:49:37 GMT')?.slice(0, 4), '1981');
  const ms = readHttpDate('Sunday, 06-Nov-05 08:49:37 GMT', Date.UTC(2090, 0, 1));
  assert.equal(new Date(ms ?? 0).getUTCFullYear(), 2105);
});

test('a leap second is the next one', () => {
  assert.equal(read('Sat, 31 Dec 2016 23:59:60 GMT'), '2017-01-01T00:00:00.000Z');
});

test('RFC 9111 §4.2: the time zone of the machine changes no date', (t) => {
  const before = process.env['TZ'];
  t.after(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  const offsets = new Set<number>();
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/New_York', 'Pacific/Kiritimati']) {
    process.env['TZ'] = zone;
    offsets.add(new Date(NOW_MS).getTimezoneOffset());
    // The second is an hour that summer time leaves out in New York.
    for (const [text, ms] of [
      ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777_000],
      ['Sun, 10 Mar 2030 02:30:00 GMT', Date.UTC(2030, 2, 10, 2, 30)],
      ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777_000],
      ['Sun Nov  6 08:49:37 1994', 784_111_777_000],
    ] as const)
      assert.equal(readHttpDate(text, NOW_MS), ms, `${text} in ${zone}`);
  }
  assert.equal(offsets.size, 4, 'the zones were in force');
});

test('anything else is no date', () => {
  const texts = [
    '',
    '0',
    '-1',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 00 Mar 1994 08:49:37 GMT',
    'Sun, 62 Jan 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    '1994-11-06T08:49:37Z',
    'Sun Nov 6 08:49:37 1994',
    'Sunday, 29-Feb-99 00:00:00 GMT',
  ];
  for (const text of texts) assert.equal(readHttpDate(text, NOW_MS), null, text);
});

test('whatever is written as a date now is read as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      assert.equal(readHttpDate(new Date(seconds * 1_000).toUTCString(), NOW_MS), seconds * 1_000);
    }),
  );
});
