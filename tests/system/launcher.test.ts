import assert from 'node:assert/strict';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../tidy/repository.ts';
import { run, start, type Outcome, type Running } from './command.ts';

// The Node that runs npm, which is the machine's own and may be old; inside `npm test`, plain `node` is the pinned one.
const MACHINE_NODE = process.env['npm_node_execpath'] ?? process.execPath;
const OTHER_USER = 65_534;

// What the launcher starts in place of the product: it does what its first argument says.
const ENTRY = `
  import { Worker } from 'node:worker_threads';
  import { getCompileCacheDir } from 'node:module';
  import { dirname } from 'node:path';
  const [verb, ...rest] = process.argv.slice(2);
  const say = (text: string): void => void process.stdout.write(text + '\\n');
  const stayAlive = () => setInterval(() => {}, 1000);
  const attempt = (act: () => unknown): string => {
    try { return String(act()); } catch (error) { return (error as Error).name; }
  };
  if (verb === 'report') {
    const { NODE_OPTIONS, NODE_COMPILE_CACHE, NODE_TLS_REJECT_UNAUTHORIZED, PORTCULLIS_TETHER } = process.env;
    say(JSON.stringify({
      version: process.version, rest, NODE_OPTIONS, NODE_COMPILE_CACHE, NODE_TLS_REJECT_UNAUTHORIZED, PORTCULLIS_TETHER,
      code: attempt(() => new Function('return 1')()), proto: attempt(() => ({} as any).__proto__),
    }));
    // Nothing keeps this process: it ends by itself, unless the launcher's channel holds it.
    process.exitCode = 7;
  }
  if (verb === 'catch') {
    let caught = 0;
    process.on(rest[0] as NodeJS.Signals, () => { caught++; say('one'); });
    process.on('SIGTERM', () => { say('caught ' + caught); process.exit(40 + caught); });
    say('ready');
    stayAlive();
  }
  if (verb === 'cache') {
    const folder = getCompileCacheDir();
    say(JSON.stringify(folder === undefined ? null : dirname(folder)));
  }
  if (verb === 'wait') { say('ready'); stayAlive(); }
  if (verb === 'drain') {
    process.on('SIGTERM', () => { say('drained'); process.exit(0); });
    new Worker('setInterval(() => {}, 1000)', { eval: true });
    say('ready');
  }
  if (verb === 'stubborn') { process.on('SIGTERM', () => say('no')); say('ready ' + process.pid); stayAlive(); }
`;

let home = '';
let bare = '';

before(async () => {
  home = await launcherHome();
  await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'));
  bare = await launcherHome();
});

after(async () => {
  for (const folder of [home, bare]) await rm(folder, { recursive: true, force: true });
});

async function launcherHome(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-launcher-'));
  await cp(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await mkdir(join(folder, 'src', 'main'), { recursive: true });
  await writeFile(join(folder, 'src', 'main', 'index.ts'), ENTRY);
  return folder;
}

function launch(...args: readonly string[]): Running {
  return start(MACHINE_NODE, [join(home, 'bin', 'portcullis'), ...args]);
}

/** Runs the launcher from a folder without node_modules, in a process in which `script` ran first. */
async function launchPretending(script: string): Promise<Outcome> {
  const preload = join(bare, 'pretend.cjs');
  await writeFile(preload, script);
  return await run(process.execPath, ['--require', preload, join(bare, 'bin', 'portcullis'), 'report']);
}

test('the launcher runs the pinned Node with its flags, passes arguments, and ends with the same exit code', async () => {
  const environment = {
    ...process.env,
    NODE_OPTIONS: '--title=x',
    NODE_COMPILE_CACHE: join(home, 'cache'),
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };
  const args = [join(home, 'bin', 'portcullis'), 'report', '--a', 'b c'];
  const outcome = await run(MACHINE_NODE, args, { env: environment });
  assert.equal(outcome.stderr.replace(/.*NODE_TLS_REJECT_UNAUTHORIZED.*\n.*\n/, ''), '');
  assert.deepEqual(JSON.parse(outcome.stdout), {
    version: 'v26.10.0',
    rest: ['--a', 'b c'],
    code: 'EvalError',
    proto: 'Error',
  });
  assert.equal(outcome.code, 7);
});

test('bin/portcullis can be run by itself, and bin/run.js runs the pinned Node with any arguments', async () => {
  const itself = await run(join(home, 'bin', 'portcullis'), ['report']);
  assert.equal(itself.code, 7);
  const any = await run(MACHINE_NODE, [join(home, 'bin', 'run.js'), '-p', 'process.version + process.argv[1]', 'x']);
  assert.deepEqual([any.code, any.stdout], [0, 'v26.10.0x\n']);
});

test('what was compiled is kept beside the code, in a folder of this user alone, and used by the next start', async () => {
  const folder = await launcherHome();
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const cacheOf = async (): Promise<unknown> =>
      JSON.parse((await run(join(folder, 'bin', 'portcullis'), ['cache'])).stdout);
    const cache = join(folder, '.cache');
    assert.deepEqual([await cacheOf(), await cacheOf()], [cache, cache]);
    assert.equal((await stat(cache)).mode & 0o777, 0o700);
    assert.notDeepEqual(await readdir(cache), []);
    // What others may write there would be run.
    await chmod(cache, 0o770);
    assert.equal(await cacheOf(), null);
    await chmod(cache, 0o701);
    assert.equal(await cacheOf(), null);
    await rename(cache, `${cache}-elsewhere`);
    await chmod(`${cache}-elsewhere`, 0o700);
    await symlink(`${cache}-elsewhere`, cache);
    assert.equal(await cacheOf(), null);
    await rm(cache);
    await writeFile(cache, '');
    assert.equal(await cacheOf(), null);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('root keeps nothing in a package of another user, who could not remove it', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a folder to another user');
  const folder = await launcherHome();
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await chown(folder, OTHER_USER, OTHER_USER);
    assert.equal((await run(join(folder, 'bin', 'portcullis'), ['cache'])).stdout, 'null\n');
    assert.equal((await readdir(folder)).includes('.cache'), false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const) {
  test(`the launcher passes ${signal} on, and dies by it where the child does`, async () => {
    const { child, outcome, printed } = launch('wait');
    await printed(/ready/);
    child.kill(signal);
    assert.equal((await outcome).signal, signal);
  });
}

test('a signal that comes twice at once, as from a terminal under npm, is one signal', async () => {
  const { child, outcome, printed } = launch('catch', 'SIGINT');
  await printed(/ready/);
  child.kill('SIGINT');
  child.kill('SIGINT');
  // Signals of different kinds have no order: only what the child has caught is certain to come before SIGTERM.
  await printed(/one/);
  child.kill('SIGTERM');
  const { code, stdout } = await outcome;
  assert.match(stdout, /caught 1/);
  assert.equal(code, 41);
});

test('when the launcher is killed with SIGKILL, its child is told to drain', async () => {
  const { child, outcome, printed } = launch('drain');
  await printed(/ready/);
  child.kill('SIGKILL');
  // The outcome is there only when the child, too, has closed its outputs; "drained" once says that no worker thread
  // watched as well.
  assert.equal((await outcome).stdout, 'ready\ndrained\n');
});

test('a child that does not end within the grace is killed', async () => {
  const { child, outcome, printed } = launch('stubborn');
  await printed(/ready/);
  child.kill('SIGKILL');
  // It catches SIGTERM and says so; that its outputs close all the same is its end.
  assert.match((await outcome).stdout, /^ready \d+\nno\n$/);
});

test('a child that is killed makes the launcher die in the same way', async () => {
  const { outcome, printed } = launch('stubborn');
  process.kill(Number((await printed(/ready (\d+)/))[1]), 'SIGKILL');
  assert.equal((await outcome).signal, 'SIGKILL');
});

test('without the package that brings Node, the launcher names it, says how to install it, and exits 2', async () => {
  const old = await launchPretending(`Object.defineProperty(process, 'version', { value: 'v20.19.0' })`);
  assert.equal(old.code, 2);
  assert.match(old.stderr, /^portcullis: Node 24\.21 or newer is needed, and this is v20\.19\.0/);
  assert.match(old.stderr, /npm install --include=optional/);
  assert.match(old.stderr, /node-(bin-)?(linux|darwin)-\w+@26\.10\.0/);
});

test('without that package, a machine’s own Node serves from 24.21 on', async () => {
  const versions = [
    ['v24.21.0', 7],
    ['v26.0.0', 7],
    ['v24.20.9', 2],
    ['v22.99.0', 2],
  ] as const;
  for (const [version, code] of versions) {
    const outcome = await launchPretending(`Object.defineProperty(process, 'version', { value: '${version}' })`);
    assert.equal(outcome.code, code, version);
  }
});

test('Windows and systems with musl get a clear word and exit 2', async () => {
  const windows = await launchPretending(`Object.defineProperty(process, 'platform', { value: 'win32' })`);
  assert.deepEqual([windows.code, windows.stdout], [2, '']);
  assert.match(windows.stderr, /Windows is not supported/);
  const alpine = await launchPretending(`
    Object.defineProperty(process, 'platform', { value: 'linux' });
    process.report.getReport = () => ({ header: {} });`);
  assert.equal(alpine.code, 2);
  assert.match(alpine.stderr, /musl are not supported/);
});
