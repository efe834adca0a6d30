import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { stopChild } from '../framing/stop-child.ts';
import { ask } from './https-client.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

test('a gateway whose log nobody reads any more goes on serving, and so it does behind a reload', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-pipes-'));
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, configuration(9));
  const child = spawn(process.execPath, [PROGRAM, 'start', '--json', '--config', file]);
  t.after(async () => {
    await stopChild(child, 10_000);
    await rm(folder, { recursive: true, force: true });
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { https, ca } = JSON.parse(line) as { readonly https: number; readonly ca: string };
  child.stdout.destroy();
  child.stderr.destroy();
  const asked = { port: https, ca: await readFile(ca, 'utf8'), path: '/first' };
  for (let time = 0; time < 3; time++) {
    child.kill('SIGHUP');
    // The upstream is not there: each request is a line of the log.
    assert.equal((await ask(asked)).status, 502);
  }
  assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
});

test('a command whose output nobody reads to its end says nothing of that', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'check', '--help']);
  child.stdout.destroy();
  const errors: Buffer[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  await once(child, 'close');
  assert.equal(Buffer.concat(errors).toString(), '');
});
