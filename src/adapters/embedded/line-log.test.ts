import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logContract } from '../../ports/log-contract.ts';
import type { LogLevel } from '../../ports/index.ts';
import { createLineLog } from './line-log.ts';
import { createVirtualClock } from './virtual-clock.ts';

function subject(format: 'json' | 'text', level: LogLevel = 'debug') {
  const lines: string[] = [];
  const clock = createVirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const log = createLineLog({ write: (line) => lines.push(line), clock, format, level });
  return { log, clock, lines, output: () => lines.join('') };
}

logContract('the log of JSON lines', () => subject('json'));
logContract('the log for people', () => subject('text'));

test('a JSON line is one object in a fixed order', () => {
  const { log, output } = subject('json');
  log.write('warn', 'disk.full', 'no "room"', { free: 0, path: '/data', late: undefined });
  assert.equal(
    output(),
    '{"time":"2026-01-02T03:04:05.000Z","level":"warn","event":"disk.full","message":"no \\"room\\"","free":0,"path":"/data"}\n',
  );
});

test('a text line quotes only what could be misread', () => {
  const { log, output } = subject('text');
  log.write('warn', 'disk.full', 'no room', { free: 0, path: '/data/a', note: 'a b', sign: '=', empty: '' });
  assert.equal(
    output(),
    '2026-01-02T03:04:05.000Z WARN  disk.full no room free=0 path=/data/a note="a b" sign="=" empty=""\n',
  );
});

test('a JSON line gives back the text that was written, whatever it was', () => {
  const { log, output } = subject('json');
  const text = '\u001b[31m\u202e\u2028\ud83d\ude00"\\\n';
  log.write('info', 'e', text, { text });
  const read = JSON.parse(output()) as { message: string; text: string };
  assert.deepEqual([read.message, read.text], [text, text]);
});

test('a field cannot pass for a part of the line', () => {
  const { log, output } = subject('json');
  log.write('info', 'e', 'real', { level: 'error', time: 'x', message: 'fake', event: 'fake', cut: true });
  assert.match(output(), /"level":"info","event":"e","message":"real","level_":"error","time_":"x"/);
});

test('a cut is marked', () => {
  const { log, output } = subject('json');
  log.write('info', 'e', 'x'.repeat(3000), Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, n])));
  const read = JSON.parse(output()) as Record<string, unknown>;
  assert.equal(String(read['message']).length, 2001);
  assert.deepEqual([read['f31'], read['f32'], read['cut']], [31, undefined, true]);
});

test('lines below the level are left out', () => {
  const { log, lines } = subject('text', 'warn');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log.write(level, 'e', level);
  assert.equal(lines.length, 2);
});

test('after a flood the log says how many lines are missing, once, and takes new ones', () => {
  const { log, lines, clock } = subject('json');
  for (let n = 0; n < 350; n++) log.write('error', 'flood', 'again');
  assert.equal(lines.length, 100);
  clock.advance(10_000);
  assert.match(lines.at(-1) ?? '', /"event":"log.dropped".*"of":"flood","count":250/);
  log.write('error', 'flood', 'again');
  clock.advance(60_000);
  assert.equal(lines.length, 102);
});

test('an output that fails does not reach who writes', () => {
  const write = (): never => {
    throw new Error('EPIPE');
  };
  createLineLog({ write, clock: createVirtualClock(), format: 'text', level: 'info' }).write('error', 'e', 'm');
});
