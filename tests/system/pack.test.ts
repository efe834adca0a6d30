import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../tidy/repository.ts';
import { type Outcome, run, start } from './command.ts';
import { ask } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { skipOrFail } from './skip.ts';

const NO_REGISTRY = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

const scratch = await mkdtemp(join(tmpdir(), 'portcullis-pack-'));
const folder = join(scratch, 'empty');
const installed = join(folder, 'node_modules', 'portcullis');
let unreachable: string | undefined;

before(async () => {
  const packed = await npm(ROOT, ['pack', '--silent', '--pack-destination', scratch]);
  assert.equal(packed.code, 0, packed.stderr + packed.stdout);
  const tarball = (await readdir(scratch)).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball !== undefined, 'npm pack made no tarball');
  await mkdir(folder);
  const install = await npm(folder, ['install', '--prefer-offline', '--no-audit', join(scratch, tarball)]);
  if (install.code === 0) return;
  unreachable = NO_REGISTRY.exec(install.stderr)?.[0];
  assert.ok(unreachable !== undefined, install.stderr);
});

after(() => rm(scratch, { recursive: true, force: true }));

/** Runs npm without what an npm around this test says about the repository. */
async function npm(cwd: string, args: readonly string[]): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle)_|^(npm_config_local_prefix|INIT_CWD)$/.test(name),
  );
  return await run('npm', args, { cwd, env: Object.fromEntries(inherited) });
}

/** A test that needs the installed package. */
function testInstalled(name: string, check: () => Promise<void>): void {
  test(name, async (t) => {
    if (unreachable === undefined) return await check();
    skipOrFail(t, `the package registry cannot be reached: ${unreachable}`);
  });
}

/** What it said of its end stands with a failure: that may be why nothing came of it before. */
async function endsWell(gateway: ReturnType<typeof start>): Promise<void> {
  gateway.child.kill('SIGTERM');
  const { code, stderr } = await gateway.outcome;
  assert.equal(code, 0, stderr);
}

testInstalled('the package holds what runs and nothing else', async () => {
  const files = await readdir(installed, { recursive: true });
  for (const needed of [
    'dist/main/index.js',
    'bin/portcullis',
    'bin/tether.js',
    'LICENSE',
    'README.md',
    'SECURITY.md',
  ]) {
    assert.ok(files.includes(needed), `${needed} is missing`);
  }
  const surplus = files.filter((name) => /\.ts$|\.test\.|^(src|tests|node_modules)\b/.test(name));
  assert.deepEqual(surplus, []);
});

testInstalled('the installed command says its version', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const said = await npm(folder, ['exec', '--no', '--', 'portcullis', '--version']);
  assert.equal(said.code, 0, said.stderr);
  assert.ok(said.stdout.includes(manifest.version), said.stdout);
});

testInstalled('no package of the product runs a script when it is installed, and the lock has them all', async () => {
  assert.ok(existsSync(join(folder, 'package-lock.json')));
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript === true);
  assert.deepEqual(
    scripted.map(([path]) => path),
    [],
  );
});

testInstalled('the installed command protects an API', async () => {
  const { url, stop } = await startLocalServer(
    (request, reply) => void reply.end(`answered ${request.method} ${request.url}`),
  );
  const program = join(installed, 'bin', 'portcullis');
  const gateway = start(
    'node',
    [program, 'protect', url, '--public', '--port', '0', '--data', join(folder, 'data'), '--json'],
    {
      cwd: folder,
    },
  );
  try {
    const [line] = await gateway.printed(/^\{"event":"ready".*\}$/m);
    const ready = JSON.parse(line) as { https: number; ca: string };
    const ca = await readFile(ready.ca, 'utf8');
    const reply = await ask({ port: ready.https, ca, path: '/orders/7?x=1' });
    assert.equal(reply.body, 'answered GET /orders/7?x=1');
    assert.equal((await ask({ port: ready.https, ca, path: '/a/%2e%2e/b' })).status, 400);
  } finally {
    stop();
    await endsWell(gateway);
  }
});

testInstalled('the installed command runs its demo', async () => {
  const program = join(installed, 'bin', 'portcullis');
  const gateway = start('node', [program, 'demo'], { cwd: folder });
  try {
    const [said] = await gateway.printed(/curl[^]*Ctrl/);
    assert.match(said, /https:\/\/localhost:\d+/);
  } finally {
    await endsWell(gateway);
  }
});
