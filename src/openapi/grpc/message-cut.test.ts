import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, TYPES, typeOf } from './fixture.test.ts';
import { cutUnknown } from './message-cut.ts';

/** What is left of these octets, in hexadecimal; that is sound. */
function left(name: string, hex: string): string {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  assert.equal(judged(name, bytes, true), null, hex);
  const cut = cutUnknown(TYPES, typeOf(name), bytes);
  assert.equal(judged(name, cut), null, hex);
  return cut.toString('hex');
}

function held(name: string, cases: readonly (readonly [sent: string, wanted: string])[]): void {
  for (const [sent, wanted] of cases) assert.equal(left(name, sent), wanted.replaceAll(' ', ''), sent);
}

test('what is not described is cut wherever it stands, and what is around it stays in its order', () => {
  held('t.All', [
    ['', ''],
    ['9006 01', ''],
    ['28 05 9006 01 40 01', '28 05 40 01'],
    ['9206 02 6161 28 05 9506 00000000 40 01 9106 0000000000000000', '28 05 40 01'],
    ['28 05 9306 0801 9406 40 01', '28 05 40 01'],
    ['c806 01 9006 01 c806 02', 'c806 01 c806 02'],
  ]);
});

test('the lengths of what is around a cut are those of what is left, at any depth', () => {
  held('t.All', [
    ['f201 05 2801 900601 40 01', 'f201 02 2801 40 01'],
    ['f201 08 f201 05 2801 900601 40 01', 'f201 05 f201 02 2801 40 01'],
    ['8202 08 0a0161 1203 900601', '8202 05 0a0161 1200'],
    ['fa01 03 900601 fa01 00', 'fa01 00 fa01 00'],
  ]);
  const unknown = `9206 82 01 ${'61'.repeat(130)}`;
  for (const [length, octets] of [
    [0, '00'],
    [125, '7f'],
    [126, '8001'],
    [127, '8101'],
  ] as const) {
    const text = length === 0 ? '' : `4a${length.toString(16)}${'62'.repeat(length)}`;
    const whole = (length === 0 ? 0 : length + 2) + 134;
    const sent = `f201 ${((whole & 0x7f) | 0x80).toString(16)} ${(whole >> 7).toString(16).padStart(2, '0')} ${text} ${unknown} 40 01`;
    assert.equal(left('t.All', sent), `f201${octets}${text}4001`, String(length));
  }
});

test('a group ends where it did', () => {
  held('t2.Old', [
    ['0801 1b 0805 9807 01 1c 1000', '0801 1b 0805 1c 1000'],
    ['0801 1b 1207 0801 1b 9807 01 1c 1c', '0801 1b 1204 0801 1b 1c 1c'],
    ['0801 23 24 9b07 0801 9c07 23 24', '0801 23 24 23 24'],
  ]);
});

test('of an Any what is not described is cut too, and all of one whose type is not', () => {
  const url = (name: string): string =>
    `0a${name.length.toString(16).padStart(2, '0')}${Buffer.from(name).toString('hex')}`;
  const any = (inner: string): string => `ba02${(inner.length / 2).toString(16).padStart(2, '0')}${inner}`;
  const known = url('x/t.All');
  const other = url('x/t.Other');
  held('t.All', [
    [any(`${known}12052801900601`), any(`${known}12022801`)],
    [any(`12052801900601${known}`), any(`12022801${known}`)],
    [any(`${other}1202ffff`), any('')],
  ]);
});

test('cutting takes room for one more message, however many parts there are', () => {
  // A quarter of a million messages, each with a field to cut.
  const bytes = Buffer.from('fa0103900601'.repeat(240_000), 'hex');
  const before = process.memoryUsage();
  const cut = cutUnknown(TYPES, typeOf('t.All'), bytes);
  const after = process.memoryUsage();
  assert.equal(cut.length, 3 * 240_000);
  assert.ok(after.arrayBuffers - before.arrayBuffers <= bytes.length + 100_000);
  assert.ok(after.heapUsed - before.heapUsed < 40_000_000, String(after.heapUsed - before.heapUsed));
});
