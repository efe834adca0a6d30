import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../tidy/repository.ts';
import { type Outcome, run } from './command.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { staying } from './shell-lines.ts';

const COMMAND = join(ROOT, 'bin', 'portcullis');

let folder = '';
let upstream: LocalServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-cli-'));
  upstream = await startLocalServer((request, response) => void response.end(`${request.method} ${request.url}`));
});

after(async () => {
  upstream.stop();
  await rm(folder, { recursive: true, force: true });
});

async function portcullis(...args: readonly string[]): Promise<Outcome> {
  return await run(process.execPath, [COMMAND, ...args], { cwd: folder });
}

function configuration(port: number): string {
  return `version: 1
server: { https: { port: 0 }, http: off }
admin: { port: 0 }
apis:
  orders:
    routes: ['GET /orders/{id}']
    upstream: http://127.0.0.1:${port}
    auth: public
`;
}

test('a running gateway answers status and reload, and refuses a configuration that can not be built', async () => {
  const home = await mkdtemp(join(folder, 'start-'));
  const file = join(home, 'portcullis.yaml');
  const { port } = upstream;
  await writeFile(file, configuration(port));
  const nobody = await portcullis('status', '--config', file);
  assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
  assert.match(nobody.stderr, /no gateway has run with/);
  const outcome = await staying(['start', '--json', '--config', file], async ({ printed }) => {
    await printed(/"event":"ready"/);
    const status = await portcullis('status', '--config', file, '--json');
    assert.equal(status.code, 0, status.stderr);
    const { revision, configuration: running } = JSON.parse(status.stdout) as {
      revision: number;
      configuration: string;
    };
    assert.equal(running, file);
    assert.match(
      (await portcullis('status', '--config', file)).stdout,
      /^Portcullis \S+ on Node v\S+: (ready|verifying)\n/,
    );
    const reloaded = await portcullis('reload', '--config', file, '--json');
    assert.equal(reloaded.code, 0, reloaded.stderr);
    assert.ok((JSON.parse(reloaded.stdout) as { revision: number }).revision >= revision);
    const doctor = await portcullis('doctor', '--config', file);
    assert.equal(doctor.code, 0, doctor.stdout);
    await writeFile(file, `${configuration(port)}    openapi: ./none.yaml\n`.replace(/ {4}routes.*\n/, ''));
    const refused = await portcullis('reload', '--config', file);
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /portcullis\.yaml:8:5 error apis\.orders\.openapi[^]*The old one stays/);
  });
  assert.equal(outcome.code, 0, outcome.stderr);
  const gone = await portcullis('status', '--config', file);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /the gateway can't be asked/);
});

test('check and explain tell what the gateway would do, and start refuses what check refuses', async () => {
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, configuration(3001));
  const check = await portcullis('check');
  assert.deepEqual([check.code, check.stderr], [0, '']);
  assert.match(check.stdout, /^GET {5}\/orders\/\{id\} {2}public \(open\) :8 /m);
  const [passes, refused] = await Promise.all([
    portcullis('explain', 'GET', '/orders/7'),
    portcullis('explain', 'GET', '/orders/%2e%2e'),
  ]);
  assert.deepEqual([passes.code, passes.stderr], [0, '']);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /400 dot-segment/);
  await writeFile(file, configuration(3001).replace('auth', 'auht'));
  const both = await Promise.all([portcullis('check'), portcullis('start')]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [2, 2],
  );
});

test('the version, the help and unknown words have their exit codes', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const [said, help, unknown] = await Promise.all([portcullis('--version'), portcullis(), portcullis('strat')]);
  assert.deepEqual([said.code, said.stdout], [0, `${version}\n`]);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
  assert.match(unknown.stderr, /Did you mean start\?/);
});
