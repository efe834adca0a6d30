import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { LogFields } from '../../ports/index.ts';
import { createDnsHook } from './dns-hook.ts';
import { createSystemClock } from './system-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

const RECORD = { name: '_acme-challenge.a.example', value: 'abc_-123' };

/** A hook that is this shell script, and what was logged. */
function hookOf(t: TestContext, script: string, { clock = createSystemClock(), mode = 0o700 } = {}) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-hook-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'hook');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode });
  const lines: { level: string; message: string; fields: LogFields | undefined }[] = [];
  const log = {
    write: (level: string, _event: string, message: string, fields?: LogFields): void =>
      void lines.push({ level, message, fields }),
  };
  return { folder, lines, hook: createDnsHook({ path, clock, log }) };
}

test('the program gets action, name and value as they are, PATH and nothing else, and its own folder', async (t) => {
  process.env['HOOK_SECRET'] = 'hunter2';
  t.after(() => delete process.env['HOOK_SECRET']);
  const { hook, folder, lines } = hookOf(t, 'printf "%s|" "$#" "$@" > told; env > environment; echo done');
  const record = { name: '_acme-challenge.a.example', value: '$(id) `id` "x" \n; rm -rf .' };
  assert.ok((await hook.run('present', record)).ok);
  assert.equal(readFileSync(join(folder, 'told'), 'utf8'), `3|present|${record.name}|${record.value}|`);
  const names = readFileSync(join(folder, 'environment'), 'utf8').match(/^[A-Za-z_]+(?==)/gm) ?? [];
  // The shell itself adds some.
  assert.deepEqual(
    names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
    ['PATH'],
  );
  assert.deepEqual([lines[0]?.level, lines[0]?.fields?.['output']], ['info', 'done']);
});

test('an exit other than 0, a signal, and a program that is none are errors in words without its output', async (t) => {
  const failing = hookOf(t, 'echo hunter2; exit 3');
  const failed = await failing.hook.run('cleanup', RECORD);
  assert.equal(!failed.ok && failed.error, 'exited with 3');
  assert.deepEqual([failing.lines[0]?.level, failing.lines[0]?.fields?.['output']], ['warn', 'hunter2']);
  const killed = await hookOf(t, 'kill -9 $$').hook.run('present', RECORD);
  assert.equal(!killed.ok && killed.error, 'ended by SIGKILL');
  const forbidden = await hookOf(t, '', { mode: 0o600 }).hook.run('present', RECORD);
  assert.equal(!forbidden.ok && forbidden.error, 'could not be started: EACCES');
});

test('output is kept up to a bound, in one line, with nothing in it for a terminal', async (t) => {
  const { hook, lines } = hookOf(t, "printf 'a\\033[31m\\n\\tb'; head -c 1000000 /dev/zero | tr '\\0' x");
  assert.ok((await hook.run('present', RECORD)).ok);
  const output = String(lines[0]?.fields?.['output']);
  assert.match(output, /^a\?\[31m bx+$/);
  assert.ok(output.length <= 4_096);
});

test('one that does not end is killed after a minute, with all that it has started', async (t) => {
  const clock = createVirtualClock();
  const { hook, folder } = hookOf(t, 'sleep 1000 & echo $! > child; wait', { clock });
  const running = hook.run('present', RECORD);
  const child = (): number => {
    try {
      return Number(readFileSync(join(folder, 'child'), 'utf8'));
    } catch {
      return 0;
    }
  };
  await until(() => child() > 0);
  clock.advance(60_000);
  const ended = await running;
  assert.equal(!ended.ok && ended.error, 'was killed after 60 s');
  await until(() => !isAlive(child()));
});

test('one that leaves something running behind it has ended all the same', async (t) => {
  const { hook, folder } = hookOf(t, 'sleep 1000 & echo $! > child');
  assert.ok((await hook.run('present', RECORD)).ok);
  process.kill(Number(readFileSync(join(folder, 'child'), 'utf8')));
});

async function until(happened: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!happened()) {
    assert.ok(performance.now() < deadlineMs, 'this did not happen');
    await setImmediate();
  }
}

/** A killed one that nobody has waited for is as good as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
