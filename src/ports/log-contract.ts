import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../base/index.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

/** A log that takes every level, and what it has put out so far. */
export interface LogSubject {
  readonly log: Log;
  output(): string;
}

// Line breaks in any reading, escape sequences, and characters that reorder or hide text.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const HOSTILE = [
  'a\nb',
  'a\r\nFAKE info line',
  '\u001b[31mred\u001b[0m',
  '\u009b31m',
  '\u0000\u0007\u0008\u007f',
  'user\u202egnp.exe',
  '\u2066\u2069\u200b\ufeff\u00ad',
  'a\u2028b\u2029c\u0085d',
  '\ud800',
  '\u{e0041}\u{e007f}',
  '"},{"level":"error',
  'key=value other="x"',
];

/** What every Log promises. */
export function logContract(name: string, makeSubject: () => LogSubject): void {
  const lineOf = (message: string, fields?: LogFields, event = 'test.event'): string => {
    const { log, output } = makeSubject();
    log.write('info', event, message, fields);
    return output();
  };

  describe(`${name} keeps the contract of Log`, () => {
    test('an event is one line that bears all that was given', () => {
      const line = lineOf('it happened', { count: 3, ok: true, who: 'ada', none: null });
      assert.match(line, /^[^\n]+\n$/);
      for (const part of ['test.event', 'it happened', 'count', '3', 'ok', 'true', 'who', 'ada', 'none', 'null']) {
        assert.ok(line.includes(part), part);
      }
    });

    test('each level is written and named', () => {
      const { log, output } = makeSubject();
      const levels: LogLevel[] = ['debug', 'info', 'warn', 'error'];
      for (const level of levels) log.write(level, 'test.event', 'message');
      const lines = output().trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line, at) => line.toLowerCase().includes(levels[at] ?? '?')),
        [true, true, true, true],
      );
    });

    test('hostile text neither breaks nor colours nor reorders a line, wherever it stands', () => {
      for (const text of HOSTILE) {
        const line = lineOf(text, { field: text, [text]: 'name' }, text);
        assert.ok(line.endsWith('\n') && !HARMFUL.test(line.slice(0, -1)), JSON.stringify(line));
      }
    });

    test('whatever the text, one write gives one line', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
          const line = lineOf(message, { value, [value]: message });
          assert.ok(line.endsWith('\n') && !HARMFUL.test(line.slice(0, -1)));
        }),
      );
    });

    testBounds(makeSubject, lineOf);
  });
}

function testBounds(makeSubject: () => LogSubject, lineOf: (message: string, fields?: LogFields) => string): void {
  test('a line stays short, whatever it is given', () => {
    const long = 'x'.repeat(1_000_000);
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field${n}`, '\u202e'.repeat(1000)]));
    assert.ok(lineOf(long, { long, [long]: 1 }).length < 40_000);
    assert.ok(lineOf('many', many).length < 40_000);
  });

  test('values that the types forbid are printed somehow, and never a secret', () => {
    const secret = new Secret(new TextEncoder().encode('hunter2'));
    const bare = Object.create(null) as object;
    const values = { secret, bare, list: [1], symbol: Symbol('s'), nan: Number.NaN, gone: undefined };
    const line = lineOf('odd', values as unknown as LogFields);
    assert.match(line, /^[^\n]+\n$/);
    assert.ok(line.includes('[redacted]') && !line.includes('hunter2') && !line.includes('gone'));
  });

  test('a flood of one event is cut off, and other events still come through', () => {
    const { log, output } = makeSubject();
    for (let n = 0; n < 100_000; n++) log.write('error', 'flood', 'again');
    log.write('info', 'calm', 'still heard');
    const lines = output().trimEnd().split('\n');
    assert.ok(lines.length < 10_000, String(lines.length));
    assert.ok(lines.at(-1)?.includes('still heard'));
  });

  test('a flood of ever new events is cut off too', () => {
    const { log, output } = makeSubject();
    for (let n = 0; n < 100_000; n++) log.write('error', `flood ${n}`, 'again');
    assert.ok(output().split('\n').length < 10_000);
  });
}
