import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Issue } from '../../src/base/index.ts';
import { type Outcome, run } from './command.ts';
import { startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-start-'));
});

after(() => rm(folder, { recursive: true, force: true }));

const start = async (text: string, ...more: readonly string[]): Promise<Outcome> => {
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, text);
  return await run('node', [PROGRAM, 'start', '--config', file, ...more]);
};

test('a gateway that can not start names the port that another program uses', async () => {
  const { port, stop } = await startLocalServer(() => {});
  for (const server of [
    `{ https: { port: ${port} }, http: { port: 0 } }`,
    `{ https: { port: 0 }, http: { port: ${port} } }`,
  ]) {
    const outcome = await start(configuration(1, { server }));
    assert.equal(outcome.code, 2);
    assert.match(outcome.stderr, new RegExp(`port ${port} is in use`));
  }
  stop();
});

test('a gateway that can not start says that the data folder can not be made', async () => {
  await writeFile(join(folder, 'file'), '');
  const outcome = await start(configuration(1).replace('./data', './file/data'));
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /data folder .* can not be made/);
});

test('a gateway that can not start says all that is wrong with the configuration, with lines', async () => {
  const outcome = await start(
    'version: 1\nservr: {}\napis:\n  a: { routes: [GET /x], upstream: http://127.0.0.1:1 }\n  b: { upstream: 7, auth: public }\n',
  );
  assert.equal(outcome.code, 2);
  for (const line of [':2:1 ', ':4:', ':5:']) assert.ok(outcome.stderr.includes(line), `${line} in ${outcome.stderr}`);
});

test('a gateway that can not start says that the configuration is missing', async () => {
  const outcome = await run('node', [PROGRAM, 'start', '--config', join(folder, 'nowhere.yaml')]);
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /nowhere\.yaml/);
});

test('a gateway that can not start says that two APIs claim one path', async () => {
  const apis = `  second: { routes: ['GET /first'], upstream: 'http://127.0.0.1:1', auth: public }\n`;
  const outcome = await start(configuration(1, { apis }));
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /apis\.second.*\/first.*first\//);
});

test('a gateway that can not start says so in one line of JSON where that was asked for, and in words all the same', async () => {
  const outcome = await start('version: 1\nservr: {}\napis: {}\n', '--json');
  assert.equal(outcome.code, 2);
  assert.match(outcome.stdout, /^[^\n]+\n$/);
  const { event, issues } = JSON.parse(outcome.stdout) as { event: string; issues: Issue[] };
  assert.equal(event, 'failed');
  assert.deepEqual(
    issues.filter(({ path }) => path === 'servr').map(({ severity, place }) => [severity, place?.line, place?.file]),
    [['error', 2, join(folder, 'portcullis.yaml')]],
  );
  assert.match(outcome.stderr, /:2:1 servr/);
  assert.equal((await start('version: 1\n')).stdout, '', 'nothing where it was not asked for');
});

test('a gateway that can not start says that others can read its admin key', async () => {
  const data = join(folder, 'open-data');
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(data, 'admin.key'), `${'k'.repeat(43)}\n`, { mode: 0o644 });
  const outcome = await start(configuration(1).replace('./data', './open-data'));
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, /admin\.key can be read by others/);
});
