import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

const DOCUMENT = (path: string): string =>
  `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"${path}":{"get":{"responses":{"200":{"description":"ok"}}}}}}`;

let upstream: LocalServer;
let gateway: GatewayProcess;

before(async () => {
  upstream = await startLocalServer((request, reply) => void reply.end(`answered ${request.url}`));
  gateway = await startGateway(configuration(upstream.port), {
    beside: { 'described.json': DOCUMENT('/described') },
  });
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

const file = (): string => join(gateway.folder, 'portcullis.yaml');
const beside = (name: string): string => join(gateway.folder, name);
const command = (...args: string[]): Promise<Outcome> => run('node', [PROGRAM, ...args, '--config', file()]);
const get = (path: string): Promise<Reply> => ask({ port: gateway.https, ca: gateway.ca, path });
const withRoute = (name: string): string =>
  configuration(upstream.port, {
    apis: `  ${name}: { routes: ['GET /${name}'], upstream: '${upstream.url}', auth: public }\n`,
  });

async function admin(path: string, method = 'GET', body?: string): Promise<Reply> {
  if (body === undefined) return await askAdmin(gateway, path, { method });
  return await askAdmin(gateway, path, {
    method,
    body,
    headers: { 'content-length': String(Buffer.byteLength(body)) },
  });
}

/** The status of an apply over the admin API, which is quicker than a process. */
const applied = async (text: string): Promise<number> => (await admin('/v1/configuration', 'POST', text)).status;

async function apply(text: string | Buffer, ...more: string[]): Promise<Outcome> {
  await writeFile(beside('next.yaml'), text);
  return await command('apply', beside('next.yaml'), ...more);
}

const noTemporaries = async (): Promise<void> =>
  assert.deepEqual(
    (await readdir(gateway.folder)).filter((name) => name.endsWith('.tmp')),
    [],
  );

afterEach(async () => {
  await chmod(file(), 0o644);
  await writeFile(file(), configuration(upstream.port));
  assert.equal((await admin('/v1/reload', 'POST')).status, 200);
});

test('apply puts a text in force and then writes it into the file, with the file’s own mode, in the author’s name', async () => {
  await chmod(file(), 0o640);
  const done = await apply(withRoute('applied'), '--author', 'ada');
  assert.equal(done.code, 0, done.stderr);
  assert.equal((await get('/applied')).body, 'answered /applied');
  assert.equal(await readFile(file(), 'utf8'), withRoute('applied'));
  assert.equal((await stat(file())).mode & 0o777, 0o640);
  const listed = await command('rollback', '--list');
  assert.match(listed.stdout, /^\* \d+ +installed .* ada \(admin\)$/m);
  assert.match((await command('status')).stdout, /in force .*by ada \(admin\)/);
  await noTemporaries();
});

test('apply of a text that is refused changes neither the file nor what is in force, and tells the line of that text', async () => {
  const refused = await apply(withRoute('bad').replace('auth: public }\n', 'auth: nobody }\n'));
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /next\.yaml:\d+:\d+/);
  assert.equal(await readFile(file(), 'utf8'), configuration(upstream.port));
  assert.equal((await get('/first')).status, 200);
  for (const text of [
    Buffer.from([0x76, 0xff, 0xfe]),
    `a: &a [x, x]\n${Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [*a, *a, *a]`).join('\n')}\n`,
    `version: 1\n#${'x'.repeat(1024 * 1024)}`,
  ]) {
    assert.equal((await apply(text)).code, 2);
  }
  assert.equal(await readFile(file(), 'utf8'), configuration(upstream.port));
  await noTemporaries();
});

test('a body of 20 MB is refused before it is read', async () => {
  const reply = await admin('/v1/configuration', 'POST', 'x'.repeat(20 * 1024 * 1024)).catch(() => null);
  assert.ok(reply === null || reply.status === 413, `${reply?.status}`);
  assert.equal((await admin('/v1/status')).status, 200);
});

test('of two that apply at once each is put in force whole, and the last one stands in the file', async () => {
  const replies = await Promise.all([
    admin('/v1/configuration?author=ada', 'POST', withRoute('ada')),
    admin('/v1/configuration?author=bob', 'POST', withRoute('bob')),
  ]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200],
  );
  const last = (await readFile(file(), 'utf8')) === withRoute('ada') ? 'ada' : 'bob';
  assert.equal((await get(`/${last}`)).status, 200);
  assert.equal((await get(last === 'ada' ? '/bob' : '/ada')).status, 404);
});

test('rollback goes back, keeps what stood in the file beside it, and a second one comes forth again', async () => {
  assert.equal(await applied(withRoute('later')), 200);
  const back = await command('rollback');
  assert.equal(back.code, 0, back.stderr);
  assert.equal(await readFile(file(), 'utf8'), configuration(upstream.port));
  assert.equal(await readFile(`${file()}.rejected`, 'utf8'), withRoute('later'));
  assert.equal((await get('/later')).status, 404);
  assert.equal((await admin('/v1/rollback', 'POST')).status, 200);
  assert.equal((await get('/later')).status, 200);
});

test('rollback to what is no revision, was refused, or can not be built any more changes nothing', async () => {
  const described = configuration(upstream.port, {
    apis: `  d: { openapi: ./described.json, upstream: '${upstream.url}', auth: public }\n`,
  });
  const installed = await admin('/v1/configuration', 'POST', described);
  const { revision } = JSON.parse(installed.body) as { revision: number };
  assert.equal(await applied(configuration(upstream.port)), 200);
  await rename(beside('described.json'), beside('away.json'));
  const back = async (number: number | string): Promise<string> => {
    const reply = await admin(`/v1/rollback?revision=${number}`, 'POST');
    return `${reply.status} ${reply.body}`;
  };
  const gone = await command('rollback', `${revision}`);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /there is no file .*described\.json/);
  await rename(beside('away.json'), beside('described.json'));
  assert.match(await back(999_999), /^409 .*there is no revision 999999/);
  assert.equal(await applied(configuration(upstream.port).replace('data: ./data', 'data: ./other')), 409);
  const list = JSON.parse((await admin('/v1/revisions')).body) as { revision: number }[];
  assert.match(await back(list[0]?.revision ?? 0), /^409 .*was refused, and was never in force/);
  for (const odd of ['x', '0', '-1', '1e3', '']) assert.match(await back(odd), /^400 /, odd);
  assert.equal(await readFile(file(), 'utf8'), configuration(upstream.port));
});

test('diff says what would change, by file and by revision, and by its exit code', async () => {
  const same = await command('diff');
  assert.deepEqual([same.code, same.stdout], [0, 'Nothing would change.\n'], same.stderr);
  await writeFile(beside('next.yaml'), withRoute('more'));
  const more = await command('diff', beside('next.yaml'));
  assert.equal(more.code, 1, more.stderr);
  assert.match(more.stdout, /^! +more GET \/more +routes +the operation is new, and open to everybody$/m);
  assert.equal((await get('/more')).status, 404);
  assert.equal((await admin('/v1/diff', 'POST', 'nonsense: true\n')).status, 409);
  assert.equal((await admin('/v1/diff?revision=999999', 'POST')).status, 409);
  assert.equal((await admin('/v1/diff?revision=1', 'POST', 'both')).status, 400);
});

test('a symbolic link stays one, and the file that it leads to is replaced', async () => {
  await mkdir(beside('real'), { recursive: true });
  await rename(file(), beside('real/gateway.yaml'));
  await symlink(beside('real/gateway.yaml'), file());
  assert.equal(await applied(withRoute('linked')), 200);
  assert.ok((await lstat(file())).isSymbolicLink());
  assert.equal(await readFile(beside('real/gateway.yaml'), 'utf8'), withRoute('linked'));
  await rename(beside('real/gateway.yaml'), file());
});

test('a file or folder that may not be written is found before anything is in force', async (t) => {
  if (process.getuid?.() === 0) {
    t.skip('the superuser may write everything');
    return;
  }
  await chmod(file(), 0o444);
  const refused = await apply(withRoute('locked'));
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /may not write it/);
  assert.equal((await get('/locked')).status, 404);
});

test('the gateway takes up a change of the file and of a document that it names, by itself', async () => {
  const described = configuration(upstream.port, {
    apis: `  d: { openapi: ./described.json, upstream: '${upstream.url}', auth: public }\n`,
  });
  await writeFile(`${file()}.new`, described);
  await rename(`${file()}.new`, file());
  await until('the file', async () => (await get('/described')).status === 200);
  await writeFile(beside('described.json'), DOCUMENT('/changed'));
  await until('the document', async () => (await get('/changed')).status === 200);
  assert.equal((await get('/described')).status, 404);
});
